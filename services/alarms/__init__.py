"""One desk for whatever any slice raises: kind, subject, severity, evidence, handling, supervision 督办."""

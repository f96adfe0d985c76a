"""One desk for whatever any slice raises: kind, subject, severity, evidence, handling, supervision 督办."""

from services.alarms.desk import WAKE, put_alarms
from services.alarms.model import Alarm, Kind, Severity, State

__all__ = ["WAKE", "Alarm", "Kind", "Severity", "State", "put_alarms"]

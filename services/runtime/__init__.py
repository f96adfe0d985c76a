"""Plumbing every slice stands on: settings, clock, database, calls, access, idempotency, outbox, timers, listeners."""

"""One desk for whatever any slice raises: kind, subject, severity, evidence, handling, supervision 督办."""

from services.alarms.counting import handled
from services.alarms.desk import is_open, put_alarms
from services.alarms.escalation import WAKE, escalate_due
from services.alarms.model import Alarm, Kind, Severity, State

__all__ = ["WAKE", "Alarm", "Kind", "Severity", "State", "escalate_due", "handled", "is_open", "put_alarms"]

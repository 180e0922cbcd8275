"""What came of a monitor's newest looks: askings of answers, checks of all others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evalhub.declare.monitor import MonitorKind
from evalhub.features.monitoring.answers.asking import sentence
from evalhub.features.monitoring.models import Asking, Check, Monitor


@dataclass(frozen=True, slots=True)
class LookResult:
    """One look.

    Attributes:
        key: what it looked at: a day, a week, or an asking.
        is_alarm: None where nothing was compared, which is never well.
    """

    key: str
    at: datetime
    is_alarm: bool | None
    sentence: str
    report: Mapping[str, Any]

    @property
    def mark(self) -> str:
        """As pages colour it."""
        if self.is_alarm is None:
            return "open"
        return "fail" if self.is_alarm else "pass"


def newest_looks(monitor: Monitor, most: int) -> list[LookResult]:
    """The newest first. One query."""
    if monitor.kind == MonitorKind.ANSWERS:
        askings = Asking.objects.filter(watch__monitor=monitor)
        askings = askings.select_related("watch__version__model", "watch__test_set_version")
        return [_of_asking(asking) for asking in askings[:most]]
    return [_of_check(check) for check in monitor.checks.all()[:most]]


def _of_asking(asking: Asking) -> LookResult:
    return LookResult(
        f"asking {asking.pk}", asking.created, asking.alarm, sentence(asking), asking.report or {}
    )


def _of_check(check: Check) -> LookResult:
    compared = bool(check.report.get("tests", True))
    is_alarm = check.is_alarm if compared else None
    return LookResult(check.key, check.at, is_alarm, check.report.get("sentence", ""), check.report)

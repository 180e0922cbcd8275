"""The page of one alarm: its evidence, its chart, and what can be done about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evalhub.accounts.models import User
from evalhub.decision.wording import significant
from evalhub.features.monitoring.models import Alarm
from evalhub.features.monitoring.owners import possible_owners
from evalhub.features.monitoring.page_data.charts import stream_keys
from evalhub.features.monitoring.page_data.estimates import promotion_estimates
from evalhub.features.monitoring.page_data.metric_words import KIND_LABELS
from evalhub.features.monitoring.page_data.monitors_page import is_snoozed
from evalhub.features.monitoring.page_data.streams import StreamView, read_streams, stream_view
from evalhub.features.monitoring.retraining.page_data import ProposalPart, proposal_part
from evalhub.report.charts.parts import Key

SNOOZES = {"1": "a day", "7": "a week", "30": "30 days"}
"""For how long one may be kept quiet on its page, by the number of days."""
LONGEST_LIST = 20
"""Values of a list in the evidence that the page shows."""
NOT_SHOWN = ("sample", "is_share", "is_logarithm")
"""A link of its own, and in which unit the others are."""
LABELS = {"lower": "Lower limit", "se": "Standard error", "worse": "Worse is", "p_value": "P-value"}


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    """A list in an alarm's evidence: a row an entry."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class AlarmPage:
    """Attributes:
    evidence: numbers with their names.
    tables: lists in the evidence.
    sample: the page on which requests of what changed are sampled; "" where the alarm names none.
    people: who may own it.
    """

    alarm: Alarm
    label: str
    snoozed: bool
    stream: StreamView | None
    evidence: Sequence[tuple[str, str]]
    tables: Sequence[EvidenceTable]
    sample: str
    keys: Sequence[Key]
    people: Sequence[User]
    proposal: ProposalPart | None
    snoozes: Sequence[tuple[str, str]]


def alarm_page(alarm: Alarm, now: datetime) -> AlarmPage:
    """Some eight queries, and as many of its proposal."""
    view = None
    if alarm.stream is not None:
        running = alarm.monitor.streams.filter(ended=None).select_related("monitor")
        estimates = promotion_estimates(alarm.monitor)
        [data] = read_streams([alarm.stream], estimates, list(running) or [alarm.stream])
        view = stream_view(data, now.date(), small=False)
    return AlarmPage(
        alarm=alarm,
        label=KIND_LABELS[alarm.monitor.kind],
        snoozed=is_snoozed(alarm, now),
        stream=view,
        evidence=[
            (_name(name), _value(value))
            for name, value in alarm.evidence.items()
            if not _is_table(value) and name not in NOT_SHOWN
        ],
        tables=[_table(name, value) for name, value in alarm.evidence.items() if _is_table(value)],
        sample=(alarm.evidence.get("sample") or {}).get("page", ""),
        keys=stream_keys(estimates=bool(view and view.estimate)),
        people=list(possible_owners(alarm.monitor.project)),
        proposal=proposal_part(alarm),
        snoozes=list(SNOOZES.items()),
    )


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> EvidenceTable:
    head = list(rows[0])
    return EvidenceTable(
        _name(name),
        [_name(column) for column in head],
        [[_value(row.get(column)) for column in head] for row in rows[:LONGEST_LIST]],
    )


def _name(name: str) -> str:
    return LABELS.get(name, name.replace("_", " ").capitalize())


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return significant(value, 3).replace("-", "−")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value[:LONGEST_LIST]) or "–"
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_value(each)}" for name, each in value.items())
    return "–" if value is None else str(value)

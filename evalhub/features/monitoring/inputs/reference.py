"""The weeks that later ones are compared with: the first four in a row with users enough.

They are looked for from four weeks before the monitor's first week on, so that it can say something
soon where requests are stored already. Who says that a change was meant to be begins another
reference, with the week after that of the alarm, which was chosen for being unlike the others. A
promotion begins none: it doesn't change what users ask.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date

from evalhub.declare.declaration import validate
from evalhub.declare.slice_shares import SharedKind
from evalhub.features.monitoring.inputs.counting import count_week, users_between
from evalhub.features.monitoring.inputs.sums import SliceSums
from evalhub.features.monitoring.inputs.weeks import REFERENCE_WEEKS, WEEK, monday_of
from evalhub.features.monitoring.models import InputsReference, Monitor, Resolution
from evalhub.features.traffic.questions import requests_between

FEWEST_USERS = 50
"""Of a week that is compared, and of a reference."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Sums of the weeks from a Monday on."""

    first: date
    sums: SliceSums


def reference_of(monitor: Monitor, kind: SharedKind, before: date) -> Reference | None:
    """What weeks are compared with by a kind of slice; counted once, when its last week ends before
    `before`, a Monday. None: it isn't complete."""
    since = reference_since(monitor, kind)
    stored = monitor.input_references.filter(kind=kind, since=since).first()
    if stored is not None:
        ready = stored.first + REFERENCE_WEEKS * WEEK <= before
        return Reference(stored.first, validate(SliceSums, stored.sums)) if ready else None
    first = next(_complete(monitor, since, before), None)
    if first is None:
        return None
    counts = count_week(monitor.project, first, first + REFERENCE_WEEKS * WEEK, kind)
    sums = SliceSums.of(counts)
    InputsReference.objects.get_or_create(
        monitor=monitor, kind=kind, since=since, defaults={"first": first, "sums": sums.as_json()}
    )
    return Reference(first, sums)


def reference_since(monitor: Monitor, subject: str) -> date:
    """The Monday from which on the reference's weeks are looked for."""
    began = monday_of(monitor.created.astimezone(UTC).date()) - REFERENCE_WEEKS * WEEK
    meant = monitor.alarms.filter(subject=subject, resolution=Resolution.MEANT, since__isnull=False)
    last = meant.order_by("-since").values_list("since", flat=True).first()
    return began if last is None else max(began, last + WEEK)


def _complete(monitor: Monitor, since: date, before: date) -> Iterator[date]:
    """Mondays with which four weeks in a row begin that have users enough, the first of them with
    requests. Three queries for each that is tried."""
    first = since
    while first + REFERENCE_WEEKS * WEEK <= before:
        end = first + REFERENCE_WEEKS * WEEK
        begun = requests_between(monitor.project, first, first + WEEK).exists()
        if begun and users_between(monitor.project, first, end) >= FEWEST_USERS:
            yield first
        first += WEEK

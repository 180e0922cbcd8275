"""The one verb by which requests and signals come in, whichever door they came by."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.database.partitions import make_days
from evalhub.features.traffic.flaws import Flaw, FlawReason
from evalhub.features.traffic.keeping import settings_of
from evalhub.features.traffic.models import DAILY
from evalhub.features.traffic.privacy.texts import kept_texts
from evalhub.features.traffic.rows import RequestRow, SignalRow, TextsRow, TrafficSource
from evalhub.features.traffic.storage.admission import TimeLimits, admit
from evalhub.features.traffic.storage.bulk import plan_by_size
from evalhub.features.traffic.storage.refused import count_refused
from evalhub.features.traffic.storage.roll_ups import add_requests, add_signals, lock_project
from evalhub.features.traffic.storage.signal_joins import join_signals
from evalhub.features.traffic.storage.storing import store_requests, store_signals
from evalhub.features.traffic.storage.text_joins import add_texts, with_waiting_texts

__all__ = ["Flaw", "FlawReason", "Taken", "take_in"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch.

    Attributes:
        requests: new ones, stored.
        signals: likewise.
        there_already: rows that were stored before; nothing was changed.
        waiting: of `signals`, those whose request hasn't come yet.
        flaws: each row that wasn't taken.
    """

    requests: int
    signals: int
    there_already: int
    waiting: int
    flaws: Sequence[Flaw] = field(default=())


def take_in(
    *,
    project: Project,
    source: TrafficSource,
    requests: Sequence[tuple[int, RequestRow]] = (),
    signals: Sequence[tuple[int, SignalRow]] = (),
    texts: Sequence[tuple[int, TextsRow]] = (),
    flaws: Sequence[Flaw] = (),
    left_out: Callable[[], Collection[str]] | None = None,
) -> Taken:
    """Stores a batch, whole or not at all; each row once, however often it comes.

    The same id on the same day (UTC) is the same row: with the same content it is there already,
    with other content it is a flaw, and so is an id that was taken on the day before or after.
    Further days aren't looked through, since there is no index over all of them. New rows are added
    to the hours' roll-ups, and signals joined to their requests, in the same transaction.

    Args:
        requests: each with its line.
        signals: likewise.
        texts: likewise; of requests of this batch, of one before, or of one that is to come.
        flaws: rows that the door could not read; they are counted with those that this refuses.
        left_out: gives ids of requests that aren't stored, by what other batches have stored: it is
            called while none does.
    """
    settings = settings_of(project)
    limits = TimeLimits.at(timezone.now(), days=settings.days)
    calls, feedback = admit(requests, limits), admit(signals, limits)
    apart = admit(texts, limits)
    kept = [(admitted, kept_texts(admitted.row, settings)) for admitted in calls.rows]
    make_days(DAILY, {row.day for row in calls.rows} | {row.day for row in feedback.rows})
    with transaction.atomic():
        plan_by_size()
        if left_out is not None:
            lock_project(settings)
            gone = left_out()
            kept = [pair for pair in kept if pair[0].row.id not in gone]
        stored = store_requests(project, source, kept, settings)
        stored_signals = store_signals(project, source, feedback.rows, settings)
        refused = [*flaws, *calls.flaws, *feedback.flaws, *apart.flaws]
        refused += [*stored.flaws, *stored_signals.flaws]
        refused.sort(key=attrgetter("line"))
        new = [pair for pair in kept if (pair[0].day, pair[0].row.id) in stored.new]
        lock_project(settings)
        joined = join_signals(project, stored_signals.new, [admitted for admitted, _ in new])
        if source is TrafficSource.OTLP:
            new = with_waiting_texts(project, new)
        add_requests(project, new)
        add_texts(project, apart.rows, settings)
        add_signals(project, joined.values())
        count_refused(project, source, refused)
    return Taken(
        requests=len(stored.new),
        signals=len(stored_signals.new),
        there_already=calls.repeated
        + feedback.repeated
        + stored.repeated
        + stored_signals.repeated,
        waiting=len(stored_signals.new - joined.keys()),
        flaws=refused,
    )

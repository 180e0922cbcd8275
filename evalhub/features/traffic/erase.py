"""Erase a user's traffic: requests, their texts and signals, and what was made of them.

Roll-ups stay: they count requests by hour, and no person stands in them.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import batched, groupby
from operator import itemgetter

from django.db import transaction
from django.db.models import Q

from evalhub.accounts.audit_log import note
from evalhub.accounts.leaving_nothing import leaving_nothing
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_owns
from evalhub.declare.declaration import DeclarationError
from evalhub.features.traffic.models import EventTexts, Request, RequestText, Signal
from evalhub.registry.drafts import drop_left_over
from evalhub.registry.uploads import Uploads

_HASH = re.compile("[0-9a-f]{32}")
AT_ONCE = 1_000
"""Requests of a day that one statement names."""

type Eraser = Callable[[Project, date, Sequence[str]], Mapping[str, int]]
"""Erases what was made of a project's requests, by their day and keys. Returns counts by kind."""
type UserEraser = Callable[[Project, str], Mapping[str, int]]
"""Erases what was added up of a user, by the keyed hash. Returns counts by kind."""


@dataclass(frozen=True, slots=True)
class Erasers:
    """Who erases a user's traffic: what was made of requests and then these, in this order, and
    what was added up of the user, also where the requests aren't kept any more."""

    of_requests: Sequence[Eraser]
    of_user: Sequence[UserEraser] = ()


def erase_signals(project: Project, day: date, keys: Sequence[str]) -> Mapping[str, int]:
    """Erases the signals about these requests, and those that came too late to be joined."""
    names = Request.objects.filter(project=project, day=day, key__in=keys)
    columns = names.order_by().values_list("key", "response_id", "trace_id", "conversation")
    targets = {name for row in columns for name in row} - {""}
    joined = Q(request_day=day, request_key__in=keys)
    late = Q(request_day=None, target__in=targets)
    rows = Signal.objects.filter(joined | late, project=project)
    return {"signals": rows.delete()[0]}


def erase_requests(project: Project, day: date, keys: Sequence[str]) -> Mapping[str, int]:
    """Erases these requests with their texts."""
    of_day = {"project": project, "day": day, "key__in": keys}
    texts = RequestText.objects.filter(**of_day).delete()[0]
    EventTexts.objects.filter(project=project, key__in=keys).delete()
    return {"requests": Request.objects.filter(**of_day).delete()[0], "texts": texts}


ERASERS = Erasers(of_requests=(erase_signals, erase_requests))
"""Traffic's own."""


def erase_user(
    *,
    project: Project,
    by: User | None,
    user_hash: str,
    erasers: Erasers = ERASERS,
    dry_run: bool = False,
) -> Mapping[str, int]:
    """Erases a user's traffic in a project. What is sent again later is stored again.

    A mirrored copy of a request is the user's too, whoever it says sent it. What is erased is in no
    file of a SQLite database; on PostgreSQL that is so after its next VACUUM. Where an item goes,
    uploads go, which may hold it. With `dry_run` rows are counted, and everything stays. `erasers`
    are `evalhub.features.table.ERASERS`, which reach what other features made of requests.

    Returns:
        how many rows were erased, by kind.

    Raises:
        DeclarationError: it is no hash: nobody's requests have an empty one.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't own the project.
    """
    check_owns(by, project, "erase a user's traffic")
    if not _HASH.fullmatch(user_hash):
        raise DeclarationError("a keyed hash has 32 digits of 0 to 9 and a to f", "user_hash")
    if dry_run:
        with transaction.atomic():
            counts = _erase_rows(project, by, user_hash, erasers)
            transaction.set_rollback(True)
        return counts
    with leaving_nothing():
        drop_left_over()  # a killed writer may have left the same text
        counts = _erase_rows(project, by, user_hash, erasers)
        if counts["items"]:
            Uploads(project).drop_all()
    return counts


@transaction.atomic
def _erase_rows(
    project: Project, by: User | None, user_hash: str, erasers: Erasers
) -> Counter[str]:
    Project.objects.select_for_update().get(pk=project.pk)  # draws and erasures take turns
    counts = Counter(dict.fromkeys(("requests", "texts", "signals"), 0))
    for day, keys in _requests_of(project, user_hash):
        for batch in batched(keys, AT_ONCE):
            for eraser in erasers.of_requests:
                counts.update(eraser(project, day, batch))
    for of_user in erasers.of_user:
        counts.update(of_user(project, user_hash))
    summary = ", ".join(f"{kind}: {count}" for kind, count in counts.items())
    note(Action.TRAFFIC_ERASED, by=by, project=project, what=summary)
    return counts


def _requests_of(project: Project, user_hash: str) -> list[tuple[date, list[str]]]:
    """The keys of a user's requests and of their mirrored copies, by day."""
    rows = Request.objects.filter(project=project).order_by()
    own = list(rows.filter(user_hash=user_hash).values_list("day", "key", "trace_id"))
    names = {name for _, key, trace in own for name in (key, trace)} - {""}
    pairs = {(day, key) for day, key, _ in own}
    for some in batched(names, AT_ONCE):
        pairs |= set(rows.with_name("mirror_of", some).values_list("day", "key"))
    return [(day, [key for _, key in keys]) for day, keys in groupby(sorted(pairs), itemgetter(0))]

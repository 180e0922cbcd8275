"""Join mirrored calls to the requests that they are copies of. Pure.

A gateway sends a copy of a request to a second model. The copy names its request or that one's
trace, or has its trace, or neither: then the same messages of the same user at about the same time
are it. A trace may hold several calls, so that messages that are known to differ are never joined
by it. What finds no partner stays single and is counted; no call is joined twice.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

type JoinedBy = Literal["request", "trace", "content"]

WINDOW = datetime.timedelta(minutes=5)
"""How far apart the two calls may be where only their content joins them."""
LATEST = datetime.timedelta(days=1)
"""How far apart they may be otherwise: no two requests have one id within a day."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a call is joined by; an empty text is unknown.

    Attributes:
        mirror_of: id of the request whose copy it is, or of that one's trace.
        digest: of its messages, as they were sent.
    """

    key: str
    time: datetime.datetime
    trace_id: str = ""
    mirror_of: str = ""
    digest: str = ""
    user_hash: str = ""


@dataclass(slots=True)
class MirrorJoin:
    """Which copy belongs to which request.

    Attributes:
        copies: by a request's index, its copy's.
        by: by a request's index, what joined them.
        single_requests, single_copies: indices of those without a partner.
    """

    copies: dict[int, int] = field(default_factory=dict)
    by: dict[int, JoinedBy] = field(default_factory=dict)
    single_requests: list[int] = field(default_factory=list)
    single_copies: list[int] = field(default_factory=list)


def join_mirror(requests: Sequence[Call], copies: Sequence[Call]) -> MirrorJoin:
    """Pair requests with their copies: by the request that a copy names, by trace, by content.

    Of several possible partners the one that is nearest in time is taken, the nearest pairs first;
    within a trace those with equal messages come before those of which they aren't known. A copy
    that names a request or a trace joins no other one, even where that never came.
    """
    join = MirrorJoin()
    everyone = range(len(copies))
    unnamed = [index for index in everyone if not copies[index].mirror_of]
    _pair(join, "request", requests, copies, everyone, lambda call: call.key, _named)
    _pair(join, "trace", requests, copies, everyone, _trace, _copied_trace, fits=_asks_the_same)
    _pair(join, "trace", requests, copies, everyone, _trace, _copied_trace, fits=_may_ask_the_same)
    _pair(join, "content", requests, copies, unnamed, content_of, content_of, window=WINDOW)
    taken = set(join.copies.values())
    join.single_requests = [index for index in range(len(requests)) if index not in join.copies]
    join.single_copies = [index for index in everyone if index not in taken]
    return join


def content_of(call: Call) -> Hashable:
    """Who asks what; "" where it isn't known what."""
    return (call.digest, call.user_hash) if call.digest else ""


def _named(copy: Call) -> Hashable:
    return copy.mirror_of


def _trace(call: Call) -> Hashable:
    return call.trace_id


def _copied_trace(copy: Call) -> Hashable:
    return copy.mirror_of or copy.trace_id


def _asks_the_same(request: Call, copy: Call) -> bool:
    return bool(request.digest) and request.digest == copy.digest


def _may_ask_the_same(request: Call, copy: Call) -> bool:
    return not (request.digest and copy.digest)


def _pair(
    join: MirrorJoin,
    by: JoinedBy,
    requests: Sequence[Call],
    copies: Sequence[Call],
    candidates: Iterable[int],
    request_key: Callable[[Call], Hashable],
    copy_key: Callable[[Call], Hashable],
    *,
    window: datetime.timedelta = LATEST,
    fits: Callable[[Call, Call], bool] = lambda request, copy: True,
) -> None:
    """Pairs what has the same key, fits and has no partner yet, the nearest in time first."""
    taken = set(join.copies.values())
    by_key: dict[Hashable, list[int]] = defaultdict(list)
    for index in candidates:
        if index not in taken and (key := copy_key(copies[index])):
            by_key[key].append(index)
    distances = [
        (distance, index, copy)
        for index, request in enumerate(requests)
        if index not in join.copies
        for copy in by_key.get(request_key(request), ())
        if (distance := abs(copies[copy].time - request.time)) <= window
        and fits(request, copies[copy])
    ]
    for _, index, copy in sorted(distances):
        if index not in join.copies and copy not in taken:
            join.copies[index], join.by[index] = copy, by
            taken.add(copy)

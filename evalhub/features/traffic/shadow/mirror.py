"""Join mirrored calls to the requests that they are copies of. Pure.

A gateway sends a copy of a request to a second model. The copy names its request, or has its trace
id, or neither: then the same messages of the same user at about the same time are it. What finds no
partner stays single and is counted; no call is joined twice.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

type JoinedBy = Literal["request", "trace", "content"]

WINDOW = datetime.timedelta(minutes=5)
"""How far apart the two calls may be where only their content joins them."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a call is joined by; an empty text is unknown.

    Attributes:
        mirror_of: id of the request whose copy it is.
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


def join_mirror(
    requests: Sequence[Call], copies: Sequence[Call], *, window: datetime.timedelta = WINDOW
) -> MirrorJoin:
    """Pair requests with their copies: by the request that a copy names, by trace, by content.

    Of several possible partners the one that is nearest in time is taken, the nearest pairs first.
    A copy that names a request joins no other one, even where that never came.
    """
    join = MirrorJoin()
    unnamed = {index for index, copy in enumerate(copies) if not copy.mirror_of}
    named = set(range(len(copies))) - unnamed
    _pair(join, "request", requests, copies, named, lambda call: call.key, _named)
    _pair(join, "trace", requests, copies, unnamed, _trace, _trace)
    _pair(join, "content", requests, copies, unnamed, _content, _content, window=window)
    taken = set(join.copies.values())
    join.single_requests = [index for index in range(len(requests)) if index not in join.copies]
    join.single_copies = [index for index in range(len(copies)) if index not in taken]
    return join


def _named(copy: Call) -> Hashable:
    return copy.mirror_of


def _trace(call: Call) -> Hashable:
    return call.trace_id


def _content(call: Call) -> Hashable:
    return (call.digest, call.user_hash) if call.digest else ""


def _pair(
    join: MirrorJoin,
    by: JoinedBy,
    requests: Sequence[Call],
    copies: Sequence[Call],
    candidates: Iterable[int],
    request_key: Callable[[Call], Hashable],
    copy_key: Callable[[Call], Hashable],
    *,
    window: datetime.timedelta | None = None,
) -> None:
    """Pairs what has the same key and no partner yet, the nearest in time first."""
    taken = set(join.copies.values())
    by_key: dict[Hashable, list[int]] = defaultdict(list)
    for index in candidates:
        if index not in taken and (key := copy_key(copies[index])):
            by_key[key].append(index)
    distances = [
        (abs(copies[copy].time - request.time), index, copy)
        for index, request in enumerate(requests)
        if index not in join.copies
        for copy in by_key.get(request_key(request), ())
    ]
    for distance, index, copy in sorted(distances):
        apart = window is not None and distance > window
        if not apart and index not in join.copies and copy not in taken:
            join.copies[index], join.by[index] = copy, by
            taken.add(copy)

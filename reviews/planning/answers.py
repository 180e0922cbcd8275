"""What a plan is worked out on: runs' answers, joined, and which of their requests are near-copies.

Reading it takes nearly all of a plan's time, and little of it hangs on what a form's fields say.
For the pages of one form it is kept a while.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence

from evalhub.declare.review import Design, Show
from evalhub.registry.models import Run
from reviews.planning.diversity import (
    Signatures,
    near_copies,
    signatures,
    similarities,
    vendi_score,
)
from reviews.planning.pairing import Candidate, Joined, arm_pairs, join_answers, requests_of
from reviews.planning.sources import Sources, sources

MANY = 4_000
"""Answers from which on only one plan at a time is worked out for a page."""
MOST_KEPT, MOST_ANSWERS = 4, 250_000
"""What is kept in a process, at most: some 50 MB."""

type Copies = tuple[Signatures, list[int]]
"""By the population's order: its requests' signatures, and the groups of near-copies."""


class JoinedAnswers:
    """Some runs' answers by item, as `show` has them shown. What was read never changes."""

    def __init__(self, runs: Sequence[Run], design: Design) -> None:
        arms = arm_pairs(len(runs), design.combinations)
        self.joined: Joined = join_answers(runs, arms, design.form.show)
        self._copies: tuple[tuple[str, ...], Copies] | None = None
        self._vendi: dict[tuple[str, ...], float] = {}

    def copies(self, population: Mapping[str, Candidate]) -> Copies:
        """Near-copies within a population of these items; the latest result is cached."""
        keys = tuple(population)
        if self._copies is None or self._copies[0] != keys:
            self._copies = keys, _copies(population)
        return self._copies[1]

    def vendi(self, population: Mapping[str, Candidate], sample: Sequence[str]) -> float:
        """How varied a sample of a population is; the latest few results are cached."""
        wanted, known = tuple(sample), self._vendi
        if wanted not in known:
            signed, _ = self.copies(population)
            row_of = {key: i for i, key in enumerate(population)}
            score = vendi_score(similarities(signed[[row_of[key] for key in wanted]]))
            # a new dictionary, since another thread may read this one
            known = self._vendi = {**dict(list(known.items())[-MOST_KEPT:]), wanted: score}
        return known[wanted]


def answers_of(runs: Sequence[Run], design: Design) -> JoinedAnswers:
    """Read and join the answers from the database."""
    return JoinedAnswers(runs, design)


def cached_answers(runs: Sequence[Run], design: Design) -> JoinedAnswers:
    """As `answers_of`, cached while the sources haven't changed."""
    count = answers_in(runs)
    if count > MOST_ANSWERS:
        return answers_of(runs, design)
    before = sources(runs)
    key = before, tuple(run.pk for run in runs), design.combinations, design.form.show
    answers = _KEPT.get(key)
    if answers is None:
        answers = answers_of(runs, design)
        if sources(runs) == before:  # else they are of neither
            _KEPT.keep(key, answers, count)
    return answers


def are_many(runs: Sequence[Run]) -> bool:
    return answers_in(runs) >= MANY


def answers_in(runs: Sequence[Run]) -> int:
    return sum(run.test_set_version.item_count for run in runs)


type _Key = tuple[Sources, tuple[int, ...], str, Show]


class _Kept:
    """Cache of the latest few, within MOST_KEPT entries and MOST_ANSWERS answers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[_Key, tuple[JoinedAnswers, int]] = OrderedDict()

    def get(self, key: _Key) -> JoinedAnswers | None:
        with self._lock:
            if key not in self._found:
                return None
            self._found.move_to_end(key)
            return self._found[key][0]

    def keep(self, key: _Key, answers: JoinedAnswers, count: int) -> None:
        with self._lock:
            self._found[key] = answers, count
            while (
                len(self._found) > MOST_KEPT
                or sum(many for _, many in self._found.values()) > MOST_ANSWERS
            ):
                self._found.popitem(last=False)


_KEPT = _Kept()


def _copies(population: Mapping[str, Candidate]) -> Copies:
    read: list[str] = []

    def requests() -> Iterator[str]:
        for key, text in requests_of(population):
            read.append(key)
            yield text

    as_read = signatures(requests())
    row = {key: i for i, key in enumerate(read)}
    rows = as_read[[row[key] for key in population]]  # what finds what follows the order
    return rows, near_copies(rows)

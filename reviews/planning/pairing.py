"""Pairs to compare: the answers of several runs, joined on their items."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

from evalhub.declare.review import KNOWN, Combinations, Known, Show
from evalhub.io.tools import with_calls
from evalhub.registry.models import Item, Metric, Output, Run, Score
from reviews.planning.campaign_request import review_declaration
from reviews.texts import USUAL, display_text, turns

Better = Literal["baseline", "candidate"]


@dataclass(slots=True)
class Candidate:
    """An item with its answers, one an arm; None where an arm has none."""

    item: int
    tags: str
    outputs: list[int | None]
    digests: list[bytes | None]
    lengths: list[int] = field(default_factory=list)

    def pairs_that_differ(self, arms: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Those pairs of arms whose answers to this item read differently."""
        return [
            (one, other)
            for one, other in arms
            if None not in (self.outputs[one], self.outputs[other])
            and self.digests[one] != self.digests[other]
        ]

    @property
    def answered(self) -> bool:
        return None not in self.outputs

    @property
    def length(self) -> int:
        """Characters that a reviewer reads: of all answers together."""
        return sum(self.lengths)


@dataclass(frozen=True, slots=True)
class Joined:
    """Item key → candidate, of every item that two arms or more answered, and of how many not.

    `identical` items have the same text from every arm that answered.
    """

    candidates: dict[str, Candidate]
    different: dict[str, Candidate]
    identical: int
    unpaired: int


def arm_pairs(arms: int, which: Combinations) -> list[tuple[int, int]]:
    """The pairs of arms to compare: the first arm is the baseline."""
    if which == "baseline":
        return [(0, other) for other in range(1, arms)]
    return list(combinations(range(arms), 2))


def join_answers(
    runs: Sequence[Run], pairs: Sequence[tuple[int, int]], show: Show = USUAL
) -> Joined:
    """The first sample of each run's answers, by item. One pass over each run.

    Of the texts only digests and lengths are held.
    """
    candidates: dict[str, Candidate] = {}
    for arm, run in enumerate(runs):
        rows = (
            Output.objects.filter(run=run, sample=0, text__isnull=False)
            .order_by()
            .values_list("item_id", "pk", "text", "tool_calls", "item__key", "item__tags")
        )
        for item, pk, text_said, calls, key, tags in rows.iterator():
            text = with_calls(str(text_said), calls)
            candidate = candidates.get(key)
            if candidate is None:
                stratum = " · ".join(sorted(map(str, tags)))
                nothing = [None] * len(runs)
                candidate = candidates[key] = Candidate(item, stratum, [*nothing], [*nothing])
            candidate.outputs[arm], candidate.digests[arm] = pk, _digest(text, show)
            candidate.lengths.append(len(text))
    paired = {
        key: candidate
        for key, candidate in candidates.items()
        if any(None not in (candidate.outputs[a], candidate.outputs[b]) for a, b in pairs)
    }
    different = {key: each for key, each in paired.items() if each.pairs_that_differ(pairs)}
    total = runs[0].test_set_version.item_count
    return Joined(
        candidates=paired,
        different=different,
        identical=len(paired) - len(different),
        unpaired=total - len(paired),
    )


def second_answers(
    run: Run, keys: Mapping[int, str], show: Show = USUAL
) -> dict[str, tuple[int, bytes]]:
    """Item key → another answer of the same arm: its second sample, or that of its A/A repeat.

    `keys` maps the ids of the items asked about to their keys.
    """
    seconds: dict[str, tuple[int, bytes]] = {}
    again = Run.objects.filter(
        version=run.version_id, test_set_version=run.test_set_version_id
    ).exclude(repeat=0)
    repeated = Output.objects.filter(run__in=again, sample=0)
    for outputs in (repeated, Output.objects.filter(run=run, sample=1)):
        answered = outputs.filter(text__isnull=False).order_by("run")
        rows = answered.values_list("item_id", "pk", "text", "tool_calls")
        for item, pk, text, calls in rows.iterator():
            if item in keys:
                seconds[keys[item]] = pk, _digest(with_calls(str(text), calls), show)
    return seconds


def scores_of(run: Run, metric: Metric) -> dict[str, float | None]:
    """Item key → the metric's value of the first answer."""
    rows = Score.objects.filter(output__run=run, output__sample=0, metric=metric).order_by()
    return dict(rows.values_list("output__item__key", "value"))


def certain(
    baseline: Mapping[str, float | None], candidate: Mapping[str, float | None]
) -> dict[str, Better]:
    """Item key → the better answer, where the metric finds one wholly right and one wrong."""
    better: dict[str, Better] = {}
    for key, value in candidate.items():
        other = baseline.get(key)
        if value is not None and other is not None and math.fabs(value - other) >= 1:
            better[key] = "candidate" if value > other else "baseline"
    return better


def requests_of(candidates: Mapping[str, Candidate]) -> Iterator[tuple[str, str]]:
    """Item key and the text of its request, to find near-copies by; one text is held at a time."""
    version = Item.objects.get(pk=next(iter(candidates.values())).item).version_id
    rows = Item.objects.filter(version=version).order_by().values_list("key", "input", "context")
    for key, item_input, context in rows.iterator():
        if key in candidates:
            yield key, "\n".join([*(turn.text for turn in turns(item_input)), context])


def known_answers(run: Run) -> dict[str, Known]:
    """Item key → the answer that the test set itself says is expected in a review.

    Raises FormError where it says what can't be.
    """
    items = Item.objects.filter(version=run.test_set_version_id, metadata__has_key=KNOWN)
    return {
        key: review_declaration(Known, entry, at=f"known.{key}")
        for key, entry in items.order_by("position").values_list("key", f"metadata__{KNOWN}")
        if isinstance(entry, dict) and set(entry) <= set(Known.model_fields)
    }


def _digest(text: str, show: Show) -> bytes:
    return hashlib.blake2b(display_text(text, show).encode(), digest_size=16).digest()

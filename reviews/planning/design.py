"""How an owner wants a campaign made, beyond its size: the rest of the plan. Pure."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self, get_args

from reviews.errors import PlanError
from reviews.planning.stopping import Rule

Stratum = Literal["tags", "length", "disagreement"]
Combinations = Literal["all", "baseline"]

EXPECTED = ("baseline", "candidate", "tie", "both-bad")
KNOWN = "review"
"""The field of an item's metadata that says what its answer should be, as `Known` does."""
MOST_TAGS = 20
_TAG = re.compile(r"[a-z0-9][a-z0-9+#_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Known:
    """What the answer to a gold or practice item should be, and why."""

    expected: str
    feedback: str = ""
    practice: bool = False


@dataclass(frozen=True, slots=True)
class Design:
    """How items are sampled, what watches over the reviewers, and when to stop.

    Attributes:
        strata: what the sample is stratified by.
        diverse: draw near-copies of a request only after all others of their stratum.
        combinations: with several arms, compare all with all or each with the baseline.
        controls: A/A pairs, as a share of the main ones.
        gold: pairs with a known answer, likewise.
        practice: pairs on which a reviewer qualifies before the first real one.
        pass_mark: share of them to be answered as expected.
        known: item key → the answer that it should have, beside what the items' own metadata
            says. These items are gold or practice and aren't sampled; where there are too few,
            items that the metric is certain of fill in.
        stopping: the rule by which the campaign ends, as `reviews.planning.stopping` reads it.
        requires: languages and skills that a reviewer must have, as tags.
        invited_only: take only people who were invited to this campaign.
    """

    strata: tuple[Stratum, ...] = ("tags",)
    diverse: bool = False
    combinations: Combinations = "all"
    controls: float = 0.0
    gold: float = 0.0
    practice: int = 0
    pass_mark: float = 0.7
    known: Mapping[str, Known] = field(default_factory=dict)
    stopping: Mapping[str, Any] = field(default_factory=lambda: {"rule": "fixed"})
    requires: tuple[str, ...] = ()
    invited_only: bool = False

    def checked(self) -> Self:
        """This design, with its tags in order. Raises PlanError, which names what can't be."""
        for name, share in (("controls", self.controls), ("gold", self.gold)):
            if not (math.isfinite(share) and 0 <= share <= 0.5):
                raise PlanError(f"{name} is {share:g}; use a share between 0 and 0.5")
        if not 0 <= self.practice <= 50:
            raise PlanError(f"practice is {self.practice}; use 0 to 50 pairs")
        if not (math.isfinite(self.pass_mark) and 0 <= self.pass_mark <= 1):
            raise PlanError(f"pass_mark is {self.pass_mark:g}; use a share between 0 and 1")
        for stratum in self.strata:
            if stratum not in get_args(Stratum):
                raise PlanError(f"strata: {stratum!r} isn't one of {', '.join(get_args(Stratum))}")
        if self.combinations not in get_args(Combinations):
            raise PlanError(f"combinations is {self.combinations!r}; use all or baseline")
        for key, known in self.known.items():
            if known.expected not in EXPECTED:
                raise PlanError(
                    f"expected of item '{key}' is {known.expected!r}; use {', '.join(EXPECTED)}"
                )
        Rule.of(self.stopping)
        if tuple(self.requires) != checked_tags(self.requires):
            raise PlanError("requires: tags are sorted and each there once")
        return self


def checked_tags(given: Sequence[str]) -> tuple[str, ...]:
    """Languages and skills as tags: small letters, sorted, each once. Raises PlanError."""
    tags = sorted({tag.strip().lower() for tag in given if tag.strip()})
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise PlanError(f"tag {tag!r}: use letters, digits, + # _ and -, 40 at most")
    if len(tags) > MOST_TAGS:
        raise PlanError(f"{len(tags)} tags are too many; use {MOST_TAGS} or fewer")
    return tuple(tags)

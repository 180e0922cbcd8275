"""Cautions on people's judgments: too few people, answers too fast to be read. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from evalhub.declare.defaults import ENOUGH_REVIEWERS

FAST_SHARE = 0.1
"""More of a reviewer's answers than this faster than reading: an alarm."""
FEWEST_FAST = 3
CHARACTERS_A_SECOND = 60.0
"""Faster than this nobody reads: about 600 words a minute, against 200 to 300 of most readers
(Brysbaert 2019)."""
_FALSE_SHIPS = {
    1: "one person who leans ships up to 18% of the candidates that are no better",
    2: "two who lean ship up to 4.5% of the candidates that are no better",
}
"""docs/reference/verdict-rates.md, part "people": by .3, on the scale on which items differ by
.7."""


class Pace(NamedTuple):
    """A reviewer's answers, and how many were given before both texts could be read."""

    answers: int
    fast: int

    @property
    def alarming(self) -> bool:
        """Whether the reviewer is mentioned: at least three such answers, and more than a tenth."""
        return self.fast >= FEWEST_FAST and self.fast > FAST_SHARE * self.answers


def few_people(judged: int, allowed: int = ENOUGH_REVIEWERS) -> list[str]:
    """Cautions where fewer than three people judged, or a policy lets fewer do."""
    if 0 < judged < ENOUGH_REVIEWERS:
        people = "1 person" if judged == 1 else f"{judged} people"
        return [
            f"Only {people} judged: so few can't show how far people differ. Simulated, "
            f"{_FALSE_SHIPS[judged]}, where 2.5% is promised."
        ]
    if allowed < ENOUGH_REVIEWERS:
        people = "1 reviewer" if allowed == 1 else f"{allowed} reviewers"
        return [
            f"The policy lets {people} do. Simulated, {_FALSE_SHIPS[allowed]}, where 2.5% is "
            "promised."
        ]
    return []


def fast_people(paces: Mapping[str, Pace]) -> list[str]:
    """A sentence for each reviewer (by name) who answers faster than anybody reads."""
    return [
        f"{name} gave {pace.fast:,} of {pace.answers:,} answers "
        f"({pace.fast / pace.answers:.0%}) faster than both texts can be read "
        f"({CHARACTERS_A_SECOND:.0f} characters a second)."
        for name, pace in paces.items()
        if pace.alarming
    ]

"""Cautions on people's judgments: who judged, how many, and how fast. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from evalhub.decision.wording import count_text
from evalhub.declare.defaults import ENOUGH_REVIEWERS
from evalhub.declare.identities import ReviewerIdentity
from evalhub.declare.people import UnconfirmedUse

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


WHAT_TO_DO = (
    "An owner who didn't make their link vouches for them by name before the review ends; of one "
    "that has ended, ask people again by a new plan."
)
MAKER = "vouched by who made the candidate"


def identity_cautions(people: Sequence[ReviewerIdentity], use: UnconfirmedUse) -> list[str]:
    """A sentence for each thing that a reader should know about who judged."""
    unknown = [each for each in people if each.ground == "unknown"]
    makers = [each for each in people if each.ground == "maker"]
    twice = [each for each in people if each.accounts > 1]
    total = sum(each.answers for each in people)
    sentences = []
    if unknown:
        answers = sum(each.answers for each in unknown)
        of = f"{answers:,} of {count_text(total, 'judgment')}"
        whose = f"{_people(unknown)}, whom nobody confirmed"
        reason = (
            "a link made each of these accounts, and whoever made the link could have opened it"
        )
        if use == "exclude":
            sentences.append(f"{of} don't count: they are of {whose}: {reason}. {WHAT_TO_DO}")
        else:
            sentences.append(f"{of} are of {whose}: {reason}. They are counted.")
    if makers:
        answers = sum(each.answers for each in makers)
        sentences.append(
            f"{answers:,} of {count_text(total, 'judgment')} are of {_people(makers)}, {MAKER}: "
            "who opened the review made their links, and the project has no other owner."
        )
    if twice:
        sentences.append(
            f"{_people(twice)} judged by several accounts of one mailbox: one mailbox is one "
            "person, who is heard once on an item."
        )
    return sentences


def beside_left_out(people: Sequence[ReviewerIdentity]) -> str:
    """Text for after a count of judgments: how many were left out; "" for none."""
    left_out = sum(each.left_out for each in people)
    if not left_out:
        return ""
    unknown = [each for each in people if each.left_out]
    return (
        f" ({count_text(left_out, 'judgment')} of {count_text(len(unknown), 'person', 'people')} "
        f"{'is' if left_out == 1 else 'are'} left out, since nobody confirmed who they are)"
    )


def _people(people: Sequence[ReviewerIdentity]) -> str:
    names = ", ".join(each.reviewer for each in people)
    return f"{count_text(len(people), 'person', 'people')} ({names})"

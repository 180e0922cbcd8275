"""Whether an arm's model does anything that the baseline's doesn't, by log-probabilities. Pure.

An adapter may move the log-probability of an answer by nats and leave the likeliest words as they
are; one that was never applied moves it by nothing but rounding. So the same words alone don't say
that an adapter is dead, and words that differ by rounding don't say that it lives.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.sections.base import Section
from evalhub.declare.amounts import Count
from evalhub.declare.decision import Arms
from evalhub.declare.verdicts import Status
from evalhub.stats.levels import ALPHA
from evalhub.stats.paired import compare

ROUNDING = 1e-3
"""Nats by which one model's answer differs from itself, in another batch, in single precision."""
MOST = 1.0
"""Nats that one answer counts at most, and that one counts which reads differently."""
CLEAR = 0.05
"""Nats on the average, beyond what rounding in half precision comes to: where there is no second
run that shows its size."""
NEGLIGIBLE = 0.01
"""Nats on the average beyond a second run's, of which no adapter would be worth having."""

Array = NDArray[np.float64]
AppliedState = Literal["moved", "nothing", "not-told"]


class AppliedSection(Section):
    """Whether a live fine-tuned arm behaves differently from the baseline.

    Attributes:
        measure: "texts" where an answer came without its log-probability.
        state: "moved": it is another model; "nothing": it isn't; "not-told": neither is shown.
        n: items with answers of both.
        mean, largest: nats by which the log-probabilities of an item's answers lie apart, at most
            1; an answer that reads differently counts as 1.
        repeat: the mean of the baseline's second run; null without one.
        siblings: other fine-tuned arms that answered to the letter as this one.
    """

    title: ClassVar[str] = "Adapter check"
    method: ClassVar[str] = "no-op"
    order: ClassVar[int] = 90

    measure: Literal["log-probabilities", "texts"]
    state: AppliedState
    n: Count
    mean: float | None = None
    largest: float | None = None
    repeat: float | None = None
    siblings: tuple[str, ...] = ()

    def derive_status(self, arms: Arms) -> Status:
        fine = self.state == "moved" and not self.siblings
        return Status.PASS if fine else Status.OPEN

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        arm, baseline = arms.candidate.name, arms.baseline.name
        if self.measure == "texts":
            yield (
                f"Not all answers come with log-probabilities, so that only texts tell whether "
                f"{arm} was applied: an adapter that changes no word would be called dead."
            )
        else:
            meaning = {
                "moved": f"{arm} is another model",
                "nothing": f"{arm} does what {baseline} does",
                "not-told": f"too little to tell {arm} from rounding; noise_floor: true would tell",
            }[self.state]
            yield (
                f"The log-probabilities of {arm}'s answers differ from {baseline}'s by "
                f"{self.mean or 0.0:.2g} nats on the average: {meaning}."
            )
        if self.siblings:
            yield (
                f"{arm} answers word for word as {_join(self.siblings)}: is it one adapter under "
                "two names?"
            )


def moves(sums: Array, others: Array, same_text: NDArray[np.bool_]) -> Array:
    """For each answer, the distance of two sums of log-probabilities (nats), at most MOST."""
    return np.where(same_text, np.minimum(np.abs(sums - others), MOST), MOST)


def state_of(
    candidate: Array, repeat: Array | None, *, clusters: list[str] | None = None
) -> AppliedState:
    """Whether an arm's log-probabilities move more than those of the baseline's second run.

    Args:
        candidate, repeat: by item, shape (n,), means of `moves` against the baseline; no repeat
            where the baseline was asked once.
    """
    if candidate.max(initial=0.0) <= ROUNDING:
        return "nothing"
    if repeat is None:
        return "moved" if candidate.mean() >= CLEAR else "not-told"
    if (candidate <= repeat + ROUNDING).all():
        return "nothing"
    comparison = compare(repeat, candidate, clusters=clusters, alpha=ALPHA)
    if comparison.lower > 0:
        return "moved"
    return "nothing" if comparison.upper < NEGLIGIBLE else "not-told"


def nothing_sentence(section: AppliedSection, *, arm: str, baseline: str, cause: str) -> str:
    """Why an arm is no valid evidence, and the likely cause."""
    beside = ""
    if section.repeat is not None:
        beside = f", and a second run of {baseline} by {section.repeat:.2g}"
    return (
        f"{arm}: the adapter changed nothing. The log-probabilities of its {section.n:,} answers "
        f"differ from {baseline}'s by {section.mean or 0.0:.2g} nats on the average, by "
        f"{section.largest or 0.0:.2g} at most{beside}. {cause}"
    )


def _join(names: Sequence[str]) -> str:
    return " and ".join(names)

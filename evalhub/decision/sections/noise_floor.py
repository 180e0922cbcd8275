"""What a second run of the baseline shows: how far a difference is only noise. Pure.

Decoding isn't exact: the same model asked the same thing twice answers differently now and then.
A candidate that differs from the baseline no more than the baseline does from itself changed
nothing, and there is nothing to decide.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from evalhub.decision.align import Aligned
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import with_sign
from evalhub.declare.amounts import Probability
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.home_bound import HOME_BOUND
from evalhub.declare.verdicts import Status
from evalhub.stats.levels import ALPHA
from evalhub.stats.paired import compare

CHANGED = 0.05
"""A candidate that changes this share of answers beyond noise is told apart from the baseline."""
MOST_NOISE = 0.5
"""Where more of its own answers differ, the baseline's texts tell nothing of the candidate's."""

Array = NDArray[np.float64]


class NoiseRow(Declaration):
    """How far a second run of the baseline differs from its first on one test set."""

    test_set: str
    metric: str
    n: int
    difference: float
    lower: float
    upper: float
    wins: int
    losses: int
    differing: Probability = Field(description="share of answers that read otherwise")
    repeat_run: Annotated[int, HOME_BOUND]


class Sameness(Declaration):
    """Whether the candidate's answers differ from the baseline's more than the repeat's do.

    Attributes:
        state: "differs": shown; "no-op": shown that hardly any of the answers differ beyond the
            repeat's, and not that any do; "not-told": neither.
        repeat, candidate: shares of answers that differ from the baseline's.
        lower, upper: of candidate − repeat.
    """

    state: Literal["differs", "no-op", "not-told"]
    n: int
    repeat: float
    candidate: float
    lower: float
    upper: float


class NoiseSection(Section):
    """What a second run of the baseline alone changed."""

    title: ClassVar[str] = "Noise floor"
    method: ClassVar[str] = "noise-floor"
    order: ClassVar[int] = 100

    test_sets: tuple[NoiseRow, ...]
    sameness: Sameness | None

    def derive_status(self, arms: Arms) -> Status:
        match self.sameness:
            case Sameness(state="differs"):
                return Status.PASS
            case Sameness(state="no-op"):
                return Status.FAIL
        return Status.OPEN

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        arm, baseline = arms.candidate.name, arms.baseline.name
        if self.sameness is not None:
            yield sameness_sentence(self.sameness, arm=arm, baseline=baseline)
        for row in self.test_sets:
            yield (
                f"On {row.test_set} a second run of the baseline differs from the first by "
                f"{with_sign(row.difference)} [{with_sign(row.lower)}, {with_sign(row.upper)}], "
                f"though nothing changed; {row.differing:.1%} of its answers read otherwise."
            )


@dataclass(frozen=True, slots=True)
class SecondRun:
    """What a second run of the baseline shows.

    Attributes:
        rows: the noise floor, a row for each test set.
        repeat, candidate: of the items of all test sets, shape (n,), the share of the answers of
            the second run, and of the candidate, whose text isn't the baseline's; empty: the
            candidate is the baseline everywhere.
        clusters: labels of shape (n,); None where the items are independent.
    """

    rows: Sequence[NoiseRow]
    repeat: Array
    candidate: Array
    clusters: list[str] | None = None

    def section(self, *, scores_differ: bool) -> NoiseSection | None:
        """The record's `noise_floor`; None where nothing was measured.

        Args:
            scores_differ: the candidate's scores are shown to differ.
        """
        if not self.rows:
            return None
        texts = None
        if len(self.repeat):
            texts = sameness(
                self.repeat, self.candidate, clusters=self.clusters, scores_differ=scores_differ
            )
        return NoiseSection(test_sets=tuple(self.rows), sameness=texts)


def no_op_reason(section: NoiseSection | None, *, arm: str, baseline: str) -> str | None:
    """Why the arm is a no-op: the baseline under another name; None where that isn't shown."""
    texts = None if section is None else section.sameness
    if texts is None or texts.state != "no-op":
        return None
    return sameness_sentence(texts, arm=arm, baseline=baseline)


def sameness(
    repeat: Array, candidate: Array, *, clusters: list[str] | None = None, scores_differ: bool
) -> Sameness:
    """Compare the share of answers that differ from the baseline's: the repeat's and the
    candidate's.

    Args:
        repeat, candidate: by item, shape (n,), the share of samples whose text differs.
        scores_differ: the candidate's scores are shown to differ, so it can't be a no-op.
    """
    comparison = compare(repeat, candidate, clusters=clusters, alpha=ALPHA)
    state: Literal["differs", "no-op", "not-told"] = "not-told"
    if comparison.lower > 0 or scores_differ:
        state = "differs"
    elif comparison.upper < CHANGED and comparison.baseline <= MOST_NOISE:
        state = "no-op"
    return Sameness(
        state=state,
        n=comparison.n,
        repeat=comparison.baseline,
        candidate=comparison.candidate,
        lower=comparison.lower,
        upper=comparison.upper,
    )


def floor_of(aligned: Aligned, differing: Array, *, alpha: float, repeat_run: int) -> NoiseRow:
    """The effect that a repeated baseline run shows on one test set although nothing changed.

    Args:
        aligned: the baseline's scores, and the repeat's as the candidate's.
        differing: by item, shape (n,), the share of the repeat's answers that differ.
        repeat_run: id of the second run.
    """
    rising = aligned.requirement.higher_is_better
    worse, better = aligned.baseline, aligned.candidate
    if not rising:
        worse, better = better, worse
    comparison = compare(
        worse,
        better,
        clusters=aligned.clusters,
        weights=aligned.weights,
        alpha=alpha,
        bounds=aligned.requirement.bounds,
        unchanged=aligned.unchanged,
    )
    return NoiseRow(
        test_set=aligned.requirement.test_set,
        metric=aligned.requirement.metric,
        n=comparison.n,
        difference=comparison.difference,
        lower=comparison.lower,
        upper=comparison.upper,
        wins=comparison.wins,
        losses=comparison.losses,
        differing=float(differing.mean()),
        repeat_run=repeat_run,
    )


def sameness_sentence(comparison: Sameness, *, arm: str, baseline: str) -> str:
    """The comparison of texts as a sentence."""
    seen = (
        f"{comparison.candidate:.1%} of {arm}'s answers differ from {baseline}'s, and "
        f"{comparison.repeat:.1%} of a second run of {baseline}"
    )
    if comparison.state == "differs":
        return f"{seen}: {arm} does something else."
    if comparison.state == "no-op":
        return f"{seen}: no more than when nothing was changed. Was {arm} applied?"
    if comparison.repeat > MOST_NOISE:
        return (
            f"{seen}: texts that vary so much by themselves don't tell whether {arm} was applied."
        )
    return f"{seen}: too few answers to tell whether {arm} was applied."

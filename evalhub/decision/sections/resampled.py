"""A score of all answers together by a paired bootstrap, beside its interval. Pure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import count_text, with_sign
from evalhub.declare.amounts import Probability, Size
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord


class ResampledRow(Declaration):
    """A test set whose items were drawn anew, the same of both arms (`paired_bootstrap`).

    Attributes:
        score: the formula of `evalhub.stats.corpus`.
        items: those that both arms have a score of; `clusters`, if any, were drawn whole.
        baseline, candidate: the score of those items.
        lower, upper: between them lie 95% of the resamples' differences, candidate − baseline.
        p_value: as sacrebleu's `--paired-bs` has it.
    """

    test_set: str
    metric: str
    score: str
    items: Size
    clusters: Size | None
    resamples: Size
    seed: int
    baseline: float
    candidate: float
    lower: float
    upper: float
    p_value: Probability

    @property
    def difference(self) -> float:
        return self.candidate - self.baseline


class ResampledSection(Section):
    """A paired bootstrap of scores such as BLEU: for reading, never for the verdict."""

    title: ClassVar[str] = "Paired bootstrap"
    method: ClassVar[str] = "paired-bootstrap"
    order: ClassVar[int] = 155

    test_sets: tuple[ResampledRow, ...]

    def derive_status(self, arms: Arms) -> Status:
        return Status.PASS

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        for row in self.test_sets:
            drawn = "items" if row.clusters is None else "clusters"
            times = count_text(row.resamples, "resample")
            yield (
                f"{row.test_set}: {row.score} is {row.candidate:.2f} for {arms.candidate.name} and "
                f"{row.baseline:.2f} for {arms.baseline.name}, a difference of "
                f"{with_sign(row.difference)}; in 95% of {times} of the {drawn} it lies in "
                f"[{with_sign(row.lower)}, {with_sign(row.upper)}] (p as sacrebleu has it: "
                f"{row.p_value:.3f}; seed {row.seed})."
            )

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """No p-value is below that of no resample beyond, and an interval has its ends in order."""
        for i, row in enumerate(record.resampled.test_sets if record.resampled else ()):
            least, where = 1 / (row.resamples + 1), f"{at}resampled.test_sets[{i}]"
            if row.p_value < least * (1 - 1e-9):
                rule = "it is 1/(resamples + 1) or more"
                yield Discrepancy(f"{where}.p_value", row.p_value, least, rule)
            if row.lower > row.upper:
                rule = "no lower end is above its upper one"
                yield Discrepancy(f"{where}.lower", row.lower, row.upper, rule)

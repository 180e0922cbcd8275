"""How far a live experiment reached, step by step, and who said so. Pure."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field

from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.decision.sections.exposure import time_text
from evalhub.decision.wording import count_text, percent
from evalhub.declare.amounts import Size
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.home_bound import HOME_BOUND
from evalhub.declare.live_sums import Instant, Weight
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord


class StageRow(Declaration):
    """A step: from a time on, this share of all users.

    Attributes:
        experiment: 1 for the first of those that continue each other; epochs are counted on.
        coverage: the share of all users in the experiment; 0: it is stopped.
        by: number of the account that said so; null: the experiment by itself.
    """

    experiment: Size
    epoch: Size
    since: Instant
    weight: Weight
    coverage: float = Field(ge=0, le=1)
    by: Annotated[int | None, HOME_BOUND] = None
    reason: Annotated[str, HOME_BOUND] = ""

    @property
    def share(self) -> float:
        """The challenger's share of all users."""
        return self.weight * self.coverage


class StagesSection(Section):
    """The steps of the ramp, and the epochs: times with one salt and weight, each analysed
    by itself, and averaged by the number of their users."""

    title: ClassVar[str] = "Stages"
    method: ClassVar[str] = "epochs"
    order: ClassVar[int] = 33

    steps: tuple[StageRow, ...] = Field(min_length=1)

    def derive_status(self, arms: Arms) -> Status:
        return Status.PASS

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        for step in self.steps:
            who = "by itself" if step.by is None else f"by account {step.by}"
            what = (
                f"{arms.candidate.name} answers {percent(step.share)} of all users"
                if step.coverage
                else f"{arms.baseline.name} answers everybody"
            )
            why = f" ({step.reason})" if step.reason else ""
            yield f"{time_text(step.since)}, {who}: {what}{why}."
        experiments = {step.experiment for step in self.steps}
        epochs = {step.epoch for step in self.steps}
        if len(experiments) > 1:
            yield (
                f"It continues {count_text(len(experiments) - 1, 'earlier experiment')} on the "
                "same metric: together they are one sequence, in which each user counts once."
            )
        if len(epochs) > 1:
            yield (
                f"{count_text(len(epochs), 'epoch')} are analysed each by itself, and averaged by "
                "the number of their users."
            )

    def without_results(self) -> Self:
        """All of it: a share says nothing of any answer."""
        return self

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """Times and epochs rise; within an epoch the weight stays, or users would change the
        arm."""
        for i, (before, step) in enumerate(pairwise(record.stages.steps if record.stages else ())):
            inner = f"{at}stages.steps[{i + 1}]."
            if step.since < before.since:
                yield Discrepancy(f"{inner}since", step.since, before.since, "steps follow in time")
            for name in ("experiment", "epoch"):
                if (number := getattr(step, name)) < (earlier := getattr(before, name)):
                    yield Discrepancy(f"{inner}{name}", number, earlier, "it is counted up")
            if step.epoch == before.epoch and step.weight != before.weight:
                rule = "an epoch has one weight"
                yield Discrepancy(f"{inner}weight", step.weight, before.weight, rule)

"""What a proposal to train again rests on, as it was when it was made. Pure."""

from datetime import date

from pydantic import Field

from evalhub.declare.cost_sheet import Ends
from evalhub.declare.declaration import Declaration
from evalhub.declare.monitor import MonitorKind


class SliceLoss(Declaration):
    """What a slice lost, with its 95% interval. Nothing is claimed of one slice among several."""

    kind: str = Field(description="language, route or tag")
    value: str
    loss: Ends


class MonthlyLoss(Declaration):
    """What the loss means a month, by the requests of the last days."""

    requests: float = Field(description="a month, by those of the last four weeks")
    answers: Ends = Field(
        description="that are lost: a share's loss times the requests; of a score, as many as "
        "would fall from 1 to 0"
    )


class RetrainCost(Declaration):
    """What it costs to train once more, by what is known of this version's own training."""

    study: str = Field(description="whose statement of ownership it is; empty: there is none")
    currency: str
    amount: Ends | None = Field(description="null: nothing of it is known; never 0 for that")
    missing: tuple[str, ...] = Field(description="what isn't in the amount, and what would make it")


class AlarmBeside(Declaration):
    """An alarm of another monitor that was open at the same time."""

    alarm: int
    kind: MonitorKind
    subject: str


class RetrainEvidence(Declaration):
    """The loss, where it is largest, what else changed, and what it costs."""

    metric: str
    subject: str
    since: date | None = Field(description="the day on which the loss most likely began")
    loss: Ends = Field(description="against the reference, with its 95% interval; above 0 is worse")
    slices: tuple[SliceLoss, ...] = Field(description="those that lost most, the largest first")
    inputs: tuple[AlarmBeside, ...] = Field(description="what users ask had changed, too")
    repair: tuple[AlarmBeside, ...] = Field(
        description="the served model itself had changed or fails: then it is to be repaired"
    )
    monthly: MonthlyLoss | None = Field(
        description="null: no requests in the last four weeks, or the metric is no share of answers"
    )
    training: RetrainCost

    @property
    def is_to_be_repaired(self) -> bool:
        """Whether the endpoint, and not the model, is what changed."""
        return bool(self.repair)

    @property
    def spared(self) -> Ends | None:
        """What an answer must be worth for training again to pay within a month, in the currency.
        None where the cost isn't known, or a month without any loss is within the interval."""
        amount, monthly = self.training.amount, self.monthly
        if amount is None or monthly is None or monthly.answers.low <= 0:
            return None
        lost = monthly.answers
        return Ends(
            low=amount.low / lost.high, value=amount.value / lost.value, high=amount.high / lost.low
        )

"""What a study would ask and cost: the output of `study run --dry-run`."""

from typing import Literal

from pydantic import Field

from evalhub.declare.amounts import Count, Probability, Size
from evalhub.declare.declaration import Declaration
from evalhub.declare.prices import UsedPrice
from evalhub.declare.roles import DemandRole


class PlannedRun(Declaration):
    """One arm on one test set. `requests` are those that are still to be made: none of what is
    recorded or was answered before."""

    arm: str
    test_set: str
    repeat: Count = Field(description="1: the same again, for the noise floor")
    live: bool
    requests: Count
    reused: Count = Field(
        0, description="answers that the same version has given before: taken over, not asked for"
    )
    prompt_tokens: Count = Field(description="a token a 4 characters of what is sent")
    completion_tokens: Count | None = Field(
        description="at most, by max_tokens; null where the arm sets none"
    )
    money: float | None = Field(description="at most, by the arm's price; null where unknown")
    price: UsedPrice | None = Field(None, description="by which, and where it is known from")


class PlannedBudget(Declaration):
    """A budget beside the requests that are still to come.

    Attributes:
        arm: "" of the whole study.
        enough: whether what may be asked at most fits into what is left; null: nobody knows.
    """

    arm: str
    tokens: int | None
    money: float | None
    spent_tokens: int
    spent_money: float
    enough: bool | None
    sentence: str


class PlannedJudging(Declaration):
    """What a judge would still be asked on one test set: about one arm's answers, or where `arm` is
    null about pairs of the baseline's and the candidate's.

    Answers that aren't there yet are taken for as long as their arms' max_tokens allow (where one
    sets none, for nothing), and all pairs of them for two that differ.
    """

    judge: str
    arm: str | None
    test_set: str
    requests: Count
    prompt_tokens: Count
    completion_tokens: Count | None = Field(
        description="at most, by max_tokens; null where the judge sets none"
    )
    money: float | None = Field(description="at most, by the judge's price; null where unknown")
    price: UsedPrice | None = Field(None, description="by which, and where it is known from")


class PlannedLook(Declaration):
    """How the candidate in question would be judged on one test set.

    Attributes:
        number: of the look that judges it; null where no ledger counts.
        taken: these very answers were judged before: the look is free.
        charged: a look is, or was, taken for this test set; else it is judged by that of another.
        judged: how many of the items are judged; the others choose the baseline.
        refused: the items were drawn for another look, and no other claim is judged on them.
        deviation: of the items' differences; None where nothing is known of the metric's.
        smallest: the effect that so many items show with 80% power.
        wanted: the effect that is asked about: the planned gain, or a guard's margin.
        needed: items for that, with those that choose; `short`, how many are missing.
    """

    test_set: str
    role: DemandRole
    items: Size
    judged: Size
    number: Size | None
    taken: bool
    charged: bool
    shared_by: Size | None = Field(
        None, description="arms of the study that share the look; the level is one of them's"
    )
    refused: bool
    level: Probability
    deviation: float | None
    seen: bool = Field(description="whether the deviation is that of an earlier decision")
    design_effect: float = Field(ge=1)
    smallest: float | None
    wanted: float | None
    needed: Size | None
    short: Count | None
    sentence: str


class StudyPlan(Declaration):
    """All that `study run` would do. Nothing is registered, asked or written for it."""

    schema_: Literal["evalhub.plan/1"] = Field("evalhub.plan/1", alias="schema")
    study: str
    candidate: str
    arms: Size = Field(description="how many are judged, the candidate first")
    runs: tuple[PlannedRun, ...]
    judging: tuple[PlannedJudging, ...] = ()
    requests: Count = Field(description="to arms and judges, like what follows")
    prompt_tokens: Count
    completion_tokens: Count | None = Field(description="null where one of them sets no max_tokens")
    money: float | None = Field(description="null where one that is asked has no price")
    budgets: tuple[PlannedBudget, ...] = ()
    looks: tuple[PlannedLook, ...]


class RecordPlan(Declaration):
    """All that `record` would ask. Nothing is registered, asked or written for it."""

    schema_: Literal["evalhub.answers-plan/1"] = Field("evalhub.answers-plan/1", alias="schema")
    study: str
    arms: tuple[str, ...]
    runs: tuple[PlannedRun, ...]
    judging: tuple[PlannedJudging, ...] = Field((), description="of answers one by one")
    requests: Count = Field(description="to arms and judges, like what follows")
    prompt_tokens: Count
    completion_tokens: Count | None = Field(description="null where one of them sets no max_tokens")
    money: float | None = Field(description="null where one that is asked has no price")
    budgets: tuple[PlannedBudget, ...] = ()


class LookCost(Declaration):
    """What one look costs: `items_factor` is how many times the first look's items it needs."""

    number: Size
    level: Probability
    items_factor: float = Field(ge=1)
    smallest: float = Field(description="the effect that the items at hand show")
    spent: bool


class LooksDocument(Declaration):
    """What the looks at a test set of `n` items cost, at a deviation of `sd`."""

    schema_: Literal["evalhub.looks/1"] = Field("evalhub.looks/1", alias="schema")
    n: Size
    sd: float
    alpha: Probability
    power: Probability
    looks: tuple[LookCost, ...]

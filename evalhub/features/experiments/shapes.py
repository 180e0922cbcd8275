"""What REST takes and gives of experiments; commands print the same."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AliasPath, Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.experiment import ExperimentPlan, PlanDraft
from evalhub.features.experiments.models import Experiment, Step
from evalhub.features.experiments.planning import GuardPower, MetricSpread, PowerPlan, PrimaryPower
from evalhub.features.experiments.starting import FLAG
from evalhub.frames.rest.shapes import ResponseBody, address
from evalhub.io.numbers import LARGEST
from evalhub.registry.version_names import version_name

LONGEST_REASON = 4000
Reason = Annotated[str, Field(min_length=1, max_length=LONGEST_REASON)]
VersionName = Annotated[str, Field(max_length=200, description="as MODEL@NUMBER")]
Share = Annotated[
    float, Field(ge=-LARGEST, le=LARGEST, description="the challenger's, of all users: 0.05 is 5%")
]


class ExperimentRequest(Declaration):
    """An experiment to start now."""

    name: str = Field(max_length=120, description="the experiment's, and that of its study")
    challenger: VersionName
    challenger_name: str = Field(description="under which it is served, as requests have it")
    champion_name: str = Field(description="under which the project's champion is served")
    plan: PlanDraft
    reason: Reason
    decision: int | None = Field(
        None, ge=1, le=2**63 - 1, description="by which it may ship; null: the newest that says so"
    )
    share: Share | None = Field(None, description="to begin with; null: the first of the ramp")
    flag: str = Field(FLAG, description="the key by which clients ask for the arm")


class PlanRequest(Declaration):
    """A plan whose power is asked for; nothing is stored."""

    plan: PlanDraft


class ShareRequest(Declaration):
    share: Share
    reason: Reason
    instead_of: Share | None = Field(
        None, description="what you take for the present share: 409 where it is another one"
    )


class EpochRequest(Declaration):
    reason: Reason
    weight: float | None = Field(
        None,
        ge=-LARGEST,
        le=LARGEST,
        description="the challenger's share of those in the experiment; null: as before",
    )


class ExperimentActRequest(Declaration):
    reason: Reason


class StepOut(ResponseBody):
    """How far an experiment reaches from a time on."""

    epoch: int = Field(description="the same salt and weight")
    weight: float = Field(description="the challenger's share of those in the experiment")
    coverage: float = Field(description="of all users; 0: it is stopped")
    share: float = Field(
        validation_alias=AliasPath("rule", "share"), description="the challenger's, of all users"
    )
    since: datetime
    by: int | None = Field(
        validation_alias="by_id", description="number of the account; null: by itself"
    )
    reason: str


class ReadingOut(ResponseBody):
    """How the criteria stood at a time."""

    at: datetime
    users: int = Field(description="of both arms")
    verdict: str
    points: dict[str, Any] = Field(
        description="by criterion its difference, positive where the challenger is better, and its "
        "bounds, good at any time, and of how many users; and the ratio check"
    )


class ExperimentOut(ResponseBody):
    """A live experiment: a share of the users gets the challenger's answers."""

    id: int
    name: str = Field(validation_alias=AliasPath("study", "name"))
    state: Literal["running", "stopped", "rolled-back", "promoted"]
    champion: str = Field(description="as MODEL@NUMBER")
    champion_name: str = Field(description="under which it is served")
    challenger: str = Field(description="as MODEL@NUMBER")
    challenger_name: str = Field(description="under which it is served")
    flag: str = Field(description="the key by which clients ask for the arm")
    share: float = Field(description="the challenger's, of all users, now")
    users: int | None = Field(description="of both arms, when last read; null: not read yet")
    verdict: Literal["ship", "hold", "need-more-data", "invalid"] | None = Field(
        description="when last read; null: not read yet"
    )
    read: datetime | None = Field(description="when that was")
    decision: int | None = Field(
        validation_alias="decision_id",
        description="by which the challenger may ship; null: an owner's word",
    )
    reason: str
    by: int = Field(validation_alias="by_id", description="number of the account")
    started: datetime
    ended: datetime | None = Field(description="null: it is running")
    ended_by: int | None = Field(
        validation_alias="ended_by_id", description="number of the account; null: by itself"
    )
    ended_reason: str
    last_exposure: datetime | None = Field(
        description="the newest request that the challenger answered"
    )
    followed: datetime | None = Field(description="when its traffic was last counted")
    continues: int | None = Field(
        validation_alias="continues_id",
        description="the earlier one of the same pair and metric, whose users count on",
    )
    metric_number: int = Field(description="which primary metric of this pair it is, from 1")
    plan: ExperimentPlan
    url: str

    @classmethod
    def from_model(cls, row: Experiment, /, **computed: Any) -> Self:
        """Of a row that is `with_standing`."""
        return super().from_model(
            row,
            state=row.outcome or "running",
            champion=version_name(row.champion),
            challenger=version_name(row.challenger),
            url=address("experiment", row.project.slug, row.pk),
            **computed,
        )


class FollowedExperimentOut(ExperimentOut):
    """An experiment with its steps and its decisions."""

    steps: tuple[StepOut, ...] = Field(description="oldest first; the newest holds")
    decisions: tuple[int, ...] = Field(description="newest first: one for each change of verdict")

    @classmethod
    def from_model(cls, row: Experiment, /, **computed: Any) -> Self:
        steps: list[Step] = list(row.steps.in_order())
        return super().from_model(
            row,
            steps=[StepOut.from_model(step) for step in steps],
            decisions=list(row.study.decisions.newest_first().values_list("pk", flat=True)),
            **computed,
        )


class SpreadOut(ResponseBody):
    """A metric over users, in the last days."""

    users: int = Field(description="that were read")
    mean: float | None = Field(description="of all requests, in its unit; null: nothing says it")
    problem: str = Field(description="why nothing can be planned by it; empty: it can")

    @classmethod
    def of(cls, spread: MetricSpread) -> Self:
        return cls(users=spread.users, mean=spread.mean, problem=spread.problem)


class PrimaryPowerOut(ResponseBody):
    """What the primary needs: with 80% power, looked at as often as one likes."""

    metric: str
    traffic: SpreadOut
    users: int | None = Field(description="of both arms; null: it can't be said")
    days: int | None = Field(description="at the present traffic; null: never, or it can't be said")

    @classmethod
    def of(cls, power: PrimaryPower) -> Self:
        traffic = SpreadOut.of(power.spread)
        metric = power.measure.metric
        return cls(metric=metric, traffic=traffic, users=power.users, days=power.days)


class GuardPowerOut(ResponseBody):
    """What a guard notices."""

    metric: str
    margin: float
    traffic: SpreadOut
    noticed: float | None = Field(
        description="the smallest loss that the planned users prove; null: it can't be said"
    )
    users: int | None = Field(description="until a loss of twice the margin is proven")
    days: int | None

    @classmethod
    def of(cls, power: GuardPower) -> Self:
        return cls(
            metric=power.measure.metric,
            margin=power.measure.margin,
            traffic=SpreadOut.of(power.spread),
            noticed=power.noticed,
            users=power.users,
            days=power.days,
        )


class PowerPlanOut(ResponseBody):
    """What an experiment by a plan would need and notice, by the traffic of the last days."""

    planned_users: int = Field(description="of both arms: what was planned, or else is needed")
    users_a_day: float | None = Field(description="null: no request names a user")
    without_user: float = Field(description="share of requests that name no user: they can't count")
    primary: PrimaryPowerOut
    guards: tuple[GuardPowerOut, ...]

    @classmethod
    def of(cls, power: PowerPlan) -> Self:
        return cls(
            planned_users=power.plan.planned_users,
            users_a_day=power.users_a_day,
            without_user=power.without_user,
            primary=PrimaryPowerOut.of(power.primary),
            guards=tuple(GuardPowerOut.of(guard) for guard in power.guards),
        )

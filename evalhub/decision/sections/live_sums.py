"""What a live experiment's criteria are computed from: users' sums, written down. Pure."""

from collections.abc import Iterator
from math import ceil, isclose
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from evalhub.decision.criterion import Criterion, PlannedUsers
from evalhub.decision.inconsistent import FOLLOWS, POLICY_ASKS, Discrepancy
from evalhub.decision.live_criteria import live_criteria, waiting_criteria
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import count_text
from evalhub.declare.amounts import Amount, Size
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.experiment import ExperimentPlan
from evalhub.declare.live_sums import MetricSums
from evalhub.declare.verdicts import Status
from evalhub.stats.user_ratios import HARM_PLAN

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord

MEASURED = (
    "role",
    "tier",
    "metric",
    "unit",
    "margin",
    "min_gain",
    "planned_gain",
    "bound",
    "higher_is_better",
    "n",
    "baseline",
    "candidate",
    "difference",
    "lower",
    "upper",
    "alpha",
    "harm_alpha",
    "p_value",
    "p_harm",
    "p_bound",
    "method",
    "test",
    "sd",
    "gap",
    "users",
)
"""Fields of a criterion that follow from the sums and the plan."""
EXPERIMENT = "experiment"
"""The key of a record's `policy` that holds the plan of a live experiment."""


class LiveSumsSection(Section):
    """Users' sums by metric, epoch and arm: all numbers of the criteria follow from them.

    Attributes:
        metric_number: which primary metric of this pair of versions it is.
        tuned_at: users of both arms at which the lower ends are narrowest: the planned users of the
            first experiment of those that continue each other. The upper ends are so at
            `evalhub.stats.user_ratios.HARM_PLAN` of them.
        users_a_day: who came to the experiment of late; 0: it has ended, or nobody came.
    """

    title: ClassVar[str] = "Users' sums"
    method: ClassVar[str] = "user-ratios"
    order: ClassVar[int] = 34

    metric_number: Size
    tuned_at: Size
    users_a_day: Amount
    metrics: tuple[MetricSums, ...] = Field(description="the primary's, then each guard's")

    def criteria(self, plan: ExperimentPlan) -> list[Criterion]:
        """The criteria that follow from the sums, before the rule has looked at them."""
        return live_criteria(
            self.metrics,
            plan,
            metric_number=self.metric_number,
            users=PlannedUsers(tuned_at=self.tuned_at, a_day=self.users_a_day),
        )

    def derive_status(self, arms: Arms) -> Status:
        return Status.PASS

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        yield (
            "Each interval is of ratios of users' sums (the delta method), and holds however often "
            f"it is looked at. Its lower end is narrowest at {count_text(self.tuned_at, 'user')}, "
            f"its upper end, which shows harm, at {ceil(self.tuned_at * HARM_PLAN):,}."
        )
        yield (
            "Where an experiment ends as soon as its verdict is clear, the difference is likely "
            "too large; its interval holds all the same."
        )
        if self.metric_number > 1:
            yield (
                f"It is primary metric {self.metric_number} of {arms.candidate.name} against "
                f"{arms.baseline.name}: each later one is another try, and judged at a stricter "
                "level."
            )

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """The criteria are what follows from the sums and the plan, and nobody else's."""
        section, written = record.live_sums, record.policy.get(EXPERIMENT)
        live = [i for i, row in enumerate(record.criteria) if row.kind.counts_users]
        if section is None:
            for i in live:
                rule = "a criterion of a live experiment rests on sums"
                yield Discrepancy(f"{at}criteria[{i}].name", record.criteria[i].name, None, rule)
            return
        try:
            plan = validate(ExperimentPlan, written)
        except DeclarationError as error:
            rule = f"no plan of a live experiment: {error}"
            yield Discrepancy(f"{at}policy.{EXPERIMENT}", written, None, rule)
            return
        yield from _unlike_plan(record, plan, at)
        yield from _too_many_users(record, section, at)
        yield from _unlike_sums(record, section, plan, at)


def _unlike_plan(record: "DecisionRecord", plan: ExperimentPlan, at: str) -> Iterator[Discrepancy]:
    for name, used, due in (
        ("alpha", record.alpha, plan.alpha),
        ("rule.alpha", record.rule.alpha, plan.alpha),
        ("rule.harm_alpha", record.rule.harm_alpha, plan.harm_alpha),
    ):
        if used != due:
            yield Discrepancy(f"{at}{name}", used, due, POLICY_ASKS)


def _too_many_users(
    record: "DecisionRecord", section: LiveSumsSection, at: str
) -> Iterator[Discrepancy]:
    """A metric is about no more users than came, and measured on no more than it is about."""
    if record.exposure is None:
        return
    for i, row in enumerate(section.metrics):
        for name in ("champion", "challenger"):
            arms = [getattr(epoch, name) for epoch in row.epochs]
            users, came = sum(arm.users for arm in arms), getattr(record.exposure, name).users
            if users > came:
                rule = f"so many users came to the {name}"
                yield Discrepancy(f"{at}live_sums.metrics[{i}].epochs", users, came, rule)
            for n, arm in enumerate(arms):
                if arm.measured > arm.users:
                    field = f"{at}live_sums.metrics[{i}].epochs[{n}].{name}.measured"
                    yield Discrepancy(field, arm.measured, arm.users, "they are among its users")


def _unlike_sums(
    record: "DecisionRecord", section: LiveSumsSection, plan: ExperimentPlan, at: str
) -> Iterator[Discrepancy]:
    if record.invalid:
        return
    criteria = section.criteria(plan)
    for sentence in waiting_criteria(criteria, plan):
        if sentence not in record.pending:
            yield Discrepancy(f"{at}pending", None, sentence, "a ship waits for it")
    measured = {row.name: row for row in criteria}
    rows = {row.name: i for i, row in enumerate(record.criteria)}
    for name in measured.keys() - rows.keys():
        yield Discrepancy(f"{at}criteria", None, name, "its sums are there")
    for name, i in rows.items():
        if name not in measured:
            yield Discrepancy(f"{at}criteria[{i}].name", name, None, "no sums are of it")
            continue
        for field in MEASURED:
            recorded, due = (getattr(row, field) for row in (record.criteria[i], measured[name]))
            if not _alike(recorded, due):
                yield Discrepancy(f"{at}criteria[{i}].{field}", recorded, due, FOLLOWS)


def _alike(recorded: Any, due: Any) -> bool:
    if isinstance(recorded, float) and isinstance(due, float):
        return isclose(recorded, due, rel_tol=1e-9, abs_tol=1e-12)
    return bool(recorded == due)

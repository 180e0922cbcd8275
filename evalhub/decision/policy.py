"""The policy: what must hold for a ship, and how sure a verdict must be.

A policy is a document of its own (`evalhub.policy/1`, see docs/reference/policy.md). Its study-wide
part is a part of every study file too. What it can ask stands in `evalhub.decision.criteria`. Pure
but for reading the file.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Protocol, cast

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from evalhub.decision.criteria.judge import Pairwise
from evalhub.decision.criteria.preference import PreferenceRule
from evalhub.decision.criteria.primary import Primary
from evalhub.decision.criteria.table import Budgets
from evalhub.declare.answers_rule import AnswersRule
from evalhub.declare.declaration import invalid, read_declaration
from evalhub.declare.defaults import PLANNED_GAIN
from evalhub.declare.measured_on import NO_TAIL, NO_WORST, check_criterion_names
from evalhub.declare.ownership import Ownership
from evalhub.declare.people import PeopleFloor
from evalhub.declare.policy import (
    LEDGER,
    PRIMARIES,
    Alpha,
    FailureUse,
    HarmAlpha,
    JumpUse,
    LeakageUse,
    LedgerPlace,
    LedgerScope,
    Named,
    NoiseFloor,
    PlannedGain,
    PolicyCriterion,
    Primaries,
    Tier,
)
from evalhub.declare.prices import Price
from evalhub.declare.study import Development, Promoted, StudyReview
from evalhub.stats.levels import ALPHA, HARM_ALPHA

SCHEMA: Literal["evalhub.policy/1"] = "evalhub.policy/1"


class Tiered(Protocol):
    """What a ship may have to show."""

    @property
    def tier(self) -> Tier: ...


def check_critical(demands: Iterable[Tiered], asks_people: bool, at: str) -> None:
    """Refuse, in the field `at`, demands of which none is critical: anything would ship."""
    if not asks_people and all(each.tier != "critical" for each in demands):
        raise invalid(
            "nothing here is critical, so that anything would ship: give a primary, or make a "
            "guard critical (leave out its tier)",
            at,
        )


class Rule(AnswersRule):
    """How sure a verdict must be, and what counts in it.

    Attributes:
        primaries: whether all of them must gain, or one is enough and none may be harmed.
        alpha: one-sided level of the end that must pass, of which the ledger leaves a part.
        harm_alpha: one-sided level of the end by which a criterion fails, whole for each.
        planned_gain: gain beyond a primary's min_gain that is to be detected, where it names none.
        ledger: whose level the k-th candidate on a test set pays with.
        ledger_at: "server": only a home that is a server's may decide.
        leakage: "judge": the verdicts on all items and on the clean ones must agree;
            "report": it is said only.
        failures: "invalid": no verdict rests on them; "worst": an answer that failed scores the
            metric's worst, and the result without its item stands beside.
    """

    primaries: Primaries = Field(
        PRIMARIES,
        description="whether every primary must gain, or one is enough and none may be harmed",
    )
    alpha: Alpha = ALPHA
    harm_alpha: HarmAlpha = HARM_ALPHA
    planned_gain: PlannedGain = PLANNED_GAIN
    budgets: Budgets = Field(
        cast("Budgets", {}),
        description="what a candidate may cost beside the baseline: by the mean of its latency or "
        "cost, or by the 95% quantile of its latency; and what owning it must save a month",
    )
    ledger: LedgerScope = Field(
        LEDGER,
        description="what the k-th candidate on a test set pays with: its primaries' level, every "
        "criterion's, or nothing",
    )
    ledger_at: LedgerPlace = Field(
        "home",
        description="whose ledger counts the looks: that of the home where it is decided, or a "
        "server's alone: then a decision anywhere else is refused",
    )
    leakage: LeakageUse = Field(
        "judge",
        description="whether items that were trained on decide, are only said, or aren't looked "
        "for",
    )
    failures: FailureUse = Field(
        "invalid",
        description="what answers that failed for good make of the evidence: invalid, or the "
        "worst score that the metric has",
    )
    jumps: JumpUse = Field(
        "report",
        description="whether a gain beyond belief holds a ship back, is only said, or isn't looked "
        "for",
    )
    largest_gain: dict[Named, PlannedGain] = Field(
        {},
        description="by criterion, the gain beyond which a result isn't believed; a guard's margin "
        "where none is said",
    )


class Policy(Rule):
    """What must hold for a candidate to ship, and how sure a verdict must be."""

    schema_: Literal["evalhub.policy/1"] = Field(alias="schema")
    preference: PreferenceRule | None = Field(
        None, description="what is asked of people's judgments; null: nobody is asked"
    )
    noise_floor: NoiseFloor = False
    criteria: dict[Named, PolicyCriterion] = Field(min_length=1)

    @field_validator("criteria")
    @classmethod
    def _with_test_sets(
        cls, criteria: dict[str, PolicyCriterion], info: ValidationInfo
    ) -> dict[str, PolicyCriterion]:
        measured: dict[tuple[str, str, str], str] = {}
        completed: dict[str, PolicyCriterion] = {}
        for name, criterion in criteria.items():
            if name in info.data.get("budgets", {}):
                raise invalid("is the name of a budget: choose another", name)
            test_set = criterion.test_set or name
            first = measured.setdefault((criterion.role, test_set, criterion.metric), name)
            if first != name:
                raise invalid(
                    f"is criterion {first!r} again: {criterion.metric} on {test_set}, "
                    f"as a {criterion.role}",
                    name,
                )
            completed[name] = criterion.model_copy(update={"test_set": test_set})
        return completed

    @model_validator(mode="after")
    def _something_is_critical(self) -> "Policy":
        demands: list[Tiered] = [*self.criteria.values(), *self.budgets.values()]
        asks_people = self.preference is not None and self.preference.required
        check_critical(demands, asks_people, "criteria")
        return self

    @model_validator(mode="after")
    def _gains_are_of_criteria(self) -> "Policy":
        check_criterion_names(self.largest_gain, self.criteria, "largest_gain")
        return self

    @model_validator(mode="after")
    def _failures_have_a_score(self) -> "Policy":
        for name, criterion in self.criteria.items() if self.failures == "worst" else ():
            if criterion.bounds is None:
                raise invalid(NO_WORST.format(criterion.metric), "criteria", name, "bounds")
        return self

    @model_validator(mode="after")
    def _tails_have_an_end(self) -> "Policy":
        for name, criterion in self.criteria.items():
            if criterion.tails is not None and criterion.bounds is None:
                raise invalid(NO_TAIL.format(criterion.metric), "criteria", name, "bounds")
        return self

    @model_validator(mode="after")
    def _budgets_are_measured(self) -> "Policy":
        if not any(each.role == Primary.role for each in self.criteria.values()):
            for name, budget in self.budgets.items():
                if budget.test_set is None:
                    raise invalid(
                        "say its test_set: there is no primary to measure it on", "budgets", name
                    )
        return self


class StudyPolicy(Rule, PeopleFloor):
    """The study-wide part of the policy."""


class StudySettings(StudyPolicy):
    """What holds for a whole study, as the database keeps it.

    Attributes:
        development: None where the baseline is an arm that the study names.
        prices: by arm, where a price is said.
        pairwise: None where no judge compares the arms.
        ownership: None where nobody says what owning the candidate costs.
    """

    noise_floor: NoiseFloor = False
    promoted: Promoted = False
    development: Development | None = None
    prices: dict[str, Price] = {}
    pairwise: Pairwise | None = None
    ownership: Ownership | None = None


def read_policy(path: Path) -> Policy:
    """Read and check a policy document, YAML or JSON.

    Raises:
        evalhub.io.rows.DataError: what is wrong, with file, line and field.
    """
    from evalhub.io.document import Document  # it loads YAML, and `evalhub compare` needs none

    start = f"a policy is a mapping that starts with schema: {SCHEMA}"
    return read_declaration(Policy, Document(path), start=start)


def policy_of_study(
    settings: StudySettings, review: StudyReview | None, criteria: Mapping[str, PolicyCriterion]
) -> Policy:
    """A study's policy, from its settings, its review and its test sets' criteria."""
    shared = {name: getattr(settings, name) for name in (*Rule.model_fields, "noise_floor")}
    preference = None
    if review is not None:
        preference = PreferenceRule(
            required=review.required,
            min_gain=review.min_gain,
            min_agreement=settings.min_agreement,
            min_reviewers=settings.min_reviewers,
            unconfirmed_reviewers=settings.unconfirmed_reviewers,
        )
    return Policy(schema_=SCHEMA, criteria=dict(criteria), preference=preference, **shared)

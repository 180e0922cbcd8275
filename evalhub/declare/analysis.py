"""The documents that `agreement`, `labels`, `preference`, `judge-check`, `power`, `sample` give.

docs/reference/analysis.md explains them. Parts that the statistics return are taken as they are.
"""

from typing import Literal

from pydantic import Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import JudgeVerdict
from evalhub.stats.agreement import RaterAgreement
from evalhub.stats.intervals import Estimate
from evalhub.stats.power import Effort
from evalhub.stats.ppi import PoweredEstimate
from evalhub.stats.ratings import Level
from evalhub.stats.sides import LengthControl, LongerChosen, PositionBias, SelfConsistency


class RaterPair(Declaration):
    """Cohen's kappa of two raters; None where it is undefined."""

    raters: tuple[str, str]
    units: int
    value: float | None


class AgreementDocument(Declaration):
    """How far raters agree; `state` says what keeps a number from being had."""

    schema_: Literal["evalhub.agreement/1"] = Field("evalhub.agreement/1", alias="schema")
    state: str
    level: Level
    units: int
    raters: int
    ratings: int
    labels: int = Field(description="how many chance was reckoned with")
    scale: Literal["declared", "seen"]
    raw_agreement: float | None
    krippendorff_alpha: Estimate
    gwet_ac1: Estimate
    fleiss_kappa: float | None
    brennan_prediger: float | None
    cohen_kappa: list[RaterPair]
    prevalence: dict[str, float]
    per_rater: list[RaterAgreement]


class UnitLabel(Declaration):
    """What a unit most likely is; `label` is None where that isn't told.

    `state`: "ok", "tie" (two labels have as many votes), "unsure" (the likeliest has less than the
    chance that was asked) or "unrated". `posterior` is each label's chance, by Dawid and Skene.
    """

    unit: str
    label: str | bool | int | float | None
    state: Literal["ok", "tie", "unsure", "unrated"]
    votes: dict[str, int]
    posterior: dict[str, float] | None = None


class Habits(Declaration):
    """A rater's table of habits: true label → given label → share; None for a true label that the
    rater most likely never met."""

    rater: str
    ratings: int
    confusion: dict[str, dict[str, float] | None]


class LabelsDocument(Declaration):
    """One label a unit from several raters, and how it was come by.

    `prior` to `converged` are Dawid and Skene's, and null of a majority.
    """

    schema_: Literal["evalhub.labels/1"] = Field("evalhub.labels/1", alias="schema")
    method: Literal["majority", "dawid-skene"]
    units: int
    raters: int
    ratings: int
    labelled: int
    ties: int
    unsure: int
    unrated: int
    shares: dict[str, int] = Field(description="labelled units of each label")
    prior: dict[str, float] | None = None
    habits: list[Habits] | None = None
    log_likelihood: float | None = None
    iterations: int | None = None
    converged: bool | None = None
    labels: list[UnitLabel]


class PreferenceDocument(Declaration):
    """Which of two arms people prefer, and whether side or length decided it.

    A part is None where the file doesn't hold what it is computed from.
    """

    schema_: Literal["evalhub.preference/1"] = Field("evalhub.preference/1", alias="schema")
    state: Literal["ok", "one-item", "all-alike", "one-rater"]
    score: float
    lower: float
    upper: float
    level: float
    p_better: float
    p_worse: float
    judgments: int
    items: int
    raters: int
    wins: int
    losses: int
    ties: int
    both_bad: int
    method: str
    without_choice: int
    position_bias: PositionBias | None
    length_bias: LengthControl | None
    self_consistency: SelfConsistency | None


class JudgeCheckDocument(Declaration):
    """Whether an LLM judge may stand in for people.

    `krippendorff_alpha`, of people's majority and the judge, has the limits that `floor` is held
    against; `win_score` is None where it can't be had.
    """

    schema_: Literal["evalhub.judge-check/1"] = Field("evalhub.judge-check/1", alias="schema")
    verdict: JudgeVerdict
    why: str
    floor: float
    state: str
    shared: int
    judged: int
    labelled: int
    agreement_state: str
    raw_agreement: float | None
    krippendorff_alpha: Estimate
    gwet_ac1: Estimate
    cohen_kappa: float | None
    people_win_score: float
    judge_win_score: float
    position_bias: PositionBias | None
    length_bias: LengthControl | None
    people_longer: LongerChosen | None
    cautions: tuple[str, ...]
    win_score: PoweredEstimate | None


class PowerCriterion(Declaration):
    """One thing to show: what it takes, and the least difference that the size at hand shows."""

    name: str
    gap: float | None
    sd: float
    needed: Effort | None
    minimum_detectable_effect: float | None


class GivenSize(Declaration):
    """What the size at hand can show, all criteria together, and what it costs."""

    n: int
    power: float | None
    effort: Effort


class CurvePoint(Declaration):
    """A size with its power and the least difference that it shows of every criterion; None: it
    shows none."""

    n: int
    power: float | None
    minimum_detectable_effect: float | None


class PowerDocument(Declaration):
    """How much evidence a question needs. Sizes are items, of a preference judgments."""

    schema_: Literal["evalhub.power/1"] = Field("evalhub.power/1", alias="schema")
    question: Literal["difference", "guard", "preference"]
    unit: Literal["items", "judgments"]
    alpha: float
    power: float
    design_effect: float
    criteria: list[PowerCriterion]
    given: GivenSize | None
    curve: list[CurvePoint]
    samples_that_suffice: int | None = None
    people: int | None = Field(
        None, description="who judge; null: so many that what each leans by doesn't count"
    )
    lean: float | None = Field(None, description="deviation of the people's own win scores")
    sentences: tuple[str, ...] = Field(
        (), description="whether the size at hand is enough, and what is assumed"
    )
    caution: str = Field("", description="of a preference: what the sizes take for granted")

"""A decision's record: a verdict on one candidate arm with all that it rests on.

The same from every door (docs/reference/verdict-json.md); docs/verdict.schema.json is made from it.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from evalhub.declare.alarms import JumpsSection, PolicySection
from evalhub.declare.answers_section import AnswersSection
from evalhub.declare.caveats import Caveat
from evalhub.declare.consistency import ConsistencySection
from evalhub.declare.copies_section import CopiesSection
from evalhub.declare.costs import PricesSection
from evalhub.declare.criteria import Count, Criterion, Level, Probability, Size
from evalhub.declare.declaration import Declaration
from evalhub.declare.home_bound import HOME_BOUND
from evalhub.declare.judging import JudgeSection
from evalhub.declare.ledger_head import LedgerHead
from evalhub.declare.ledger_section import LedgerSection
from evalhub.declare.ownership_section import OwnershipSection
from evalhub.declare.policy import Alpha, HarmAlpha, Primaries
from evalhub.declare.sections import (
    AppliedSection,
    ChoiceSection,
    Digest,
    EvidenceRow,
    ExtensionSection,
    FailuresSection,
    ImportedSection,
    LeakageSection,
    NoiseSection,
    People,
    RepeatedSection,
    Section,
)
from evalhub.declare.steps_section import StepsSection
from evalhub.declare.verdicts import Verdict

SCHEMA: Literal["evalhub.decision/1"] = "evalhub.decision/1"


def _is_none(value: object) -> bool:
    return value is None


def _is_empty(values: tuple[Caveat, ...]) -> bool:
    return not values


class RecordedRule(Declaration):
    """How the criteria were put together.

    Attributes:
        alpha: what the policy asks for; the record's own `alpha` is what the ledger leaves of it.
        harm_alpha: one-sided level of the end by which a criterion fails, whole for each.
        alphas: by a criterion's name, the level that it has instead, before any-of divides it.
    """

    primaries: Primaries
    alpha: Alpha
    harm_alpha: HarmAlpha
    alphas: dict[str, Alpha]


class ArmName(Declaration):
    """An arm: its version in a study, its file in a comparison of files."""

    name: str
    digest: str = Digest
    kind: str | None = None
    version: Annotated[str | None, HOME_BOUND] = None
    file: Annotated[str | None, HOME_BOUND] = None


class Arms(Declaration):
    baseline: ArmName
    candidate: ArmName


class StudyName(Declaration):
    project: str
    slug: str
    name: str


class BreakdownRow(Declaration):
    """The difference on the items of one tag: for reading, never for the verdict."""

    test_set: str
    tag: str
    metric: str
    n: Size
    baseline: float
    candidate: float
    difference: float
    lower: float
    upper: float
    wins: Count
    losses: Count
    ties: Count
    p_value: Probability | None = Field(
        None,
        description="two-sided, against no difference; null: it was decided before these were kept",
    )


class Alternative(Declaration):
    """A fine-tuned candidate against another arm that isn't, on what must gain.

    Attributes:
        alpha, harm_alpha: one-sided levels of the interval's lower and upper end.
        min_gain, planned_gain: what the candidate must gain, and beyond that what is worth finding.
        fails: criteria that the other arm itself fails beside the baseline: it is no alternative.
    """

    arm: str
    kind: str
    test_set: str
    metric: str
    value: float
    candidate: float
    difference: float
    lower: float
    upper: float
    alpha: Level
    harm_alpha: Level
    min_gain: float
    planned_gain: float = Field(gt=0)
    fails: tuple[str, ...]
    sentence: str

    @property
    def as_good(self) -> bool:
        """Whether it is shown that the candidate gains less on it than is worth finding."""
        if self.fails or self.min_gain < 0:
            return False
        return self.lower <= self.min_gain and self.upper < self.min_gain + self.planned_gain


class Code(Declaration):
    """What decided: the version, and SHA-256 of the sources of declarations, statistics, rule."""

    version: str
    digest: str = Digest


class DecisionRecord(Declaration):
    """A verdict with all that it rests on; a section is null where there is no such thing.

    Where it is invalid it holds no result: no criterion, difference, interval, score or win.
    """

    schema_: Literal["evalhub.decision/1"] = Field(alias="schema")
    verdict: Verdict
    registered: bool = Field(description="whether a ledger counts this look at its test sets")
    headline: str = Field(min_length=1)
    reasons: tuple[str, ...] = Field(
        min_length=1, description="a sentence a criterion, after its mark; when invalid, why"
    )
    invalid: tuple[str, ...]
    pending: tuple[str, ...]
    as_good: tuple[str, ...] = Field(
        description="which arms that aren't fine-tuned do as well as the candidate, which is: they "
        "hold it back"
    )
    caveats: Annotated[tuple[Caveat, ...], HOME_BOUND] = Field(
        (),
        exclude_if=_is_empty,
        description="what the promise of the level doesn't cover here, as the headline says; left "
        "out where there is nothing",
    )
    criteria: tuple[Criterion, ...]
    needed_n: Size | None
    alpha: Alpha
    rule: RecordedRule
    breakdown: tuple[BreakdownRow, ...]
    alternatives: tuple[Alternative, ...]
    people: People | None
    ledger: LedgerSection | None
    noise_floor: NoiseSection | None
    failures: FailuresSection | None
    leakage: LeakageSection | None
    baseline_choice: ChoiceSection | None
    extension: ExtensionSection | None
    imported: ImportedSection | None = None
    jumps: JumpsSection | None = Field(None, description="null: no gain is beyond belief")
    applied: AppliedSection | None = Field(
        None, description="null: the arm isn't fine-tuned, or its answers are recorded"
    )
    policy_since: PolicySection | None = Field(
        None,
        description="null: the last policy that judged these items asks the same, or nobody looked",
    )
    consistency: ConsistencySection | None = Field(
        None, description="null: no item was answered several times by both arms"
    )
    judge: JudgeSection | None = Field(None, description="null: no judge was to compare the arms")
    prices: PricesSection | None = Field(
        None, description="null: no budget of cost, or tokens were compared and not money"
    )
    ownership: OwnershipSection | None = Field(
        None, description="null: no budget of ownership, or it was decided before there was one"
    )
    steps: StepsSection | None = Field(
        None, description="null: the arm isn't fine-tuned, or it was decided before there were any"
    )
    answers: AnswersSection | None = Field(
        None, description="null: scores came without answers, or it was decided before"
    )
    repeated: RepeatedSection | None = Field(
        None, description="null: no two items ask the same text, or nobody looked for them then"
    )
    copies: CopiesSection | None = Field(
        None,
        exclude_if=_is_none,
        description="left out where no item is a near-copy of another that was looked for",
    )
    arms: Arms
    evidence: tuple[EvidenceRow, ...]
    policy: dict[str, JsonValue] = Field(description="the policy as it was asked")
    study: Annotated[StudyName | None, HOME_BOUND]
    code: Annotated[Code, HOME_BOUND]
    ledger_head: Annotated[LedgerHead | None, HOME_BOUND] = Field(
        None, description="null: no home keeps it, or it was decided before there was a chain"
    )

    @property
    def sections(self) -> dict[str, Section]:
        """The sections that there are, by field, in the order that matters to a reader."""
        alarms = ("jumps", "policy_since")
        looked_at = (
            "answers",
            "repeated",
            "copies",
            "failures",
            "leakage",
            "ledger",
            "applied",
            "noise_floor",
            "baseline_choice",
        )
        more = ("steps", "prices", "ownership", "consistency", "extension", "imported")
        fields = (*alarms, "judge", "repeated", *looked_at, *more)
        return {name: found for name in fields if (found := getattr(self, name)) is not None}

    def noise_of(self, criterion: Criterion) -> tuple[float, float] | None:
        """The interval of the baseline against itself where this criterion was measured.

        None where it judges a ratio, or there was no second run.
        """
        if self.noise_floor is None or criterion.role not in ("primary", "guard"):
            return None
        rows = {each.test_set: each for each in self.noise_floor.test_sets}
        if criterion.factor is not None or criterion.test_set not in rows:
            return None
        return rows[criterion.test_set].lower, rows[criterion.test_set].upper


class SignedDecision(Declaration):
    """The decision that a sign-off stands beside; `digest` is that of its record."""

    id: int
    digest: str = Digest
    verdict: Verdict
    arm: str
    project: str
    study: str


class SignOffRecord(Declaration):
    """A person stands by a decision, or overrides it; `verdict` is what holds from then on.

    Records of `evalhub.sign-off/1` are alike, but that `by` is the user's name.
    """

    schema_: Literal["evalhub.sign-off/2"] = Field(alias="schema")
    action: Literal["signed-off", "overridden"]
    verdict: Verdict
    reason: str = Field(min_length=1)
    by: int = Field(description="number of the account: the home alone knows whose it is")
    decision: SignedDecision
    code: Code
    created: str = Field(description="when, as ISO 8601 has it")


class Reading(Declaration):
    """An arm beside the baseline on a development set: for reading, never for the verdict.

    `difference` is positive where the arm is better; `lower` and `upper` are its 95% interval.
    """

    test_set: str
    metric: str
    arm: str
    n: Size = Field(description="items of which both arms have scores")
    left_out: Count = Field(description="the other items")
    baseline: float
    candidate: float
    difference: float
    lower: float
    upper: float


class Signature(Declaration):
    """Whose key signed a document, over all of it but its signatures."""

    algorithm: Literal["ed25519"]
    key: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the public key's 32 bytes")
    value: str = Field(description="the signature's 64 bytes, as Base64")


class PrintedDecision(DecisionRecord):
    """What `study run --json` prints: the candidate's decision, those on its other arms, what has
    changed since they were made, and what the development sets show."""

    others: tuple[DecisionRecord, ...] = ()
    changed_since: tuple[str, ...] = Field((), description="a sentence for each thing; empty: none")
    readings: tuple[Reading, ...] = ()
    signatures: tuple[Signature, ...] = Field(
        (), description="by `evalhub decision attest`; empty: nobody signed it"
    )


class Readings(Declaration):
    """What `study run --json` prints of a study of development sets alone, which has no verdict."""

    schema_: Literal["evalhub.readings/1"] = Field("evalhub.readings/1", alias="schema")
    headline: str = "No verdict: development sets are read, and nothing is judged on them"
    readings: tuple[Reading, ...]

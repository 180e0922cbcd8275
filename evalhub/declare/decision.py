"""The parts of a decision's record that aren't sections, and the documents beside it.

The record itself is `evalhub.decision.document.DecisionRecord`.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from evalhub.declare.amounts import Count, Level, Probability, Size
from evalhub.declare.declaration import Declaration
from evalhub.declare.home_bound import HOME_BOUND
from evalhub.declare.identities import ReviewerIdentity
from evalhub.declare.policy import Alpha, HarmAlpha, Primaries
from evalhub.declare.verdicts import Verdict

Digest = Field(pattern="^[0-9a-f]{64}$", description="SHA-256")


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


class AgreementValue(Declaration):
    """A value with its interval; null where it can't be computed."""

    value: float | None
    lower: float | None
    upper: float | None


class EarlyStopLimits(Declaration):
    """How a campaign's own rule ended it before its last judgment.

    Limits of the win score that hold at every look together, at `level`; one-sided p-values of a
    score of no more, and of no less, than one half.
    """

    lower: float
    upper: float
    level: float
    p_better: float
    p_worse: float
    method: str


class ReviewPlans(Declaration):
    """Several reviews of the same answers were planned: which of those judged this one is."""

    number: int
    opened: int
    alpha: float
    sentence: str


class ReviewerPace(Declaration):
    """How many of a reviewer's answers came before both texts could be read."""

    reviewer: str = Field(description="r1, r2, … in the order in which they came to the review")
    answers: Count
    fast: Count = Field(description="faster than 60 characters a second")


class People(Declaration):
    """What reviewers said; nobody was asked about `identical` items, whose two answers are one.

    Attributes:
        state: "waiting": nobody has judged yet; "running": of a review that goes on there are
            counts alone; "changed": so there are where its record isn't what was recorded;
            "partial": it ended before its plan was full; "complete".
        items, reviewers: on how many items there are judgments, and of how many people; null
            while the review goes on, and where it was changed.
        plan_hash: SHA-256 of the review's sealed plan; empty where judgments came from a file.
        seal: SHA-256 over all judgments of a review that has ended; else empty.
        judgments: those that count; `left_out` are the others.
    """

    state: Literal["waiting", "running", "changed", "partial", "complete"]
    planned: int
    judgments: int
    identical: int
    items: Count | None = None
    reviewers: Count | None = None
    plan_hash: Annotated[str, HOME_BOUND] = ""
    seal: Annotated[str, HOME_BOUND] = ""
    score: Probability | None = Field(None, description="win score; a tie counts half")
    lower: float | None = None
    upper: float | None = None
    wins: Count | None = None
    losses: Count | None = None
    ties: Count | None = None
    both_bad: Count | None = None
    raw_agreement: float | None = None
    krippendorff_alpha: AgreementValue | None = None
    gwet_ac1: AgreementValue | None = None
    early_stop: EarlyStopLimits | None = None
    plans: ReviewPlans | None = None
    paces: tuple[ReviewerPace, ...] = Field((), description="empty: nobody took the time")
    cautions: tuple[str, ...] = Field(
        (), description="few people, or answers faster than reading; a sentence each"
    )
    identities: tuple[ReviewerIdentity, ...] = Field(
        (), description="who answers for each person; empty: judgments of a file"
    )

    @property
    def left_out(self) -> int:
        """Judgments of people whom nobody confirmed, or given twice by one person."""
        return sum(each.left_out for each in self.identities)


class EvidenceRow(Declaration):
    """What was compared on one test set. The runs are null where files were compared."""

    test_set: str
    version: Annotated[str, HOME_BOUND]
    digest: str = Digest
    items: Size
    metric: str
    metric_options: dict[str, JsonValue] = {}
    baseline_run: Annotated[int | None, HOME_BOUND] = None
    candidate_run: Annotated[int | None, HOME_BOUND] = None
    baseline_answers: str = Field("", description="SHA-256 of the answers; empty: none were given")
    candidate_answers: str = ""
    baseline_scores: str = ""
    candidate_scores: str = ""
    failed_baseline: Count = 0
    failed_candidate: Count = 0
    unscored_baseline: Count
    unscored_candidate: Count
    extraction_misses_baseline: Count
    extraction_misses_candidate: Count

    @property
    def unscored(self) -> int:
        return self.unscored_baseline + self.unscored_candidate

    @property
    def extraction_misses(self) -> int:
        return self.extraction_misses_baseline + self.extraction_misses_candidate


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
    p_value: Probability = Field(description="two-sided, against no difference")


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


class Readings(Declaration):
    """What `study run --json` prints of a study of development sets alone, which has no verdict."""

    schema_: Literal["evalhub.readings/1"] = Field("evalhub.readings/1", alias="schema")
    headline: str = "No verdict: development sets are read, and nothing is judged on them"
    readings: tuple[Reading, ...]

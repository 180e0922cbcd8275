"""What a decision rests on beside its criteria: a section each, with its sentences.

`status` and `sentences` follow from a section's own fields and are set where the record is built.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue

from evalhub.declare.criteria import Count, Criterion, Probability, Size
from evalhub.declare.declaration import Declaration
from evalhub.declare.home_bound import HOME_BOUND
from evalhub.declare.identities import ReviewerIdentity
from evalhub.declare.policy import LeakageUse
from evalhub.declare.verdicts import Status, Verdict

Digest = Field(pattern="^[0-9a-f]{64}$", description="SHA-256")


class Section(Declaration):
    """What all sections say: "pass" is fine, "fail" is not, "open" is worth a look."""

    status: Status = Status.OPEN
    sentences: Annotated[tuple[str, ...], HOME_BOUND] = ()


class NoiseRow(Declaration):
    """How far a second run of the baseline differs from its first on one test set."""

    test_set: str
    metric: str
    n: int
    difference: float
    lower: float
    upper: float
    wins: int
    losses: int
    differing: Probability = Field(description="share of answers that read otherwise")
    repeat_run: Annotated[int, HOME_BOUND]


class Sameness(Declaration):
    """Whether the candidate's answers differ from the baseline's more than the repeat's do.

    Attributes:
        state: "differs": shown; "no-op": shown that hardly any of the answers differ beyond the
            repeat's, and not that any do; "not-told": neither.
        repeat, candidate: shares of answers that differ from the baseline's.
        lower, upper: of candidate − repeat.
    """

    state: Literal["differs", "no-op", "not-told"]
    n: int
    repeat: float
    candidate: float
    lower: float
    upper: float


class NoiseSection(Section):
    """What a second run of the baseline alone changed."""

    test_sets: tuple[NoiseRow, ...]
    sameness: Sameness | None


AppliedState = Literal["moved", "nothing", "not-told"]


class AppliedSection(Section):
    """Whether a fine-tuned arm that is asked does anything that the baseline doesn't.

    Attributes:
        measure: "texts" where an answer came without its log-probability.
        state: "moved": it is another model; "nothing": it isn't; "not-told": neither is shown.
        n: items with answers of both.
        mean, largest: nats by which the log-probabilities of an item's answers lie apart, at most
            1; an answer that reads differently counts as 1.
        repeat: the mean of the baseline's second run; null without one.
        siblings: other fine-tuned arms that answered to the letter as this one.
    """

    measure: Literal["log-probabilities", "texts"]
    state: AppliedState
    n: Count
    mean: float | None = None
    largest: float | None = None
    repeat: float | None = None
    siblings: tuple[str, ...] = ()


class LeakageRow(Declaration):
    """Items of a test set that were found in the candidate's training data, by how."""

    test_set: str
    items: int
    leaked: int
    kinds: dict[str, int]


class CleanRow(Declaration):
    """A criterion as it came out without some of its items: those that were trained on, or those
    of which an answer failed."""

    name: str
    n: int
    difference: float
    lower: float
    upper: float
    status: Status

    @classmethod
    def of(cls, criterion: Criterion) -> Self:
        return cls(**{name: getattr(criterion, name) for name in cls.model_fields})


class FailedRow(Declaration):
    """Items of which an answer failed for good, by arm, and what such an answer scores."""

    name: str
    test_set: str
    items: int
    baseline: int
    candidate: int
    worst: float


class FailuresSection(Section):
    """Answers that failed and score the worst, and the result without their items, which decides
    nothing."""

    test_sets: tuple[FailedRow, ...]
    verdict_without: Verdict | None
    without: tuple[CleanRow, ...]


class LeakageSection(Section):
    """Both verdicts: on all items, and on those that the candidate wasn't trained on.

    Where the evidence is invalid there is neither, and the items are only counted.
    """

    rule: LeakageUse
    test_sets: tuple[LeakageRow, ...]
    verdict_all: Verdict | None
    verdict_clean: Verdict | None
    clean: tuple[CleanRow, ...]


class DevelopmentSplit(Declaration):
    """How many of a primary's items chose the baseline, and how many were judged on."""

    test_set: str
    metric: str
    development: int
    judged: int


class ChoiceArm(Declaration):
    """An arm that could have been chosen, with its mean on each of the section's test sets."""

    name: str
    kind: str
    scores: tuple[float, ...]


class ChoiceSection(Section):
    """How the best arm that isn't fine-tuned was chosen, and whether the fine-tune beats it.

    Where the evidence is invalid it has no scores and no answer.
    """

    chosen: str
    share: float
    seed: int
    test_sets: tuple[DevelopmentSplit, ...]
    arms: tuple[ChoiceArm, ...]
    answer: Literal["fine-tune", "don't-fine-tune", "not-shown"] | None = None


class ExtensionRow(Declaration):
    """A test set that was added to: its looks' numbers, and the items and weights of each stage."""

    test_set: str
    level: float
    looks: tuple[int, ...]
    items: tuple[int, ...]
    weights: tuple[float, ...]


class ExtensionSection(Section):
    """How items that were added for another look are combined with what was seen."""

    test_sets: tuple[ExtensionRow, ...]


class ToolFigure(Declaration):
    """A tool's own number for one arm's answers, beside ours.

    Attributes:
        arm: "baseline" or "candidate".
        theirs: null where the log holds none.
        ours: the mean that was judged; null where an answer has no score.
        otherwise: how the tool makes its number, where that isn't the mean over the items; such
            numbers aren't compared.
    """

    test_set: str
    metric: str
    arm: Literal["baseline", "candidate"]
    theirs: float | None
    ours: float | None
    otherwise: str = ""

    @property
    def agrees(self) -> bool | None:
        """Whether the two are one but for rounding; None where they can't be compared."""
        if self.theirs is None or self.ours is None or self.otherwise:
            return None
        return abs(self.theirs - self.ours) <= 5e-4 * max(1.0, abs(self.theirs))


class RepeatedRow(Declaration):
    """A test set of which several items ask the same text.

    Attributes:
        questions: how many different ones there are.
        clusters: of items that have a text or a cluster in common; the intervals rest on those.
    """

    test_set: str
    items: Size
    questions: Size
    clusters: Size


class RepeatedSection(Section):
    """Questions that are asked again and again: they are no more items than they are texts."""

    test_sets: tuple[RepeatedRow, ...]


class ImportedSection(Section):
    """Scores that were read out of another tool's logs, with that tool's own figures.

    Attributes:
        tool: the logs' kind, in words.
        figures: of either arm on each test set; of invalid evidence none.
        cautions: what else differs between the two logs, a sentence each.
    """

    tool: str
    figures: tuple[ToolFigure, ...]
    cautions: tuple[str, ...] = ()


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
        (), description="who answers for each person; empty: of a file, or decided before it was"
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

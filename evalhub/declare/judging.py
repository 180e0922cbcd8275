"""What is said of a judge that read two arms' answers side by side."""

from typing import Literal

from pydantic import Field

from evalhub.declare.criteria import Count, Probability, Size
from evalhub.declare.declaration import Declaration
from evalhub.declare.policy import Alpha, Tier
from evalhub.declare.sections import AgreementValue, Digest, Section
from evalhub.declare.verdicts import JudgeVerdict


class JudgeFigures(Declaration):
    """How a judge judged, whomever it preferred: this is open before a decision is made.

    Attributes:
        pairs: items whose two answers differ, and which it is asked about.
        read: of them, those with a verdict in both orders.
        unreadable: replies that were no verdict, of two a pair.
        flipped: pairs where it named one arm first and then the other; each is a tie.
        wavered: pairs where it named an arm once and neither the other time; likewise.
        flip_rate: flipped/read.
        first: of its verdicts that name an answer, the share that name the one that stands first.
        first_p: two-sided, against one half.
    """

    pairs: Count
    read: Count
    unreadable: Count
    flipped: Count
    wavered: Count
    flip_rate: AgreementValue
    first: AgreementValue
    first_p: Probability | None


class JudgeRunDocument(Declaration):
    """What `evalhub judge run --json` prints.

    Attributes:
        judge: the version; `judge_digest` is its own.
        asked, unanswered: verdicts that were asked for now, and those without an answer, which
            are asked for again the next time.
        prompt_tokens, completion_tokens: of all verdicts that there are; null: unknown.
        money: what they cost at the judge's price; null: it has none.
        opened: whether a decision has read whom it preferred.
    """

    schema_: Literal["evalhub.judge-run/1"] = Field("evalhub.judge-run/1", alias="schema")
    study: str
    test_set: str
    judge: str
    judge_digest: str
    asked: Count
    unanswered: Count
    error: str
    figures: JudgeFigures
    prompt_tokens: Count | None
    completion_tokens: Count | None
    money: float | None
    opened: bool

    @property
    def complete(self) -> bool:
        """Whether every pair has a verdict in both orders, or a reply that was none."""
        return self.unanswered == 0


class JudgePreference(Declaration):
    """Whom a judge preferred, by its votes in both orders, and what people make of it.

    Attributes:
        score: its own win score, a tie counting half; nobody corrected it.
        wins, losses, ties: its votes.
        equal_lengths: the win score as a model has it at answers of one length; null: unknown.
        length: log odds that one standard deviation of the log length ratio adds for the longer.
        longer: share of its votes for one of two answers of different length that went to the
            longer one; null: unknown, as in records from before it was counted.
        labelled: items that people judged too.
        agreement: with people's majority beyond chance (Krippendorff's alpha), and its limits.
        calibration: whether it may be corrected by people and counted, and `why`; null: nobody
            judged these answers in a review that has ended as it was planned.
        corrected: the win score of all its items, corrected by people, at `alpha`.
        trust: how much the judge weighs in it, 0 to 1.
    """

    score: Probability
    wins: Count
    losses: Count
    ties: Count
    equal_lengths: AgreementValue | None
    length: AgreementValue | None
    longer: AgreementValue | None = None
    labelled: Count
    agreement: AgreementValue | None
    calibration: JudgeVerdict | None
    why: str
    corrected: AgreementValue | None
    trust: Probability | None


class JudgeSection(Section):
    """A judge that read both arms' answers side by side, and whether it counts.

    Attributes:
        number: which judge this is whose preference on these answers is read: each is another try.
        alpha: one-sided level of what it says, a number²-th of what is left.
        figures: null until it has been asked.
        preference: null until it has judged all pairs.
    """

    test_set: str
    judge: str
    judge_digest: str = Digest
    rubric: str
    tier: Tier
    floor: float
    number: Size
    alpha: Alpha
    figures: JudgeFigures | None = None
    preference: JudgePreference | None = None

    @property
    def counts(self) -> bool:
        """Whether it is calibrated, so that what people corrected is a criterion."""
        return self.preference is not None and self.preference.corrected is not None

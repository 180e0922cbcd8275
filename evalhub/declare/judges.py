"""What a judge is asked about two answers, and what it reports."""

from typing import Annotated, Literal

from pydantic import Field

from evalhub.declare.amounts import Count, Probability
from evalhub.declare.decision import AgreementValue
from evalhub.declare.declaration import Declaration

Rubric = Annotated[
    str,
    Field(min_length=1, max_length=20_000, description="what the judge judges by, in words"),
]


class PairwiseQuestion(Declaration):
    """What a judge is asked of two answers.

    Attributes:
        wording: of the words around the rubric; others would be another question.
    """

    rubric: Rubric
    wording: Literal[1] = 1


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

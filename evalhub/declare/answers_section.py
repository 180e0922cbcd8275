"""The section of a record on the answers themselves: who gave them, and how they ended."""

from pydantic import Field

from evalhub.declare.answers_rule import ModelChangeUse, UnansweredShare
from evalhub.declare.criteria import Count, Probability, Size
from evalhub.declare.declaration import Declaration
from evalhub.declare.policy import FailureUse
from evalhub.declare.sections import Section


class ArmAnswers(Declaration):
    """What one arm gave to the items of a test set, counted. Names beyond the first 20 of a kind
    are counted together, as "(others)".

    Attributes:
        failed: answers in whose place there is an error.
        empty: answers in which nothing can be seen and that call no tool, where an answer is due.
        finish_reasons: by the server's word; those of which nobody said it are in none.
        models, fingerprints: by the name that the server gave to what answered.
    """

    answers: Count
    failed: Count
    empty: Count
    finish_reasons: dict[str, Count] = {}
    models: dict[str, Count] = {}
    fingerprints: dict[str, Count] = {}


class AnswersRow(Declaration):
    """Both arms' answers to one test set."""

    test_set: str
    items: Size
    baseline: ArmAnswers
    candidate: ArmAnswers


class AnswerDifference(Declaration):
    """How often answers came to one end in either arm, and whether the arms differ in that.

    Attributes:
        end: "cut" at the most tokens, "withheld" by a filter, "failed", "empty", or another word of
            the server's.
        baseline, candidate: answers.
        more_baseline, more_candidate: items, or clusters of them, with more such answers in this
            arm than in the other.
        p_value: two-sided, by the exact sign test over these items or clusters.
    """

    test_set: str
    end: str
    baseline: Count
    candidate: Count
    more_baseline: Count
    more_candidate: Count
    p_value: Probability


class AnswersSection(Section):
    """Who answered and how the answers ended, by arm: models and systems as their servers name
    them, finish reasons, failures, empty answers.

    Attributes:
        alpha: level of the differences that are named, all of them together (Bonferroni).
    """

    model_changes: ModelChangeUse
    most_unanswered: UnansweredShare
    failures: FailureUse
    alpha: float = Field(gt=0, lt=1)
    test_sets: tuple[AnswersRow, ...]
    differences: tuple[AnswerDifference, ...]

"""The qualification: how a reviewer's practice went, and whether it lets them in."""

import math
from dataclasses import dataclass

from django.db import transaction

from evalhub.accounts.models import User
from reviews.blinding import canonical
from reviews.errors import NotQualifiedError
from reviews.joining.admit import admit
from reviews.models import (
    AssignmentState,
    Campaign,
    Choice,
    Judgment,
    PairKind,
    Reviewer,
    ReviewerState,
)
from reviews.texts import Turn, turns


@dataclass(frozen=True, slots=True)
class PracticeAnswer:
    """One practice comparison: what was said, what was expected, as it was presented."""

    request: list[Turn]
    said: str
    expected: str
    right: bool
    feedback: str


@dataclass(frozen=True, slots=True)
class Practice:
    """A reviewer's practice so far. `needed` of `pairs` answers have to be right."""

    answers: list[PracticeAnswer]
    pairs: int
    needed: int
    state: ReviewerState

    @property
    def right(self) -> int:
        return sum(answer.right for answer in self.answers)

    @property
    def over(self) -> bool:
        return len(self.answers) >= self.pairs

    @property
    def passed(self) -> bool:
        return self.over and self.right >= self.needed


def practice_of(*, campaign: Campaign, user: User) -> Practice:
    """How this reviewer's practice went. Raises NotInvitedError, UnblindedError."""
    admit(campaign=campaign, user=user)
    reviewer = Reviewer.objects.filter(campaign=campaign, user=user).first()
    if reviewer is None:
        raise NotQualifiedError
    return _practice(reviewer)


@transaction.atomic
def qualify(*, campaign: Campaign, user: User) -> Practice:
    """Lets a reviewer in whose practice is passed; again is harmless.

    Raises NotQualifiedError where it isn't over or isn't passed, NotInvitedError, UnblindedError.
    """
    admit(campaign=campaign, user=user)
    reviewer = Reviewer.objects.select_for_update().filter(campaign=campaign, user=user).first()
    if reviewer is None:
        raise NotQualifiedError
    practice = _practice(reviewer)
    if reviewer.state == ReviewerState.PRACTISING:
        if not practice.passed:
            raise NotQualifiedError
        reviewer.state = ReviewerState.ACTIVE
        reviewer.save(update_fields=["state"])
    return practice


def _practice(reviewer: Reviewer) -> Practice:
    judgments = (
        Judgment.objects.current()
        .filter(assignment__reviewer=reviewer, assignment__pair__kind=PairKind.PRACTICE)
        .filter(assignment__state=AssignmentState.DONE)
        .select_related("assignment__pair__item")
        .order_by("assignment__turn")
    )
    campaign = Campaign.objects.filter(pk=reviewer.campaign_id)
    mark: float | None = campaign.values_list("plan__design__pass_mark", flat=True).get()
    pairs = reviewer.campaign.pairs.filter(kind=PairKind.PRACTICE).count()
    return Practice(
        answers=[_answer(judgment) for judgment in judgments],
        pairs=pairs,
        needed=math.ceil((mark or 0) * pairs - 1e-9),
        state=ReviewerState(reviewer.state),
    )


def _answer(judgment: Judgment) -> PracticeAnswer:
    assignment = judgment.assignment
    on_left = assignment.candidate_on_left
    expected = next(
        choice
        for choice in Choice
        if canonical(choice, candidate_on_left=on_left) == assignment.pair.expected
    )
    return PracticeAnswer(
        request=turns(assignment.pair.item.input),
        said=Choice(judgment.choice).label,
        expected=expected.label,
        right=judgment.choice == expected,
        feedback=assignment.pair.feedback,
    )

"""Records a judgment once, takes it back, or records a skip."""

import datetime
import uuid
from dataclasses import asdict, dataclass

from django.core.signing import Signer
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from evalhub.accounts.models import User
from evalhub.declare.review import Form
from reviews.assignments.answer import ReviewerAnswer
from reviews.assignments.assign import DEALT, Assigned, assign_to
from reviews.assignments.seats import LEASE, give_back, holds_seat, take_seat
from reviews.chain.append import CHAINED, add_judgment, add_undo
from reviews.errors import (
    AlreadyJudgedError,
    CampaignClosedError,
    LeaseLostError,
    NamesRevealedError,
    NoReasonError,
    NothingToUndoError,
    NotReviewingError,
    SealedError,
    SkippedError,
    StaleFormError,
    UnknownAssignmentError,
)
from reviews.joining.admit import admit
from reviews.models import (
    Assignment,
    AssignmentPurpose,
    AssignmentState,
    Campaign,
    CampaignState,
    Choice,
    Judgment,
    PairKind,
    Reviewer,
    ReviewerState,
)

RECENT = 20  # answers whose seconds a reviewer's row keeps
REASON_LENGTH = 300
KEPT = (*DEALT, *CHAINED, "judged", "seated", "skipped", "sealed", "recent", "answered")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded judgment, and its reviewer's assignments after it."""

    judgment: Judgment
    assigned: Assigned


def form_nonce(*, token: uuid.UUID, user: User) -> str:
    """The signature that a form carries: it was made for this assignment and this person."""
    return Signer(salt="reviews.judge").signature(f"{token}:{user.pk}")


@transaction.atomic
def keep_and_deal(
    *,
    token: uuid.UUID,
    user: User,
    nonce: str,
    answer: ReviewerAnswer,
    key: str = "",
    ahead: int = 1,
    late: float = 0.0,
) -> Recorded:
    """Keep a reviewer's answer to the assignment with this token, and deal the next.

    One transaction. The verb is `reviews.results.record.record`, which looks at the campaign after.
    `late` is for how many seconds the answer waited in a browser that had no connection: what it
    took is counted without them. `key` is the browser's own for this answer: with a key that was
    kept before, and with the answer that stands, the judgment that is there is returned, and
    nothing changes. An answer that comes after its lease has ended counts if its pair has a seat
    left, and one whose lease lasts counts though the campaign was stopped early meanwhile. Raises
    UnknownAssignmentError, NotInvitedError, UnblindedError, StaleFormError, UnknownChoiceError,
    UnfitAnswerError, AlreadyJudgedError, SkippedError, LeaseLostError, NotReviewingError,
    CampaignClosedError, SealedError or NamesRevealedError; nothing is kept then.
    """
    assignment, leased = _lock_turn(token, user, nonce)
    judgment = _keep(assignment, answer, key, late)
    still_leased = [each for each in leased if each.is_on_lease]
    assigned = assign_to(assignment.reviewer, still_leased, ahead=ahead)
    assignment.reviewer.save(update_fields=KEPT)
    return Recorded(judgment, assigned)


@transaction.atomic
def undo(*, campaign: Campaign, user: User) -> Assignment:
    """Take the last answer back: its assignment is on lease again, and keeps its seat.

    The judgment stays, but doesn't stand, and a row says so; the next answer is a further
    revision. Once the first answer of a block is given, what was answered in earlier blocks is
    sealed. Raises NothingToUndoError, NotInvitedError, UnblindedError, NotReviewingError,
    CampaignClosedError, SealedError or NamesRevealedError.
    """
    admit(campaign=campaign, user=user)
    try:
        reviewer = Reviewer.objects.locked().get(campaign=campaign, user=user)
    except Reviewer.DoesNotExist:
        raise NothingToUndoError from None
    _check_open(reviewer)
    last = (
        Judgment.objects.filter(
            assignment__reviewer=reviewer,
            assignment__turn__gte=reviewer.sealed,
            assignment__state=AssignmentState.DONE,
        )
        .exclude(assignment__purpose=AssignmentPurpose.ADJUDICATION)
        .exclude(assignment__pair__kind=PairKind.PRACTICE)
        .select_related("assignment__pair")
        .order_by("-pk")
        .first()
    )
    if last is None:
        raise NothingToUndoError
    assignment = last.assignment
    assignment.reviewer = reviewer
    add_undo(assignment, revision=last.revision)
    now = timezone.now()
    assignment.state = AssignmentState.LEASED
    assignment.dealt, assignment.lease_until = now, now + LEASE
    assignment.save(update_fields=["state", "dealt", "lease_until"])
    reviewer.answered = now
    reviewer.recent = reviewer.recent[:-1]
    _count(reviewer, assignment, -1)
    reviewer.save(update_fields=KEPT)
    return assignment


@transaction.atomic
def skip(*, token: uuid.UUID, user: User, nonce: str, reason: str) -> Assignment:
    """Leave a comparison to others: its seat is free at once, and it doesn't come back.

    Skipping twice is harmless. Raises NoReasonError, AlreadyJudgedError, and what `keep_and_deal`
    does about the assignment, the person and the campaign.
    """
    assignment, _ = _lock_turn(token, user, nonce)
    reviewer = assignment.reviewer
    if not 0 < len(reason.strip()) <= REASON_LENGTH:
        raise NoReasonError
    if assignment.state == AssignmentState.SKIPPED:
        return assignment
    if assignment.state == AssignmentState.DONE:
        raise AlreadyJudgedError(_label(_last(assignment)))
    _check_open(reviewer)
    if assignment.state == AssignmentState.LEASED and holds_seat(assignment):
        give_back(assignment.pair_id)
    assignment.state, assignment.skip_reason = AssignmentState.SKIPPED, reason.strip()
    assignment.save(update_fields=["state", "skip_reason"])
    reviewer.answered = timezone.now()
    if holds_seat(assignment):
        reviewer.skipped += 1
    reviewer.save(update_fields=KEPT)
    return assignment


def _lock_turn(token: uuid.UUID, user: User, nonce: str) -> tuple[Assignment, list[Assignment]]:
    """The assignment with this token and all on lease to its reviewer, locked until the commit."""
    try:
        reviewer = Reviewer.objects.locked().get(user=user, assignments__token=token)
    except Reviewer.DoesNotExist:
        raise UnknownAssignmentError from None
    admit(campaign=reviewer.campaign, user=user)
    if not constant_time_compare(nonce, form_nonce(token=token, user=user)):
        raise StaleFormError
    rows = Assignment.objects.filter(
        Q(reviewer=reviewer, state=AssignmentState.LEASED) | Q(token=token)
    )
    turns = list(rows.locked())
    reviewer.user = user
    for turn in turns:
        turn.reviewer = reviewer
    assignment = next(each for each in turns if each.token == token)
    return assignment, turns


def _keep(assignment: Assignment, answer_sent: ReviewerAnswer, key: str, late: float) -> Judgment:
    """The judgment of this answer: the one that is there, or a new one."""
    reviewer, campaign = assignment.reviewer, assignment.reviewer.campaign
    form = campaign.page_form
    answer = answer_sent.normalise(form)
    if assignment.revision and (earlier := _same_before(assignment, answer, key)) is not None:
        return earlier
    _check_open(reviewer, in_flight=assignment)
    if assignment.state == AssignmentState.SKIPPED:
        raise SkippedError
    if (
        assignment.state == AssignmentState.EXPIRED
        and holds_seat(assignment)
        and not take_seat(assignment.pair_id)
    ):
        raise LeaseLostError
    since = max(filter(None, (assignment.dealt, reviewer.answered)))
    now = timezone.now()
    given_at = max(since, now - datetime.timedelta(seconds=late))
    judgment = add_judgment(
        assignment,
        revision=assignment.revision,
        key=key,
        seconds=max(0.0, (given_at - since).total_seconds()),
        **asdict(answer),
    )
    assignment.state = AssignmentState.DONE
    assignment.revision += 1
    assignment.save(update_fields=["state", "revision"])
    _note(reviewer, assignment, judgment, form, given_at)
    return judgment


def _note(
    reviewer: Reviewer,
    assignment: Assignment,
    judgment: Judgment,
    form: Form,
    now: datetime.datetime,
) -> None:
    """What the reviewer's own row says about an answer; the caller saves it."""
    reviewer.answered = now
    reviewer.recent = [*reviewer.recent, round(judgment.seconds, 1)][-RECENT:]
    reviewer.sealed = max(reviewer.sealed, assignment.turn // form.block * form.block)
    _count(reviewer, assignment, 1)


def _count(reviewer: Reviewer, assignment: Assignment, one: int) -> None:
    if assignment.pair.kind != PairKind.PRACTICE:
        reviewer.judged += one
        reviewer.seated += one if holds_seat(assignment) else 0


def _same_before(assignment: Assignment, answer: ReviewerAnswer, key: str) -> Judgment | None:
    """The judgment that this very answer made before, if it did.

    Raises AlreadyJudgedError where another answer stands.
    """
    if key:
        again = assignment.judgments.filter(key=key).first()
        if again is not None:
            return again
    if assignment.state != AssignmentState.DONE:
        return None
    last = _last(assignment)
    if not answer.says_the_same(_answer_of(last)):
        raise AlreadyJudgedError(_label(last))
    return last


def _last(assignment: Assignment) -> Judgment:
    return assignment.judgments.order_by("-revision")[0]


def _answer_of(judgment: Judgment) -> ReviewerAnswer:
    return ReviewerAnswer(
        choice=judgment.choice,
        much=judgment.much,
        answers=judgment.answers,
        flags=judgment.flags,
        rationale=judgment.rationale,
    )


def _label(judgment: Judgment) -> str:
    labels: dict[str, str] = {choice.value: choice.label for choice in Choice}
    return labels.get(judgment.choice, "rated")


def _has_lost_lease(in_flight: Assignment | None) -> bool:
    return in_flight is not None and in_flight.state == AssignmentState.EXPIRED


def _has_lease(assignment: Assignment) -> bool:
    leased = assignment.state == AssignmentState.LEASED
    return leased and assignment.lease_until > timezone.now()


def _check_open(reviewer: Reviewer, *, in_flight: Assignment | None = None) -> None:
    """Raise where nothing is taken any more; a paused reviewer may still answer what is on lease.

    So may who was at a comparison when the campaign was stopped early: its sequence holds however
    many answers it has, so what was begun counts until the seal. What an owner closed takes none.

    The seal is read from the reviewer's own row: that is locked, so its newest version was read.
    """
    if reviewer.campaign.unblinded is not None:
        raise NamesRevealedError
    if reviewer.campaign.state == CampaignState.CLOSED and not (
        in_flight and _has_lease(in_flight) and reviewer.campaign.stopped_early
    ):
        raise CampaignClosedError
    if reviewer.ended is not None or reviewer.campaign.state == CampaignState.COMPLETE:
        raise LeaseLostError if _has_lost_lease(in_flight) else SealedError
    if reviewer.state == ReviewerState.REMOVED:
        raise NotReviewingError

"""Adjudication: disagreements are shown, blind, to one more person and counted separately.

Whoever adjudicates is a reviewer of the project who hasn't judged the pair; they see neither what
was said before nor by whom, and their sides come from the same seeded blocks.
"""

import datetime
import uuid
from collections import defaultdict

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from evalhub.accounts.models import User
from reviews.assignments.answer import SIDES
from reviews.assignments.judge import form_nonce
from reviews.blinding import candidate_on_left
from reviews.chain.append import CHAINED, add_judgment, lock_campaign
from reviews.errors import (
    AlreadyJudgedError,
    LeaseLostError,
    NamesRevealedError,
    NotReviewingError,
    StaleFormError,
    StillGoingError,
    UnknownAssignmentError,
    UnknownChoiceError,
)
from reviews.joining.admit import admit, join
from reviews.models import (
    Assignment,
    AssignmentPurpose,
    AssignmentState,
    Campaign,
    Choice,
    Judgment,
    Pair,
    PairKind,
    Reviewer,
    ReviewerState,
)
from reviews.results.ended import has_ended

LEASE = datetime.timedelta(hours=2)


def disagreements(campaign: Campaign) -> QuerySet[Pair]:
    """Main pairs of which some judgments favour one arm and some the other, in the plan's order.

    The judgments are read first, all at once: asked of each pair, PostgreSQL without statistics
    goes through all of them for each.
    """
    judgments = Judgment.objects.current().filter(
        assignment__pair__campaign=campaign,
        assignment__purpose=AssignmentPurpose.MAIN,
        choice__in=[Choice.LEFT, Choice.RIGHT],
    )
    columns = "assignment__pair", "assignment__candidate_on_left", "choice"
    for_candidate: dict[int, set[bool]] = defaultdict(set)
    for pair, on_left, choice in judgments.order_by().values_list(*columns):
        for_candidate[pair].add((choice == Choice.LEFT) == on_left)
    both = [pair for pair, favoured in for_candidate.items() if len(favoured) == 2]
    return Pair.objects.filter(pk__in=both, kind=PairKind.MAIN).order_by("position")


def to_adjudicate(campaign: Campaign, user: User) -> QuerySet[Pair]:
    """Disagreements that nobody has adjudicated and that this person hasn't judged."""
    own = Assignment.objects.filter(pair=OuterRef("pk"), reviewer__user=user)
    adjudications = Assignment.objects.filter(
        pair=OuterRef("pk"), purpose=AssignmentPurpose.ADJUDICATION
    )
    return disagreements(campaign).filter(
        ~Exists(own.exclude(purpose=AssignmentPurpose.ADJUDICATION)),
        ~Exists(adjudications.filter(state=AssignmentState.DONE)),
        ~Exists(
            adjudications.filter(
                state=AssignmentState.LEASED, lease_until__gt=timezone.now()
            ).exclude(reviewer__user=user)
        ),
    )


def may_adjudicate(campaign: Campaign, user: User) -> bool:
    """Whether a disagreement waits for this person, a reviewer of the campaign who is let in."""
    active = campaign.reviewers.filter(user=user, state=ReviewerState.ACTIVE)
    return bool(
        campaign.unblinded is None
        and active.exists()
        and has_ended(campaign)
        and to_adjudicate(campaign, user).exists()
    )


@transaction.atomic
def next_disagreement(*, campaign: Campaign, user: User) -> Assignment | None:
    """The disagreement that this person is to adjudicate now, or None where there is none.

    Asked again before the answer, it is the same turn with the same side, unless its lease has
    ended and another person has taken the pair. Raises StillGoingError
    while the campaign goes on, NamesRevealedError after unblinding, NotReviewingError where this
    person isn't let in, NotInvitedError, InvitedOnlyError or UnblindedError.
    """
    admit(campaign=campaign, user=user)
    _check(campaign)
    lock_campaign(campaign)
    join(campaign=campaign, user=user)
    reviewer = Reviewer.objects.select_for_update().get(campaign=campaign, user=user)
    _check_active(reviewer)
    now = timezone.now()
    waiting = to_adjudicate(campaign, user)
    earlier = (
        reviewer.assignments.filter(purpose=AssignmentPurpose.ADJUDICATION, pair__in=waiting)
        .order_by("turn")
        .first()
    )
    if earlier is not None:
        earlier.state, earlier.lease_until = AssignmentState.LEASED, now + LEASE
        earlier.save(update_fields=["state", "lease_until"])
        return earlier
    pair = waiting.first()
    if pair is None:
        return None
    turn, reviewer.turns = reviewer.turns, reviewer.turns + 1
    reviewer.save(update_fields=["turns"])
    return Assignment.objects.create(
        pair=pair,
        reviewer=reviewer,
        purpose=AssignmentPurpose.ADJUDICATION,
        turn=turn,
        candidate_on_left=candidate_on_left(campaign.seed, reviewer.key, turn),
        dealt=now,
        lease_until=now + LEASE,
    )


@transaction.atomic
def adjudicate(*, token: uuid.UUID, user: User, nonce: str, choice: str) -> Judgment:
    """Stores an adjudicator's choice on the campaign's one question.

    The same choice again returns the judgment that is there. Raises UnknownAssignmentError,
    StaleFormError, UnknownChoiceError, AlreadyJudgedError, LeaseLostError where another person has
    taken the pair since, and what `next_disagreement` does.
    """
    own = Assignment.objects.select_related("reviewer__campaign__project", "pair").filter(
        purpose=AssignmentPurpose.ADJUDICATION, reviewer__user=user
    )
    try:
        lock_campaign(
            Campaign.objects.defer("plan").get(reviewers__assignments__in=own.filter(token=token))
        )
        rows = own.select_for_update(of=("self", "reviewer"), no_key=True)
        assignment = rows.get(token=token)
    except (Campaign.DoesNotExist, Assignment.DoesNotExist):
        raise UnknownAssignmentError from None
    reviewer = assignment.reviewer
    admit(campaign=reviewer.campaign, user=user)
    if not constant_time_compare(nonce, form_nonce(token=token, user=user)):
        raise StaleFormError
    if choice not in SIDES:
        raise UnknownChoiceError
    earlier = assignment.judgments.first()
    if earlier is not None:
        if earlier.choice != choice:
            raise AlreadyJudgedError(Choice(earlier.choice).label)
        return earlier
    _check(reviewer.campaign)
    _check_active(reviewer)
    if not to_adjudicate(reviewer.campaign, user).filter(pk=assignment.pair_id).exists():
        raise LeaseLostError
    assignment.state, assignment.revision = AssignmentState.DONE, 1
    assignment.save(update_fields=["state", "revision"])
    seconds = max(0.0, (timezone.now() - assignment.dealt).total_seconds())
    judgment = add_judgment(assignment, revision=0, choice=choice, seconds=seconds)
    reviewer.save(update_fields=CHAINED)
    return judgment


def adjudication_counts(campaign: Campaign) -> tuple[int, int]:
    """(disagreements, those of them that are adjudicated)."""
    counts = disagreements(campaign).aggregate(
        n=Count("pk", distinct=True),
        done=Count(
            "pk",
            distinct=True,
            filter=Q(
                assignments__purpose=AssignmentPurpose.ADJUDICATION, assignments__state="done"
            ),
        ),
    )
    return counts["n"], counts["done"]


def _check_active(reviewer: Reviewer) -> None:
    """Raise for a reviewer who was removed, is paused or hasn't passed practice."""
    if reviewer.state != ReviewerState.ACTIVE:
        raise NotReviewingError


def _check(campaign: Campaign) -> None:
    if campaign.unblinded is not None:
        raise NamesRevealedError
    if not has_ended(campaign):
        raise StillGoingError

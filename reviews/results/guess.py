"""Which side was the tuned model? Asked of a few of a reviewer's own pairs, after the last vote.

Whoever could tell the arms apart wasn't blind, however well names were hidden: the audit compares
the guesses with chance.
"""

import uuid

from django.db import transaction

from evalhub.accounts.models import User
from reviews.blinding import draw
from reviews.chain.append import CHAINED, add_guess
from reviews.errors import (
    AlreadyGuessedError,
    NamesRevealedError,
    StillJudgingError,
    UnknownAssignmentError,
    UnknownSideError,
)
from reviews.joining.admit import admit
from reviews.models import Assignment, AssignmentPurpose, AssignmentState, Campaign, Guess, PairKind

MOST = 5
SIDES = ("left", "right", "unsure")


def pending_guesses(*, campaign: Campaign, user: User) -> list[Assignment]:
    """The turns of this reviewer of which the campaign still asks a guess, at most five in all.

    Drawn by the campaign's seed among the reviewer's judged main pairs, and none before the last
    vote is given, after unblinding, or where the form asks no guess. Each comes with its pair,
    item and outputs: two queries.
    """
    if not campaign.page_form.guess or campaign.unblinded is not None:
        return []
    own = Assignment.objects.filter(reviewer__campaign=campaign, reviewer__user=user)
    rows = list(
        own.values_list("pk", "reviewer__key", "turn", "state", "purpose", "pair__kind", "guess")
    )
    if any(
        state == AssignmentState.LEASED and purpose != AssignmentPurpose.ADJUDICATION
        for _, _, _, state, purpose, *_ in rows
    ):
        return []
    guessed = sum(guess is not None for *_, guess in rows)
    open_turns = [
        (draw(campaign.seed, "guess", key, turn), pk)
        for pk, key, turn, state, purpose, kind, guess in rows
        if (state, purpose, kind) == (AssignmentState.DONE, AssignmentPurpose.MAIN, PairKind.MAIN)
        and guess is None
    ]
    chosen = [pk for _, pk in sorted(open_turns)[: max(0, MOST - guessed)]]
    assignments = Assignment.objects.select_related(
        "pair__item", "pair__baseline_output", "pair__candidate_output"
    ).in_bulk(chosen)
    return [assignments[pk] for pk in chosen]


@transaction.atomic
def record_guess(*, token: uuid.UUID, user: User, side: str) -> Guess:
    """Keep which side ("left", "right" or "unsure") this reviewer takes for the tuned model's.

    The same guess again returns the one that is there. Raises UnknownAssignmentError for a turn
    that isn't asked about, UnknownSideError, AlreadyGuessedError, StillJudgingError while the
    reviewer has a comparison at hand, NamesRevealedError, NotInvitedError or UnblindedError.
    """
    own = Assignment.objects.select_related("reviewer__campaign__project", "pair")
    try:
        rows = own.select_for_update(of=("self", "reviewer"), no_key=True)
        assignment = rows.get(token=token, reviewer__user=user)
    except Assignment.DoesNotExist:
        raise UnknownAssignmentError from None
    campaign = assignment.reviewer.campaign
    admit(campaign=campaign, user=user)
    if side not in SIDES:
        raise UnknownSideError
    if campaign.unblinded is not None:
        raise NamesRevealedError
    earlier = Guess.objects.filter(assignment=assignment).first()
    if earlier is not None:
        if earlier.side != side:
            raise AlreadyGuessedError
        return earlier
    leased = assignment.reviewer.assignments.filter(state=AssignmentState.LEASED)
    if leased.exclude(purpose=AssignmentPurpose.ADJUDICATION).exists():
        raise StillJudgingError
    if assignment not in pending_guesses(campaign=campaign, user=user):
        raise UnknownAssignmentError
    guess = add_guess(assignment, side=side)
    assignment.reviewer.save(update_fields=CHAINED)
    return guess

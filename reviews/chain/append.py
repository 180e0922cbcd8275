"""Add to a campaign's record: the row, and the head that it leads to.

A reviewer's row is locked with each of their answers anyway, and holds their chain's head, so
nobody waits for anybody else's. The campaign's row holds the head of its events.
"""

from dataclasses import asdict
from typing import Any

from django.utils import timezone

from evalhub.accounts.models import User
from reviews.chain.links import (
    EVENTS,
    SealedJudgment,
    SealedTurn,
    after,
    event_link,
    guess_link,
    judgment_link,
    start,
    undo_link,
)
from reviews.models import Assignment, Campaign, Event, EventKind, Guess, Judgment, Reviewer, Undo

CHAINED = ("head", "links")
"""What adding to their chain changes of a reviewer; the caller has locked the row and saves it."""


def add_judgment(
    assignment: Assignment,
    *,
    revision: int,
    choice: str,
    seconds: float,
    much: bool = False,
    answers: dict[str, Any] | None = None,
    flags: dict[str, Any] | None = None,
    rationale: str = "",
    visible_seconds: float | None = None,
    key: str = "",
) -> Judgment:
    """Add a judgment to its reviewer's chain; see CHAINED."""
    judgment = SealedJudgment(
        revision=revision,
        choice=choice,
        much=much,
        answers=answers or {},
        flags=flags or {},
        rationale=rationale,
        seconds=seconds,
        visible_seconds=visible_seconds,
        key=key,
        created=timezone.now(),
    )
    turn = SealedTurn(
        token=assignment.token,
        position=assignment.pair.position,
        purpose=assignment.purpose,
        repeats=assignment.repeats.token if assignment.repeats else None,
        turn=assignment.turn,
        candidate_on_left=assignment.candidate_on_left,
    )
    place = _chain(assignment.reviewer, judgment_link(turn, judgment))
    return Judgment.objects.create(assignment=assignment, place=place, **asdict(judgment))


def add_undo(assignment: Assignment, *, revision: int) -> Undo:
    """Add that the judgment of this revision was taken back; see CHAINED."""
    created = timezone.now()
    link = undo_link(token=assignment.token, revision=revision, created=created)
    position = _chain(assignment.reviewer, link)
    return Undo.objects.create(
        assignment=assignment, revision=revision, place=position, created=created
    )


def add_guess(assignment: Assignment, *, side: str) -> Guess:
    """Add a guess of the tuned model's side; see CHAINED."""
    created = timezone.now()
    link = guess_link(token=assignment.token, side=side, created=created)
    position = _chain(assignment.reviewer, link)
    return Guess.objects.create(assignment=assignment, side=side, place=position, created=created)


def add_event(
    campaign: Campaign, kind: EventKind, *, by: User | None = None, **detail: Any
) -> Event:
    """Add an event of the campaign, whose row stays locked until the transaction ends.

    Who locks a reviewer's row as well locks the campaign's first.
    """
    created = timezone.now()
    locked = lock_campaign(campaign)
    link = event_link(kind=str(kind), by=by.pk if by else None, detail=detail, created=created)
    head = after(locked.events_head or start(locked.plan_hash, EVENTS), link)
    Campaign.objects.filter(pk=campaign.pk).update(events_head=head)
    return Event.objects.create(campaign=campaign, kind=kind, by=by, detail=detail, created=created)


def lock_campaign(campaign: Campaign) -> Campaign:
    """The campaign's row without its plan, locked until the transaction ends.

    Meanwhile nobody joins it: a reviewer's row refers to it.
    """
    return Campaign.objects.select_for_update(of=("self",)).defer("plan").get(pk=campaign.pk)


def lock_record(campaign: Campaign) -> list[Reviewer]:
    """The campaign's reviewers, whose rows are locked with its own: nothing is added to the
    record until the transaction ends.

    In this order everywhere: the campaign, then its reviewers by their numbers.
    """
    lock_campaign(campaign)
    return list(Reviewer.objects.filter(campaign=campaign).select_for_update().order_by("pk"))


def _chain(reviewer: Reviewer, link: dict[str, Any]) -> int:
    position = reviewer.links
    reviewer.head, reviewer.links = after(reviewer.head, link), position + 1
    return position

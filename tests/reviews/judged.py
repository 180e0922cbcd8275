"""Campaigns as they are after people have judged, written straight into the tables.

What dealing and judging do is tried elsewhere; here it is what is made of the answers.
"""

import hashlib
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone

from evalhub.accounts.models import Membership, Project, Role, User
from reviews.assignments.judge import form_nonce
from reviews.blinding import candidate_on_left
from reviews.chain.append import CHAINED, add_judgment
from reviews.joining.admit import add_reviewer
from reviews.models import (
    Assignment,
    AssignmentPurpose,
    AssignmentState,
    Campaign,
    Judgment,
    Pair,
    PairKind,
    Reviewer,
)

SIDE = {True: {"candidate": "left", "baseline": "right"}}
SIDE[False] = {"candidate": "right", "baseline": "left"}


def a_reviewer(campaign: Campaign, name: str) -> Reviewer:
    """A member of the project who reviews in the campaign."""
    project = Project.objects.get(pk=campaign.project_id)
    user, _ = User.objects.get_or_create(username=name, defaults={"email": f"{name}@example.org"})
    Membership.objects.get_or_create(project=project, user=user, defaults={"role": Role.REVIEWER})
    return add_reviewer(campaign=campaign, user=user)


def judge(
    reviewer: Reviewer,
    pair: Pair,
    favour: str,
    *,
    purpose: str = AssignmentPurpose.MAIN,
    repeats: Assignment | None = None,
    on_left: bool | None = None,
    seconds: float = 20.0,
    **said: Any,
) -> Judgment:
    """One judgment that favours "candidate", "baseline", "tie", "both-bad", or is "rated"."""
    turn, reviewer.turns = reviewer.turns, reviewer.turns + 1
    reviewer.save(update_fields=["turns"])
    if on_left is None:
        on_left = candidate_on_left(reviewer.campaign.seed, reviewer.key, turn)
    now = timezone.now()
    assignment = Assignment.objects.create(
        pair=pair,
        reviewer=reviewer,
        token=_token(reviewer, turn),
        purpose=purpose,
        repeats=repeats,
        turn=turn,
        candidate_on_left=on_left,
        state=AssignmentState.DONE,
        revision=1,
        dealt=now,
        lease_until=now,
    )
    if purpose == AssignmentPurpose.MAIN and pair.kind != PairKind.PRACTICE:
        pair.taken += 1
        pair.save(update_fields=["taken"])
    choice = SIDE[on_left].get(favour, favour)
    judgment = add_judgment(assignment, revision=0, choice=choice, seconds=seconds, **said)
    reviewer.save(update_fields=CHAINED)
    return judgment


def _token(reviewer: Reviewer, turn: int) -> uuid.UUID:
    """One that looks random, and is the same in every run."""
    name = f"{reviewer.campaign.plan_hash} {reviewer.key} {turn}"
    return uuid.UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=4)


def judge_all(
    campaign: Campaign,
    verdicts: Mapping[str, Callable[[int], str]],
    *,
    kind: str = PairKind.MAIN,
    seconds: float = 20.0,
) -> None:
    """Every pair of a kind by each named reviewer: `verdicts["ann"](position)` says for whom."""
    reviewers = {name: a_reviewer(campaign, name) for name in verdicts}
    for pair in campaign.pairs.filter(kind=kind).order_by("position"):
        for name, favours in verdicts.items():
            judge(reviewers[name], pair, favours(pair.position), seconds=seconds)


def form_nonce_of(assignment: Assignment, user: User) -> str:
    """What the page of this turn carries."""
    return form_nonce(token=assignment.token, user=user)

"""An owner makes a link to a decision, and withdraws it; whoever has it reads the decision."""

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.addresses import absolute
from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_owns
from evalhub.features.decision_links.models import DecisionLink
from evalhub.ledger.models import Decision
from reviews.models import Campaign

LASTS_DAYS, LONGEST_DAYS = 14, 90


class DecisionLinkError(Exception):
    """A link that can't be made; the message says why."""


@dataclass(frozen=True, slots=True)
class NewDecisionLink:
    """A link with its address, which is shown only this once."""

    link: DecisionLink
    address: str


def share_decision(
    *, decision: Decision, by: User, days: int = LASTS_DAYS, texts: bool = False
) -> NewDecisionLink:
    """Makes a link by which anybody reads the decision for `days` days, 1 to LONGEST_DAYS.

    Args:
        texts: whether it shows the items that changed most, with each arm's answers.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't own the project.
        DecisionLinkError: the days are out of range; or texts, which say whose answer is whose,
            before a review of the study is sealed.
    """
    token = secrets.token_urlsafe(32)
    # The first address that a process asks for imports every page, while others may write.
    address = absolute(reverse("shared_decision", args=[token]))
    with transaction.atomic():
        study = decision.study
        check_owns(by, study.project, "share a decision")
        if not 1 <= days <= LONGEST_DAYS:
            raise DecisionLinkError(f"A link lasts 1 to {LONGEST_DAYS} days")
        if texts and (review := _unsealed_review(decision)) is not None:
            raise DecisionLinkError(
                f"{review} isn’t sealed yet, and item texts would tell its reviewers whose "
                "answer is whose: share without them"
            )
        link = DecisionLink.objects.create(
            decision=decision,
            digest=_digest(token),
            texts=texts,
            by=by,
            expires=timezone.now() + timedelta(days=days),
            created=timezone.now(),
        )
        content = "with item texts" if texts else "without item texts"
        what = f"decision {decision.pk} on {study}, {content}, for {days} days"
        note(Action.DECISION_SHARED, by=by, project=study.project, what=what)
        return NewDecisionLink(link, address)


@transaction.atomic
def withdraw_link(*, link: DecisionLink, by: User) -> DecisionLink:
    """Ends a link at once. Of one that is withdrawn nothing changes.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't own the project.
    """
    study = link.decision.study
    check_owns(by, study.project, "withdraw a link to a decision")
    now = timezone.now()
    if DecisionLink.objects.filter(pk=link.pk, withdrawn=None).update(withdrawn=now):
        link.withdrawn = now
        what = f"decision {link.decision_id} on {study}"
        note(Action.DECISION_UNSHARED, by=by, project=study.project, what=what)
    return link


def link_of(token: str) -> DecisionLink | None:
    """The link of a token, while it opens."""
    links = DecisionLink.objects.current().filter(digest=_digest(token))
    return links.select_related("decision__study__project").first()


def shows_texts(link: DecisionLink) -> bool:
    """Whether the link shows item texts now: not while a review of the study isn't sealed."""
    return link.texts and _unsealed_review(link.decision) is None


def end_links_of(user: User, identifiers: Collection[str]) -> Mapping[str, int]:
    """Withdraws what an erased person shared."""
    links = DecisionLink.objects.filter(by=user, withdrawn=None)
    return {"links to decisions": links.update(withdrawn=timezone.now())}


def _unsealed_review(decision: Decision) -> Campaign | None:
    reviews = Campaign.objects.unsealed().filter(study=decision.study_id)
    return reviews.only("pk", "name").first()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

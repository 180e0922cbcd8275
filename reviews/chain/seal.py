"""End a campaign's judging for good: from the seal on, what was said can only be read.

The seal is a digest over all chains as they end, made while nobody can add to them: whoever was
taking an answer back at that moment did so before it, or is refused.
"""

import logging
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Membership, ResultsSeen, Role, User
from evalhub.io.canonical import digest_of
from reviews.chain.append import add_event, lock_campaign, lock_record
from reviews.chain.identities import identities, identity_in_seal
from reviews.chain.links import EVENTS, at, start
from reviews.models import OVER, Campaign, CampaignState, EventKind, Pair, Reviewer

FORMAT = "evalhub.review-seal/1"
WHY = "Every comparison has its judgments."
SEALED = ("state", "ended", "sealed", "seal", "sealed_as", "events_head", "unblinded")
"""What a seal changes of a campaign."""

SUBJECT = "Review {number} is sealed"
BODY = """Review {number}, “{name}”, has ended, and its judgments are sealed:

    {seal}

Keep this message. As long as the review's record shows the same seal, nobody has changed what was
said in it; `evalhub review verify {number} --head {seal}` checks it.
"""

logger = logging.getLogger(__name__)


@transaction.atomic
def seal_campaign(campaign: Campaign, *, by: User | None = None) -> None:
    """Seals the judgments; a second time changes nothing. Brings SEALED up to date.

    Owners are told the seal after the commit: by mail where mail is configured, and in the log.
    """
    locked = lock_campaign(campaign)
    # one whose seal was taken off isn't sealed again: its event says that it was
    if not locked.seal and not locked.events.filter(kind=EventKind.SEALED).exists():
        people = lock_record(campaign)
        locked.sealed = timezone.now()
        locked.sealed_as = _document(locked, people)
        locked.seal = digest_of(locked.sealed_as)
        if locked.state not in OVER:
            locked.state, locked.ended = CampaignState.COMPLETE, WHY
        locked.save(update_fields=["sealed", "sealed_as", "seal", "state", "ended"])
        Reviewer.objects.filter(pk__in=[each.pk for each in people]).update(ended=locked.sealed)
        add_event(campaign, EventKind.SEALED, by=by, seal=locked.seal)
        transaction.on_commit(lambda: _tell(locked))
    campaign.refresh_from_db(fields=SEALED)


def exposure_links(project: int) -> list[list[Any]]:
    """Who has seen this project's results, how and when, in the order in which it was recorded."""
    seen = ResultsSeen.objects.filter(project=project).order_by("pk")
    return [[user, how, at(when)] for user, how, when in seen.values_list("user", "how", "created")]


def pairs_digest(campaign: Campaign) -> str:
    """Digest of the plan's pairs in order: item, kind and which answers."""
    rows = Pair.objects.filter(campaign=campaign).order_by("position")
    return digest_of(
        [
            list(row)
            for row in rows.values_list(
                "position",
                "kind",
                "item__key",
                "expected",
                "stratum",
                "seats",
                "baseline_output__run__answers_digest",
                "candidate_output__run__answers_digest",
            )
        ]
    )


def _document(campaign: Campaign, people: Iterable[Reviewer]) -> dict[str, Any]:
    exposures = exposure_links(campaign.project_id)
    identity_by_pk = identities(campaign)
    return {
        "format": FORMAT,
        "plan": campaign.plan_hash,
        "sealed": at(campaign.sealed or timezone.now()),
        "reviewers": {
            person.key: {
                "links": person.links,
                "head": person.head,
                "identity": identity_in_seal(identity_by_pk[person.pk]),
            }
            for person in people
        },
        "events": {
            "links": campaign.events.count(),
            "head": campaign.events_head or start(campaign.plan_hash, EVENTS),
        },
        "exposures": {"rows": len(exposures), "digest": digest_of(exposures)},
        "pairs": pairs_digest(campaign),
    }


def _tell(campaign: Campaign) -> None:
    """Mail the seal to the owners; a mail that can't be sent is logged, nothing else."""
    logger.info("review %s is sealed: %s", campaign.pk, campaign.seal)
    if not settings.MAIL_URL:
        return
    owners = Membership.objects.filter(project=campaign.project_id, role=Role.OWNER)
    to = [each for each in owners.values_list("user__email", flat=True) if each]
    fields = {"number": campaign.pk, "name": campaign.name, "seal": campaign.seal}
    try:
        for address in to:
            send_mail(SUBJECT.format(**fields), BODY.format(**fields), None, [address])
    except OSError:
        logger.exception("the seal of review %s could not be mailed", campaign.pk)

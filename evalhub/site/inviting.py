"""Invite several people at once, and report the outcome to whoever invited them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings

from evalhub.accounts.addresses import absolute
from evalhub.accounts.requests import SignedInRequest
from reviews.errors import ReviewError
from reviews.joining.invite import Invited, invite, mail_invitation
from reviews.models import Campaign

_KEPT = "invited"  # in the session: campaign → what its page shows once


@dataclass(frozen=True, slots=True)
class InviteOutcome:
    """What whoever invited is told: sentences, and links, for the only time.

    `said` has whether all went well, and what is said. `typed` are the form's fields as it begins
    again: who was refused, with what was asked of all; empty where everybody is invited.
    """

    said: list[tuple[bool, str]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    typed: dict[str, str] = field(default_factory=dict)

    def keep(self, request: SignedInRequest, campaign: Campaign) -> None:
        """Stores the outcome in the session for the campaign's page, which is loaded next; links
        aren't stored."""
        request.session[_KEPT] = {str(campaign.pk): [self.said, self.typed]}


def outcome_in_session(request: SignedInRequest, campaign: Campaign) -> InviteOutcome:
    """The outcome that was stored for this page; it is shown once."""
    if str(campaign.pk) not in request.session.get(_KEPT, {}):
        return InviteOutcome()
    sentences, typed = request.session.pop(_KEPT)[str(campaign.pk)]
    return InviteOutcome([(well, sentence) for well, sentence in sentences], typed=typed)


def invite_all(campaign: Campaign, request: SignedInRequest) -> InviteOutcome:
    """Invites each address or user name in the posted form.

    A refusal of one doesn't keep the others from being invited.
    """
    posted, outcome = request.POST, InviteOutcome()
    emails = list(dict.fromkeys(re.findall(r"[^\s,;<>]+", posted.get("emails", ""))))
    quota = posted.get("quota", "").strip()
    if wrong := _wrong(emails, quota):
        outcome.said.append((False, wrong))
        outcome.typed.update(_form_values(posted, posted.get("emails", "")))
        return outcome
    refused: list[str] = []
    for email in emails:
        try:
            invited = invite(
                campaign=campaign,
                email=email,
                by=request.user,
                quota=int(quota) if quota else None,
                tags=posted.get("tags", "").replace(",", " ").split(),
            )
        except ReviewError as error:
            outcome.said.append((False, f"{email}: {error}"))
            refused.append(email)
        else:
            _deliver(invited, request, outcome)
    if refused:
        outcome.typed.update(_form_values(posted, "\n".join(refused)))
    return outcome


def _wrong(emails: list[str], quota: str) -> str:
    if not emails:
        return "Name the people to invite: mail addresses or account names, one per line."
    if quota and not (quota.isdecimal() and 0 < len(quota) < 8 and int(quota)):
        return f"Most judgments of each: a whole number, 1 or more, or nothing; not “{quota}”."
    return ""


def _form_values(posted: Mapping[str, str], emails: str) -> dict[str, str]:
    return {"emails": emails} | {name: posted.get(name, "") for name in ("quota", "tags")}


def _deliver(invited: Invited, request: SignedInRequest, outcome: InviteOutcome) -> None:
    """Mails the invitation if mail is configured; shows a link only if it has to be sent by
    hand."""
    whom, url = invited.invitation.whom, absolute(invited.path)
    mailed, failed = False, ""
    if settings.MAIL_URL:
        try:
            mailed = mail_invitation(invited=invited, url=url)
        except OSError as error:
            failed = f" The mail wasn’t sent ({error})."
    if invited.by_link and not mailed:
        outcome.links.append((whom, url))
    sentence = f"{whom} is invited" + (" by mail." if mailed else ".")
    if not invited.by_link:
        sentence += " The invitation waits in their own list, after signing in."
    outcome.said.append((not failed, sentence + failed))

"""Several people invited at once, and what to tell whoever invited them."""

import re
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.messages import constants

from evalhub.accounts.addresses import absolute
from evalhub.accounts.requests import SignedInRequest
from reviews.errors import ReviewError
from reviews.joining.invite import Invited, invite, mail_invitation
from reviews.models import Campaign


@dataclass(frozen=True, slots=True)
class Told:
    """What whoever invited is told: sentences by their level, and links, for the only time."""

    said: list[tuple[int, str]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)


def invite_all(campaign: Campaign, request: SignedInRequest) -> Told:
    """Invites each address or user name of the posted form.

    A refusal of one doesn't keep the others from being invited.
    """
    posted, told = request.POST, Told()
    emails = list(dict.fromkeys(re.findall(r"[^\s,;<>]+", posted.get("emails", ""))))
    if not emails:
        told.said.append((constants.ERROR, "Say whom to invite: mail addresses, one a line."))
    quota = posted.get("quota", "")
    for email in emails:
        try:
            invited = invite(
                campaign=campaign,
                email=email,
                by=request.user,
                quota=int(quota) if quota.isdecimal() and len(quota) < 8 else None,
                tags=posted.get("tags", "").replace(",", " ").split(),
            )
        except ReviewError as error:
            told.said.append((constants.ERROR, f"{email}: {error}"))
        else:
            _deliver(invited, request, told)
    return told


def _deliver(invited: Invited, request: SignedInRequest, told: Told) -> None:
    """By mail where there is mail; a link is shown only where it has to be sent by hand."""
    whom, url = invited.invitation.whom, absolute(invited.path, request)
    mailed, failed = False, ""
    if settings.MAIL_URL:
        try:
            mailed = mail_invitation(invited=invited, url=url)
        except OSError as error:
            failed = f" The mail wasn’t sent ({error})."
    if invited.by_link and not mailed:
        told.links.append((whom, url))
    done = f"{whom} is invited" + (" by mail." if mailed else ".")
    if not invited.by_link:
        done += " The invitation waits in their own list, after signing in."
    told.said.append((constants.ERROR if failed else constants.SUCCESS, done + failed))

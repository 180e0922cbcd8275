"""Several people invited at once, and what to tell whoever invited them."""

import re
from collections.abc import Iterator

from django.conf import settings
from django.contrib.messages import constants

from evalhub.accounts.addresses import absolute
from evalhub.accounts.requests import SignedInRequest
from reviews.errors import ReviewError
from reviews.joining.invite import invitation_path, invite, mail_invitation
from reviews.models import Campaign


def invite_all(campaign: Campaign, request: SignedInRequest) -> Iterator[tuple[int, str]]:
    """Invites each address of the posted form. Yields what happened, as (level, sentence).

    A refusal of one address doesn't keep the others from being invited.
    """
    posted = request.POST
    emails = list(dict.fromkeys(re.findall(r"[^\s,;<>]+", posted.get("emails", ""))))
    if not emails:
        yield constants.ERROR, "Say whom to invite: mail addresses, one a line."
    quota = posted.get("quota", "")
    made = 0
    for email in emails:
        try:
            invitation = invite(
                campaign=campaign,
                email=email,
                by=request.user,
                quota=int(quota) if quota.isdecimal() else None,
                tags=posted.get("tags", "").replace(",", " ").split(),
            )
        except ReviewError as error:
            yield constants.ERROR, f"{email}: {error}"
            continue
        made += 1
        if settings.MAIL_URL:
            url = absolute(invitation_path(invitation), request)
            try:
                mail_invitation(invitation=invitation, url=url)
            except OSError as error:
                yield constants.ERROR, f"{email}: the mail wasn’t sent ({error}). Copy the link."
    if made:
        sent = "sent" if settings.MAIL_URL else "made: copy each link and send it"
        yield constants.SUCCESS, f"{made} invitation{'' if made == 1 else 's'} {sent}."

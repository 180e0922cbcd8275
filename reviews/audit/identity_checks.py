"""Is it known who judged? A part of the audit."""

from evalhub.accounts.models import Provenance
from reviews.audit.check import Check, status_of
from reviews.models import Campaign
from reviews.results.judgment_data import JudgmentData


def identities(campaign: Campaign, found: JudgmentData) -> Check:
    """Judgments of accounts that a link made which its inviter saw. One query."""
    unconfirmed = Provenance.objects.unconfirmed().filter(user__reviewing__campaign=campaign)
    unknown = set(unconfirmed.values_list("user__reviewing", flat=True))
    given = [each.reviewer for each in found.judgments]
    theirs = sum(reviewer in unknown for reviewer in given)
    people = len(unknown.intersection(given))
    return Check(
        "identities",
        "It is known who judged",
        "Judgments of accounts that were made by a link which whoever invited them saw, and could "
        "have opened: neither a mail nor an owner has confirmed whose these accounts are.",
        "Nothing was judged."
        if not given
        else f"{theirs} of {len(given)} judgments are of {people} such "
        f"account{'' if people == 1 else 's'}."
        if theirs
        else "Every judgment is of an account that is known to be its person’s.",
        status_of(bool(given), not theirs),
        {"judgments": len(given), "unconfirmed_judgments": theirs, "unconfirmed_accounts": people},
    )

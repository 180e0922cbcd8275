"""Is it known who judged? A part of the audit."""

from collections import Counter

from reviews.audit.check import Check, status_of
from reviews.chain.identities import identities as identities_of
from reviews.models import Campaign
from reviews.results.judgment_data import JudgmentData


def identities(campaign: Campaign, found: JudgmentData) -> Check:
    """Judgments of people for whom nobody answers, and who answers for the others."""
    known = identities_of(campaign)
    given = Counter(each.reviewer for each in found.judgments)
    total = given.total()
    unknown = [each for pk, each in known.items() if pk in given and not each.confirmed]
    theirs, people = sum(given[each.reviewer] for each in unknown), len(unknown)
    grounds = Counter(known[pk].ground for pk in given)
    persons = len({known[pk].person for pk in given})
    return Check(
        "identities",
        "It is known who judged",
        "Judgments of accounts that were made by a link which whoever invited them saw, and could "
        "have opened: neither a mail nor an owner has confirmed whose these accounts are.",
        "Nothing was judged."
        if not given
        else f"{theirs} of {total} judgments are of {people} such "
        f"account{'' if people == 1 else 's'}."
        if theirs
        else "Every judgment is of an account that is known to be its person’s.",
        status_of(bool(given), not theirs),
        {
            "judgments": total,
            "unconfirmed_judgments": theirs,
            "unconfirmed_accounts": people,
            "accounts": len(given),
            "persons": persons,
            "grounds": dict(sorted(grounds.items())),
        },
    )

"""Is it known who judged? A part of the audit."""

from collections import Counter

from reviews.audit.check import Check, status_of
from reviews.chain.identities import identities as identities_of
from reviews.models import Campaign
from reviews.results.judgment_data import JudgmentData


def identities(campaign: Campaign, data: JudgmentData) -> Check:
    """Check: judgments of unconfirmed people, and who confirmed the others."""
    identity_by_pk = identities_of(campaign)
    counts = Counter(each.reviewer for each in data.judgments)
    total = counts.total()
    unknown = [each for pk, each in identity_by_pk.items() if pk in counts and not each.confirmed]
    theirs, people = sum(counts[each.reviewer] for each in unknown), len(unknown)
    grounds = Counter(identity_by_pk[pk].ground for pk in counts)
    persons = len({identity_by_pk[pk].person for pk in counts})
    return Check(
        "identities",
        "It is known who judged",
        "Judgments of accounts that were made by a link which whoever invited them saw, and could "
        "have opened: neither a mail nor an owner has confirmed whose these accounts are.",
        "Nothing was judged."
        if not counts
        else f"{theirs} of {total} judgments are of {people} such "
        f"account{'' if people == 1 else 's'}."
        if theirs
        else "Every judgment is of an account that is known to be its person’s.",
        status_of(bool(counts), not theirs),
        {
            "judgments": total,
            "unconfirmed_judgments": theirs,
            "unconfirmed_accounts": people,
            "accounts": len(counts),
            "persons": persons,
            "grounds": dict(sorted(grounds.items())),
        },
    )

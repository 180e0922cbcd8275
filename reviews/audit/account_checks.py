"""Is it known who judged, and did somebody else have a way into a reviewer's account? Parts of the
audit."""

from collections import Counter

from evalhub.accounts.models import Action, LogEntry
from reviews.audit.check import AuditCheck, status_of
from reviews.chain.identities import identities as identities_of
from reviews.models import Campaign
from reviews.results.judgment_data import JudgmentData

WAYS = (Action.LINK_MADE, Action.ACCOUNT_CHANGED, Action.ROLE_CHANGED)


def accounts(campaign: Campaign, data: JudgmentData) -> AuditCheck:
    """What was done to the accounts of those who judged, until the seal, as the audit log has it.

    A link or another mail address lets whoever makes it in. Of the operator's, which are the way in
    on a site without mail, those are told that were made while the review ran. Two queries.
    """
    names = {reviewer: f"r{number}" for number, reviewer in enumerate(data.reviewers, 1)}
    judged = {each.reviewer for each in data.judgments}
    rows = campaign.reviewers.filter(pk__in=judged).values_list("user", "pk")
    people = {user: names[pk] for user, pk in rows}
    entries = LogEntry.objects.filter(about__in=people, action__in=WAYS).select_related("by")
    if campaign.sealed is not None:
        entries = entries.filter(created__lte=campaign.sealed)
    by_people, by_operator = [], []
    for entry in entries.order_by("pk"):
        if entry.by_id is None:
            if entry.action == Action.LINK_MADE and entry.created >= campaign.created:
                by_operator.append(entry)
        elif entry.by_id != entry.about_id and entry.project_id is None:
            by_people.append(entry)
    sentences = [
        f"{entry.by} {entry.said} {entry.what}".strip()
        + f" ({people[entry.about_id]}, {entry.created:%-d %B %Y %H:%M})"
        for entry in by_people
        if entry.about_id is not None
    ]
    count = len(by_operator)
    links = f"The operator made {count} sign-in link{'' if count == 1 else 's'} for them meanwhile."
    return AuditCheck(
        "accounts",
        "Nobody else made a way into the accounts of those who judged",
        "Sign-in links, mail addresses, names and rights of the reviewers’ accounts that somebody "
        "who administers the site made or changed before the seal: they could have signed in as "
        "that person.",
        "Nothing was judged."
        if not judged
        else f"{'; '.join(sentences)}."
        if sentences
        else links
        if count
        else "Nobody who administers the site touched their accounts.",
        status_of(bool(judged), not sentences),
        {"by_people": sentences, "operator_links": count},
    )


def identities(campaign: Campaign, data: JudgmentData) -> AuditCheck:
    """Check: judgments of unconfirmed people, and who confirmed the others."""
    identity_by_pk = identities_of(campaign)
    counts = Counter(each.reviewer for each in data.judgments)
    total = counts.total()
    unknown = [each for pk, each in identity_by_pk.items() if pk in counts and not each.confirmed]
    theirs, people = sum(counts[each.reviewer] for each in unknown), len(unknown)
    grounds = Counter(identity_by_pk[pk].ground for pk in counts)
    persons = len({identity_by_pk[pk].person for pk in counts})
    return AuditCheck(
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

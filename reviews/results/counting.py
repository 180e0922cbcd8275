"""Which judgments count: those of confirmed people, one of each person on an item.

A study's policy says what those are of people whom nobody confirmed; without a study all count.
"""

from collections import Counter
from dataclasses import dataclass, replace

from evalhub.declare.identities import ReviewerIdentity
from evalhub.declare.people import UnconfirmedUse
from reviews.chain.identities import Identity, identities
from reviews.models import Campaign
from reviews.results.judgment_data import JudgmentData, JudgmentRow


@dataclass(frozen=True, slots=True)
class CountedJudgments:
    """A campaign's judgments that count, and who gave which.

    Attributes:
        data: without those that are left out; each judgment's `reviewer` is a person's first
            account.
        people: by that account's number who answers for the person, of all who judged.
        use: what the policy makes of people whom nobody confirmed.
    """

    data: JudgmentData
    people: dict[int, ReviewerIdentity]
    use: UnconfirmedUse


def use_of(campaign: Campaign) -> UnconfirmedUse:
    """The study's rule for unconfirmed reviewers; without a study all count."""
    return "count" if campaign.study is None else campaign.study.policy.unconfirmed_reviewers


def count_judgments(
    campaign: Campaign, data: JudgmentData, *, use: UnconfirmedUse
) -> CountedJudgments:
    """The judgments of `data` that count.

    Whoever judged an item by two accounts of one mailbox is heard once, as they said first.
    """
    identity_by_pk = identities(campaign)
    first_of = {each.key: each.reviewer for each in identity_by_pk.values()}
    person = {pk: first_of[each.person] for pk, each in identity_by_pk.items()}
    confirmed = {person[pk] for pk, each in identity_by_pk.items() if each.confirmed}
    rows: list[JudgmentRow] = []
    answer_counts: Counter[int] = Counter()
    heard: dict[tuple[int, int, str], int] = {}
    for row in data.judgments:
        who = person[row.reviewer]
        answer_counts[who] += 1
        turn = (who, row.pair.pk, row.purpose)
        same = heard.setdefault(turn, row.reviewer) == row.reviewer
        if same and (who in confirmed or use == "count"):
            rows.append(row._replace(reviewer=who))
    counts = Counter(row.reviewer for row in rows)
    return CountedJudgments(
        replace(data, judgments=rows),
        _people(identity_by_pk, person, answer_counts, counts, data),
        use,
    )


def _people(
    identity_by_pk: dict[int, Identity],
    person: dict[int, int],
    answer_counts: Counter[int],
    counts: Counter[int],
    data: JudgmentData,
) -> dict[int, ReviewerIdentity]:
    names = {reviewer: f"r{number}" for number, reviewer in enumerate(data.reviewers, 1)}
    accounts = Counter(person.values())
    people = {}
    for pk in answer_counts:
        own = [identity_by_pk[each] for each in identity_by_pk if person[each] == pk]
        best = next((each for each in own if each.confirmed), own[0])
        people[pk] = ReviewerIdentity(
            reviewer=names[pk],
            ground=best.ground,
            accounts=accounts[pk],
            mailbox=next((each.address for each in own if each.address), ""),
            answers=answer_counts[pk],
            counted=counts[pk],
        )
    return dict(sorted(people.items()))

"""Votes on single items, once a review has ended and its models are named."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Literal

from reviews.errors import StillBlindError, TamperedError
from reviews.models import RATED, Campaign, Pair, PairKind
from reviews.results.browsing import Browsed, Filters, browse
from reviews.results.ended import check_ended
from reviews.results.judgment_data import judgment_data

type Leaning = Literal["candidate", "baseline", "tie", "split"]


def leanings(
    campaigns: Iterable[Campaign], baseline: int, candidate: int
) -> dict[int, Leaning] | None:
    """By item whom most judgments of these two versions' answers prefer; None without a review
    that may be read.

    "split" is that some prefer the one and some the other, "tie" that nobody prefers either.
    """
    votes_by_item: defaultdict[int, Counter[str]] = defaultdict(Counter)
    read = False
    for campaign in campaigns:
        if not _readable(campaign):
            continue
        data = judgment_data(campaign).between(baseline, candidate)
        items = dict(Pair.objects.filter(campaign=campaign).values_list("pk", "item"))
        for judgment in data.of():
            if judgment.favours != RATED:
                read = True
                votes_by_item[items[judgment.pair.pk]][judgment.favours] += 1
    return {item: _leaning(votes) for item, votes in votes_by_item.items()} if read else None


def _leaning(votes: Counter[str]) -> Leaning:
    candidate, baseline = votes["candidate"], votes["baseline"]
    if candidate and baseline:
        return "split"
    if candidate:
        return "candidate"
    return "baseline" if baseline else "tie"


def judgments_of_item(campaigns: Iterable[Campaign], item: int) -> list[tuple[Campaign, Browsed]]:
    """The judgments of an item in each review that may be read, with reasons and flags."""
    browsed = []
    pairs = Pair.objects.filter(item=item).exclude(kind=PairKind.PRACTICE)
    of_item: dict[int, set[int]] = {}
    for owner, pair in pairs.values_list("campaign", "pk"):
        of_item.setdefault(owner, set()).add(pair)
    for campaign in campaigns:
        if campaign.pk in of_item and _readable(campaign):
            browsing = browse(campaign, Filters())
            mine = of_item[campaign.pk]
            browsed += [(campaign, each) for each in browsing.pairs if each.pair.pk in mine]
    return browsed


def _readable(campaign: Campaign) -> bool:
    """Whether the campaign is unblinded and its record verified."""
    try:
        check_ended(campaign)
    except (StillBlindError, TamperedError):
        return False
    return campaign.unblinded is not None

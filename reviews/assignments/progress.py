"""One's own progress through a campaign, and the time that is left."""

from dataclasses import dataclass, replace
from statistics import median

from evalhub.accounts.models import User
from reviews.models import Campaign, Reviewer

EXPECTED_SECONDS = 40.0  # a comparison, until there are a few of one's own to go by
ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reviewer is: comparisons judged, those that are left for them now, and the most.

    `total` is the most that this person can be asked for: it stays the same whatever others
    answer, until an owner changes the quota. `passed` are those that were judged or skipped, where
    a skip counts towards the total.
    """

    judged: int
    passed: int
    left: int
    total: int
    seconds_each: float

    @property
    def number(self) -> int:
        """Of the comparison at hand, counted from 1."""
        return min(self.passed + 1, self.total)

    def after(self, more: int) -> "Progress":
        """As it will be once so many more comparisons are answered: `judged` stays, since none of
        them is saved yet."""
        passed, left = min(self.passed + more, self.total), max(0, self.left - more)
        return replace(self, passed=passed, left=left)

    @property
    def minutes_left(self) -> int:
        return max(1, round(self.left * self.seconds_each / 60)) if self.left else 0


def own_reviews(user: User) -> list[tuple[Campaign, Progress]]:
    """The campaigns in which this person reviews or may begin to, with their own progress.

    Two queries, however many there are.
    """
    begun = {each.campaign_id: each for each in Reviewer.objects.with_campaign().filter(user=user)}
    campaigns = (
        Campaign.objects.of_reviewer(user)
        .defer("plan")
        .with_open_pairs()
        .select_related("project", "dealing")
    )
    return [(each, _own(each, begun.get(each.pk))) for each in campaigns]


def _own(campaign: Campaign, reviewer: Reviewer | None) -> Progress:
    """`progress_of`, also before the campaign's first turn or one's own."""
    if reviewer is not None and hasattr(campaign, "dealing"):
        return progress_of(reviewer)
    quota = None if reviewer is None else reviewer.quota
    left = _with_repeats(campaign.open_pairs, campaign)
    pairs = campaign.dealing.pairs if hasattr(campaign, "dealing") else campaign.open_pairs
    left, most = (
        count if quota is None else min(count, quota)
        for count in (left, _with_repeats(pairs, campaign))
    )
    return Progress(judged=0, passed=0, left=left, total=most, seconds_each=EXPECTED_SECONDS)


def _with_repeats(pairs: int, campaign: Campaign) -> int:
    return max(0, round(pairs / (1 - campaign.page_form.repeats)))


def progress_of(reviewer: Reviewer) -> Progress:
    """From the counters of a reviewer `with_campaign`. No query.

    `left` is at most what is left: no more than the pairs that this person hasn't had, the seats
    that are free in the campaign, or the quota. The pace is the median of the last 20 answers.
    """
    dealing = reviewer.campaign.dealing
    seated = reviewer.others_seated + reviewer.seated
    left = min(dealing.pairs - reviewer.seated - reviewer.skipped, dealing.seats - seated)
    left = _with_repeats(left, reviewer.campaign)
    total, passed = _with_repeats(dealing.pairs, reviewer.campaign), reviewer.judged
    if reviewer.quota is not None:
        left = min(left, max(0, reviewer.quota - reviewer.judged))
    if reviewer.quota is not None and reviewer.quota < total:
        total = reviewer.quota
    else:
        passed += reviewer.skipped
    recent = reviewer.recent
    return Progress(
        judged=reviewer.judged,
        passed=passed,
        left=left,
        total=total,
        seconds_each=median(recent) if len(recent) >= ENOUGH else EXPECTED_SECONDS,
    )

"""One's own progress through a campaign, and the time that is left."""

from dataclasses import dataclass
from statistics import median

from evalhub.accounts.models import User
from reviews.models import Campaign, Reviewer
from reviews.planning.form import Form

EXPECTED_SECONDS = 40.0  # a comparison, until there are a few of one's own to go by
ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reviewer is: comparisons judged, and those that are left for them now."""

    judged: int
    left: int
    seconds_each: float

    @property
    def total(self) -> int:
        return self.judged + self.left

    @property
    def number(self) -> int:
        """Of the comparison at hand, counted from 1."""
        return min(self.judged + 1, self.total)

    @property
    def minutes_left(self) -> int:
        return max(1, round(self.left * self.seconds_each / 60)) if self.left else 0


def progress(campaign: Campaign, user: User) -> Progress:
    """A reviewer's own progress. One query, however long the campaign is."""
    reviewer = Reviewer.objects.with_campaign().filter(campaign=campaign, user=user).first()
    return progress_of(reviewer) if reviewer else Progress(0, 0, EXPECTED_SECONDS)


def progress_of(reviewer: Reviewer) -> Progress:
    """From the counters of a reviewer `with_campaign`. No query.

    `left` is at most what is left: no more than the pairs that this person hasn't had, the seats
    that are free in the campaign, or the quota. The pace is the median of the last 20 answers.
    """
    dealing = reviewer.campaign.dealing
    seated = reviewer.others_seated + reviewer.seated
    left = min(dealing.pairs - reviewer.seated - reviewer.skipped, dealing.seats - seated)
    repeats = Form.of(reviewer.campaign.form).repeats
    left = max(0, round(left / (1 - repeats)))
    if reviewer.quota is not None:
        left = min(left, max(0, reviewer.quota - reviewer.judged))
    recent = reviewer.recent
    return Progress(
        judged=reviewer.judged,
        left=left,
        seconds_each=median(recent) if len(recent) >= ENOUGH else EXPECTED_SECONDS,
    )

"""The home page of a user who sees results, in a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.accounts.models import User
from evalhub.features.monitoring.page_data.amiss import Amiss, amiss_for
from evalhub.ledger.models import Decision, Promotion
from evalhub.registry.models import Run, Study
from evalhub.site.home.needs import Needs, needs_of
from reviews.models import Campaign
from reviews.models.campaigns import CampaignState

VERDICTS = CHAMPIONS = 8


@dataclass(frozen=True, slots=True)
class Home:
    """The home page: what needs this person, running versions, newest verdicts, unfinished work.

    Attributes:
        amiss: what is amiss in production, which is said before anything else.
        empty: nothing was ever compared in any project whose results they see.
        going: runs that go on.
        reviews: open ones in which they review themselves.
    """

    amiss: Amiss
    needs: Sequence[Needs]
    champions: Sequence[Promotion]
    verdicts: Sequence[Decision]
    empty: bool
    going: int
    reviews: int


def home_page(user: User) -> Home:
    verdicts = Decision.objects.visible_to(user).standing().newest_first().with_headline()
    champions = Promotion.objects.visible_to(user).newest_first().holding()
    own = Campaign.objects.of_reviewer(user).filter(state=CampaignState.OPEN)
    return Home(
        amiss=amiss_for(user),
        needs=needs_of(user),
        champions=list(champions.select_related("version__model", "project", "by")[:CHAMPIONS]),
        verdicts=list(verdicts.select_related("study__project")[:VERDICTS]),
        empty=not Study.with_live.visible_to(user).exists(),
        going=Run.objects.visible_to(user).unfinished().count(),
        reviews=own.count(),
    )

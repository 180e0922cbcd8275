"""Data of the owner's pages on reviews. No page here shows what anyone preferred."""

from dataclasses import dataclass, field
from statistics import median

from django.db.models import Count
from django.utils import timezone

from evalhub.accounts.models import User
from evalhub.declare.identities import Ground
from evalhub.declare.review import SECONDS, ReviewPlan
from evalhub.registry.models import Run, Study
from evalhub.registry.models.runs import RunState
from evalhub.studies.run.reviewing import arms_to_review
from reviews.chain.identities import Identity, identities
from reviews.errors import PlanError
from reviews.models import (
    Campaign,
    Event,
    Invitation,
    PairKind,
    Reviewer,
    ReviewerState,
)
from reviews.planning.campaign import metric_of
from reviews.results.counting import use_of

KINDS: dict[str, str] = {
    PairKind.MAIN: "compared, for the question itself",
    PairKind.CONTROL: "control: two answers of one arm (A/A)",
    PairKind.GOLD: "gold: the better answer is known",
    PairKind.PRACTICE: "practice, with feedback",
}
ANSWERED_FOR: dict[Ground, str] = {
    "operator": "whoever runs the site",
    "provider": "the identity provider",
    "mail": "a mailed link",
    "owner": "an owner’s invitation",
    "vouched": "an owner, by name",
    "maker": "who opened the review",
    "unknown": "nobody",
}


@dataclass(frozen=True, slots=True)
class ReviewSource:
    """Where a review's answers come from: runs of one test set, the baseline's first."""

    name: str
    runs: list[Run]
    names: list[str]
    study: Study | None = None
    test_set: str = ""
    test_sets: list[str] = field(default_factory=list)

    @property
    def arms(self) -> list[tuple[str, str]]:
        """The arms that can be compared, as choices of a form."""
        first, second, *others = self.names
        choices = [("two", f"{second} with {first}")]
        if others:
            choices.append(("all", f"every two of {', '.join(self.names)}"))
            choices.append(("baseline", f"each of {', '.join(self.names[1:])} with {first}"))
        return choices

    @property
    def has_metric(self) -> bool:
        return metric_of(self.study, self.runs[0]) is not None

    def choose_runs(self, arms: str) -> list[Run]:
        return self.runs[:2] if arms == "two" else self.runs


@dataclass(frozen=True, slots=True)
class Person:
    """A reviewer as the owner sees them: how much and how fast, never what."""

    reviewer: Reviewer
    seconds: float | None
    identity: Identity

    @property
    def voucher(self) -> str:
        """Who vouches that this is a separate person."""
        return ANSWERED_FOR[self.identity.ground]

    @property
    def may_pause(self) -> bool:
        return bool(self.reviewer.state == ReviewerState.ACTIVE)

    @property
    def may_be_let_in(self) -> bool:
        return bool(self.reviewer.state != ReviewerState.ACTIVE)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An invitation that nobody has answered."""

    invitation: Invitation
    ended: bool


@dataclass(frozen=True, slots=True)
class Running:
    """A running campaign."""

    campaign: Campaign
    given: int
    asked: int
    hours_left: float
    people: list[Person]
    invited: list[Waiting]
    kinds: list[tuple[str, int]]
    events: list[Event]

    @property
    def plan(self) -> ReviewPlan:
        """The plan, which is as large as the campaign: read only where it is shown."""
        return self.campaign.sealed_plan

    @property
    def share(self) -> float:
        return self.given / self.asked if self.asked else 0.0

    @property
    def open(self) -> bool:
        return not self.campaign.is_over

    @property
    def unconfirmed(self) -> list[Person]:
        """Reviewers whom nobody has confirmed."""
        return [each for each in self.people if not each.identity.confirmed]

    @property
    def left_out(self) -> bool:
        """Whether the judgments of unconfirmed people are left out."""
        return use_of(self.campaign) == "exclude"


def study_source(study: Study, test_set: str) -> ReviewSource:
    """A study's runs on a test set; on its first one if none is named. Raises PlanError."""
    names = list(study.test_sets.named().order_by("position").values_list("name", flat=True))
    if not names:
        raise PlanError(f"{study} has no test set")
    wanted = test_set or names[0]
    arms = arms_to_review(study, wanted)
    return ReviewSource(
        study.name, [a.run for a in arms], [a.name for a in arms], study, wanted, names
    )


def runs_source(runs: list[Run], name: str) -> ReviewSource:
    """The source for uploaded runs."""
    return ReviewSource(name, runs, [str(run.version.model) for run in runs])


def campaign_source(campaign: Campaign) -> ReviewSource:
    """The campaign's runs in its plan's order, to make another plan for them.

    The plan knows them by their answers: recorded versions may share all else.
    """
    positions = {digest: i for i, digest in enumerate(campaign.sealed_plan.arms)}
    runs = (
        Run.objects.filter(outputs__pairs_as_baseline__campaign=campaign).distinct()
        | Run.objects.filter(outputs__pairs_as_candidate__campaign=campaign).distinct()
    )
    ordered = sorted(
        (run for run in runs if run.repeat == 0),
        key=lambda run: (positions.get(run.answers_digest, len(positions)), run.pk),
    )
    names = [str(run.version.model) for run in ordered]
    return ReviewSource(campaign.name, ordered, names, campaign.study)


def runs_by_key(user: User, keys: list[str]) -> list[Run]:
    """These finished runs, in this order, of projects that the user sees."""
    numbers = [key for key in keys if key.isdecimal()]
    finished = Run.objects.visible_to(user).filter(pk__in=numbers, state=RunState.DONE)
    related = finished.select_related("version__model", "test_set_version__test_set__project")
    runs_by_pk = {str(run.pk): run for run in related}
    return [runs_by_pk[key] for key in keys if key in runs_by_pk]


def running(campaign: Campaign) -> Running:
    """The progress of a campaign. `campaign` was read `for_owners`. A constant number of
    queries."""
    reviewers = list(
        Reviewer.objects.filter(campaign=campaign).select_related("user").order_by("pk")
    )
    paces = [pace for each in reviewers for pace in each.recent]
    counts, identities_by_pk = vars(campaign), identities(campaign)
    left = max(0, counts["asked"] - counts["given"])
    return Running(
        campaign=campaign,
        given=counts["given"],
        asked=counts["asked"],
        hours_left=left * (median(paces) if len(paces) >= 5 else SECONDS) / 3600,
        people=[_person(each, identities_by_pk[each.pk]) for each in reviewers],
        invited=[
            Waiting(invitation, _is_expired(invitation))
            for invitation in campaign.invitations.unanswered()
            .select_related("account")
            .order_by("pk")
        ],
        kinds=[
            (KINDS[kind], n)
            for kind, n in campaign.pairs.order_by()
            .values_list("kind")
            .annotate(n=Count("pk"))
            .order_by("kind")
        ],
        events=_events(campaign, reviewers),
    )


def _events(campaign: Campaign, reviewers: list[Reviewer]) -> list[Event]:
    """The campaign's events, with the reviewers' present names: they are stored with pseudonyms."""
    names = {each.key: each.user.get_username() for each in reviewers}
    events = list(campaign.events.select_related("by").order_by("pk"))
    for event in events:
        key = event.detail.get("reviewer")
        event.reviewer_name = names.get(key, key)
    return events


def _person(reviewer: Reviewer, identity: Identity) -> Person:
    return Person(reviewer, median(reviewer.recent) if reviewer.recent else None, identity)


def _is_expired(invitation: Invitation) -> bool:
    return bool(invitation.expires < timezone.now())

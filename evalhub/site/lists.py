"""The lists of studies, runs, versions, test sets and reviews: filters and orders of each.

Each is declared for one person: the projects that can be chosen are those whose results they see.
"""

from dataclasses import replace
from typing import Any

from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.models import Project, User
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.models import Decision
from evalhub.registry.models.runs import UNFINISHED, RunQuerySet, RunState
from evalhub.registry.models.studies import StudyQuerySet
from evalhub.registry.models.testsets import TestSetPurpose, TestSetQuerySet
from evalhub.registry.models.versions import PROMOTABLE, Kind, ModelVersionQuerySet, VersionStage
from evalhub.site.home.needs import NEARLY_SPENT, QUIET
from evalhub.site.listing import Column, Filter, Listing, Order
from reviews.models.campaigns import OVER, CampaignQuerySet, CampaignState

type States = dict[str, tuple[str, Q]]

_TOUCHED = Decision.objects.standing().with_news().order_by().values("pk")
STUDY_STATES: States = {
    "undecided": ("without a verdict", Q(verdict=None)),
    "going": ("runs still going", Q(runs_open__gt=0)),
    "failed": ("runs that failed", Q(runs_failed__gt=0)),
    "touched": ("touched since it was decided", Q(newest__in=_TOUCHED)),
    "signed": ("signed off or overridden", Q(signed__isnull=False)),
}
RUN_STATES: States = {
    "going": ("waiting or running", Q(state__in=UNFINISHED)),
    "done": ("done", Q(state=RunState.DONE)),
    "failed": ("failed", Q(state=RunState.FAILED)),
    "cancelled": ("cancelled", Q(state=RunState.CANCELLED)),
}
TEST_SET_STATES: States = {
    "spent": ("spent, or nearly", Q(looks__gte=NEARLY_SPENT)),
    "unread": ("nobody judged by it yet", Q(looks=None)),
}


def studies_list(user: User) -> Listing[StudyQuerySet]:
    """The list of studies. Rows have `with_run_counts` and `with_verdict`."""
    return Listing(
        what="studies",
        one="study",
        columns=[
            Column("name", "Study", by="name"),
            Column("verdict", "Verdict", by="verdict"),
            Column("project", "Project", by="project__name"),
            Column("runs", "Runs", by="runs_total", order=Order.COUNTS),
            Column("decided", "Decided", by="decided", order=Order.DATES, number=True),
            Column("created", "Made", by="created", order=Order.DATES, number=True),
        ],
        sort="-created",
        filters=[
            of_project(user, "project"),
            Filter(
                "verdict", "Verdict", Verdict.choices(), lambda rows, it: rows.filter(Q(holds=it))
            ),
            by_state(STUDY_STATES),
        ],
        search=StudyQuerySet.containing,
        searched="Name of a study or of an arm",
    )


def choice_of_study(user: User) -> Listing[StudyQuerySet]:
    """As `studies_list`, to choose one study."""
    studies = studies_list(user)
    columns = [each for each in studies.columns if each.name != "created"]
    return replace(studies, columns=[*columns, Column("plan", "Review")], sort="-decided")


def runs_list(user: User) -> Listing[RunQuerySet]:
    """The list of runs. Rows have `with_progress`."""
    return Listing(
        what="runs",
        one="run",
        columns=[
            Column("version", "Version", by="version__model__slug"),
            Column("test_set", "Test set", by="test_set_version__test_set__slug"),
            Column("state", "State", by="state"),
            Column("scores", "Scores"),
            Column("created", "Started", by="created", order=Order.DATES, number=True),
        ],
        sort="-created",
        filters=[of_project(user, "test_set_version__test_set__project"), by_state(RUN_STATES)],
        search=RunQuerySet.containing,
        searched="Version or test set",
        size=50,
    )


def versions_list(user: User) -> Listing[ModelVersionQuerySet]:
    """The list of versions. Rows are `evalhub.studies.run.verdicts.with_evidence`."""
    return Listing(
        what="versions",
        one="version",
        columns=[
            Column("version", "Version", by="model__slug"),
            Column("kind", "Kind", by="kind"),
            Column("parent", "From"),
            Column("stage", "Stage", by="stage"),
            Column("evidence", "Evidence", by="runs_done", order=Order.COUNTS),
            Column("created", "Made", by="created", order=Order.DATES, number=True),
        ],
        sort="version",
        filters=[
            of_project(user, "model__project"),
            Filter("kind", "Kind", Kind.choices, lambda rows, it: rows.filter(kind=it)),
            Filter("stage", "Stage", STAGES, lambda rows, it: rows.filter(stage=it)),
            Filter("evidence", "Evidence", list(EVIDENCE.items()), _of_evidence),
        ],
        search=ModelVersionQuerySet.containing,
        searched="Name, notes or digest",
        size=50,
    )


STAGES = [
    (stage.value, str(stage.label))
    for stage in (*PROMOTABLE, VersionStage.CANARY, VersionStage.CHAMPION, VersionStage.RETIRED)
]
"""Those in which a version can be."""
EVIDENCE = {
    "none": "to be tried: has answered nothing",
    "answers": "has answers, and no verdict",
    "verdict": "a verdict was reached on it",
}


def _of_evidence(rows: ModelVersionQuerySet, which: str) -> ModelVersionQuerySet:
    if which == "none":
        return rows.to_be_tried().without_runs()
    decided = Q(verdict__isnull=False)
    return rows.filter(decided if which == "verdict" else ~decided & Q(runs_done__gt=0))


def test_sets_list(user: User) -> Listing[TestSetQuerySet]:
    """The list of test sets. Rows have `with_newest_version` and `looks`, the last look at items of
    any version."""
    return Listing(
        what="test sets",
        one="test set",
        columns=[
            Column("name", "Test set", by="slug"),
            Column("purpose", "Purpose", by="purpose"),
            Column("newest", "Newest", number=True),
            Column("items", "Items", by="items", order=Order.COUNTS, number=True),
            Column("looks", "Looks", by="looks", order=Order.COUNTS, number=True),
            Column("changed", "Changed", by="changed", order=Order.DATES, number=True),
        ],
        sort="name",
        filters=[
            of_project(user, "project"),
            Filter(
                "purpose",
                "Purpose",
                TestSetPurpose.choices,
                lambda rows, it: rows.filter(purpose=it),
            ),
            by_state(TEST_SET_STATES),
        ],
        search=TestSetQuerySet.containing,
    )


CAMPAIGN_STATES = {
    "open": "open",
    "quiet": "open, and waiting for people",
    "paused": "paused",
    "over": "ended",
    "unread": "ended, and not read by anybody",
}


def campaigns_list(user: User) -> Listing[CampaignQuerySet]:
    """The list of reviews. Rows are `for_owners`."""
    return Listing(
        what="reviews",
        one="review",
        columns=[
            Column("name", "Review", by="name"),
            Column("state", "State", by="state"),
            Column("given", "Judgments", by="given", order=Order.COUNTS),
            Column("people", "Reviewers", by="people", order=Order.COUNTS, number=True),
            Column("project", "Project", by="project__name"),
            Column("created", "Opened", by="created", order=Order.DATES, number=True),
        ],
        sort="-created",
        filters=[
            of_project(user, "project"),
            Filter("state", "State", list(CAMPAIGN_STATES.items()), _of_campaign_state),
        ],
        search=CampaignQuerySet.containing,
        searched="Name or question",
    )


def _of_campaign_state(rows: CampaignQuerySet, state: str) -> CampaignQuerySet:
    if state == "quiet":
        return rows.short_of_people(since=timezone.now() - QUIET)
    if state == "unread":
        return rows.unread()
    which = OVER if state == "over" else [CampaignState(state)]
    return rows.filter(state__in=which)


def of_project(user: User, path: str) -> Filter[Any]:
    """A filter by the projects whose results the user sees. One query."""
    projects = Project.objects.visible_to(user).order_by("name")
    choices = list(projects.values_list("slug", "name").distinct())
    return Filter(
        "project", "Project", choices, lambda rows, slug: rows.filter(**{f"{path}__slug": slug})
    )


def by_state(states: States) -> Filter[Any]:
    choices = [(name, label) for name, (label, _) in states.items()]
    return Filter("state", "State", choices, lambda rows, state: rows.filter(states[state][1]))

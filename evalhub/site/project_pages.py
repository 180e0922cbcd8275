"""The projects that a person may look at, and what one of them holds, in constant queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from evalhub.accounts.models import Membership, Project, User
from evalhub.accounts.permissions import owns
from evalhub.ledger.models import Decision, Promotion
from evalhub.registry.models import ModelVersion, Study, TestSet
from reviews.models import Campaign
from reviews.models.campaigns import CampaignState

VERDICTS = 5


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """A project in the list; `role` is this person's there, "" for a superuser without one."""

    project: Project
    role: str
    studies: int
    members: int


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """What a project holds.

    Attributes:
        promotion: what made the version that runs now the champion; None: nothing runs.
        members: with their roles, for those who may see them: owners and superusers; else empty.
    """

    project: Project
    promotion: Promotion | None
    verdicts: Sequence[Decision]
    studies: int
    open_reviews: int
    test_sets: int
    versions: int
    members: Sequence[Membership]


def project_lines(user: User) -> list[ProjectLine]:
    """A line for each project whose results this person may see, by name. Four queries."""
    visible = Project.objects.visible_to(user).distinct()
    projects = list(visible.select_related("champion__model").order_by("name", "slug"))
    roles = dict(Membership.objects.filter(user=user).values_list("project", "role"))
    studies = _counts(Study.with_live.filter(project__in=projects))
    members = _counts(Membership.objects.filter(project__in=projects))
    return [
        ProjectLine(
            project,
            roles.get(project.pk, ""),
            studies.get(project.pk, 0),
            members.get(project.pk, 0),
        )
        for project in projects
    ]


def project_page(project: Project, user: User) -> ProjectPage:
    """The page of one project that this person may look at. Eight queries."""
    manages = user.is_superuser or owns(user, project)
    decisions = Decision.objects.filter(study__project=project).standing()
    members = project.memberships.select_related("user").order_by("role", "user__username")
    open_reviews = Campaign.objects.filter(project=project, state=CampaignState.OPEN)
    return ProjectPage(
        project=project,
        promotion=Promotion.objects.current(project),
        verdicts=list(
            decisions.newest_first().with_headline().select_related("study__project")[:VERDICTS]
        ),
        studies=Study.with_live.filter(project=project).count(),
        open_reviews=open_reviews.count(),
        test_sets=TestSet.objects.filter(project=project).count(),
        versions=ModelVersion.objects.filter(model__project=project).count(),
        members=list(members) if manages else [],
    )


def _counts(rows: "QuerySet[Study] | QuerySet[Membership]") -> dict[int, int]:
    return dict(rows.order_by().values_list("project").annotate(n=Count("pk")))

"""The lists of studies, runs, versions, test sets and reviews: what each is narrowed and sorted by.

Each is declared for one person: the projects that can be chosen are those whose results they see.
"""

from typing import Any

from django.db.models import Q

from evalhub.accounts.models import Project, User
from evalhub.dashboard.listing import Column, Filter, Listing, Order
from evalhub.gate.models import Decision
from evalhub.registry.models.studies import StudyQuerySet
from evalhub.schemas.verdicts import Verdict

_TOUCHED = Decision.objects.standing().with_news().order_by().values("pk")
STUDY_STATES = {
    "undecided": ("without a verdict", Q(verdict=None)),
    "going": ("runs still going", Q(runs_open__gt=0)),
    "failed": ("runs that failed", Q(runs_failed__gt=0)),
    "touched": ("touched since it was decided", Q(newest__in=_TOUCHED)),
    "signed": ("signed off or overridden", Q(signed__isnull=False)),
}


def studies_list(user: User) -> Listing[StudyQuerySet]:
    """Rows have `with_run_counts` and `with_verdict`."""
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
            in_state(STUDY_STATES),
        ],
        search=StudyQuerySet.containing,
        searched="Name of a study or of an arm",
    )


def of_project(user: User, path: str) -> Filter[Any]:
    """By the projects that this person sees results of. One query."""
    projects = Project.objects.seen_by(user).order_by("name")
    choices = list(projects.values_list("slug", "name").distinct())
    return Filter(
        "project", "Project", choices, lambda rows, slug: rows.filter(**{f"{path}__slug": slug})
    )


def in_state(states: dict[str, tuple[str, Q]]) -> Filter[Any]:
    choices = [(name, label) for name, (label, _) in states.items()]
    return Filter("state", "State", choices, lambda rows, state: rows.filter(states[state][1]))

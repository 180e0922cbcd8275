"""Who may answer for a project's alarms, by name: its owners and evaluators."""

from django.db.models import QuerySet

from evalhub.accounts.models import Project, Role, User
from evalhub.features.monitoring.errors import MonitorError


def possible_owners(project: Project) -> "QuerySet[User]":
    """By name."""
    members = User.objects.filter(
        memberships__project=project,
        memberships__role__in=[Role.OWNER, Role.EVALUATOR],
        is_active=True,
    )
    return members.order_by("username")


def owner_by_name(project: Project, name: str | None) -> User | None:
    """None for no name.

    Raises MonitorError, which says nothing of people outside of the project.
    """
    if not name:
        return None
    owner = possible_owners(project).filter(username=name).first()
    if owner is None:
        raise MonitorError(
            f"nobody who is called {name!r} is an owner or evaluator of {project}", "owner"
        )
    return owner

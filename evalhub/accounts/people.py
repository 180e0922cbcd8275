"""Verbs of whoever runs the site: people are made and given roles. Nobody gets a password."""

import getpass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, Role, User
from evalhub.accounts.results_seen import set_role


class UserError(Exception):
    """A user or a role that can't be; the message says what would be right."""


@transaction.atomic
def add_user(
    *, name: str, project: str = "", role: Role | None = None, superuser: bool = False
) -> User:
    """Makes a user who signs in by links, with a role in a project where one is named.

    An owner's project is made where it isn't there.

    Raises:
        UserError: the name is taken or can't be one, or there is no such project.
    """
    if User.objects.filter(username=name).exists():
        raise UserError(f"there is a user {name} already: `evalhub user link {name}` lets them in")
    user = User(username=name, is_staff=superuser, is_superuser=superuser)
    user.set_unusable_password()
    try:
        user.full_clean()
    except ValidationError as error:
        raise UserError(f"{name!r} can't be a user's name: {' '.join(error.messages)}") from error
    user.save()
    what = "who administers the site" if superuser else ""
    note(Action.USER_ADDED, by=None, about=user, what=what)
    if role is not None:
        set_role(project=_project(project, role), user=user, role=role)
    return user


def user_by_name(name: str) -> User:
    """The user of that name. Raises UserError."""
    user = User.objects.filter(username=name).first()
    if user is None:
        raise UserError(f"there is no user {name}: `evalhub user add {name}` makes one")
    return user


def project_by_slug(slug: str) -> Project:
    """The project of that name. Raises UserError."""
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        projects = ", ".join(Project.objects.values_list("slug", flat=True)) or "none yet"
        raise UserError(f"there is no project {slug!r} (projects: {projects})")
    return project


@transaction.atomic
def first_owner() -> User | None:
    """On a site without users: a superuser who owns every project, or a first one.

    Returns None where there are users. Of several processes that start at once, one makes it.
    """
    if User.objects.exists():
        return None
    name = slugify(_system_name()) or "owner"
    user, created = User.objects.get_or_create(
        username=name, defaults={"is_staff": True, "is_superuser": True}
    )
    if not created:
        return None
    user.set_unusable_password()
    user.save(update_fields=["password"])
    note(Action.USER_ADDED, by=None, about=user, what="the first, who administers the site")
    for project in Project.objects.all() or [_project("default", Role.OWNER)]:
        set_role(project=project, user=user, role=Role.OWNER)
    return user


def _project(slug: str, role: Role) -> Project:
    project = Project.objects.filter(slug=slug).first()
    if project is not None:
        return project
    if role != Role.OWNER or slugify(slug) != slug:
        projects = ", ".join(Project.objects.values_list("slug", flat=True)) or "none yet"
        raise UserError(
            f"there is no project {slug!r} (projects: {projects}); only an owner's is made"
        )
    project, _ = Project.objects.get_or_create(slug=slug, defaults={"name": slug})
    return project


def _system_name() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return ""
    return "" if name == "root" else name

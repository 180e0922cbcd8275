"""The project in which a command stores something."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalhub.accounts.models import Project


@contextmanager
def space(slug: str) -> "Iterator[Project]":
    """The project; if it is created here and stays empty, it is deleted again."""
    from evalhub.accounts.models import Project
    from evalhub.declare.study import check_name

    check_name(slug, at="project")
    project, created = Project.objects.get_or_create(slug=slug, defaults={"name": slug})
    try:
        yield project
    finally:
        if created:
            Project.objects.empty().filter(pk=project.pk).delete()

"""Items of published versions added to a test set: one that is being edited, or a new one."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db.models import QuerySet

from evalhub.accounts.models import Project, User
from evalhub.features.working_sets.items import AddedRows, add_rows
from evalhub.features.working_sets.models import WorkingSet
from evalhub.features.working_sets.sets import begin_with_item
from evalhub.io.items import ItemContent
from evalhub.registry.contents import content_of
from evalhub.registry.models import Item

MOST = 200
"""Items that are added at once."""


def visible_items(user: User, ids: Iterable[int]) -> "QuerySet[Item]":
    """Those of these items that the user may see and whose text is still there, up to MOST, in
    their order. One query."""
    projects = Project.objects.visible_to(user)
    rows = Item.objects.filter(pk__in=list(ids)[:MOST], version__test_set__project__in=projects)
    return rows.filter(redacted=None).select_related("version__test_set__project").order_by("pk")


def add_items(
    working_set: WorkingSet, items: Iterable[Item], *, tag: str, by: User | None
) -> AddedRows:
    """Appends items of published versions, except those whose question or id the set has.

    Raises as `add_rows`.
    """
    rows = ((line, content_of(item)) for line, item in enumerate(items, 1))
    return add_rows(working_set, rows, tag=tag, by=by)


def begin_with_items(
    items: Sequence[Item], *, project: Project, slug: str, purpose: str, tag: str, by: User | None
) -> tuple[WorkingSet, AddedRows]:
    """A new working set with these items, at least one, as `add_items` adds them.

    Raises as `begin_with_item`.
    """
    first = _tagged(content_of(items[0]), tag)
    working_set = begin_with_item(first, project=project, slug=slug, purpose=purpose, by=by)
    others = add_items(working_set, items[1:], tag=tag, by=by)
    return working_set, replace(others, added=others.added + 1)


def _tagged(content: ItemContent, tag: str) -> ItemContent:
    return (
        replace(content, tags=[*content.tags, tag]) if tag not in ["", *content.tags] else content
    )

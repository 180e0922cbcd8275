# mypy: disable-error-code="type-arg"
"""Working sets in the admin: looked at there, and written on their own pages."""

from django.contrib import admin

from evalhub.features.working_sets.models import WorkingItem, WorkingSet
from evalhub.registry.read_only import Frozen, FrozenLarge, beginning, readable, rows_of


@admin.register(WorkingSet)
class WorkingSetAdmin(Frozen):
    list_display = ("slug", "project", "source", "by", "changed")
    list_select_related = ("project", "by")
    search_fields = ("slug", "project__slug", "source")
    fields = readonly_fields = (
        "project",
        "slug",
        "purpose",
        "source",
        "origin",
        "revision",
        "filled",
        "busy_until",
        "by",
        "created",
        "changed",
        rows_of("working_sets_workingitem", "working_set"),
    )


@admin.register(WorkingItem)
class WorkingItemAdmin(FrozenLarge):
    list_display = ("key", "working_set", "position", beginning("input"), "part", "change")
    list_select_related = ("working_set",)
    search_fields = ("key__startswith",)
    search_help_text = "how the item's id begins"
    fields = readonly_fields = (
        "working_set",
        "position",
        "key",
        readable("input"),
        readable("references"),
        "context",
        readable("tags"),
        "cluster",
        readable("metadata"),
        "part",
        "was",
        "change",
        "alike",
        "revision",
        "by",
    )

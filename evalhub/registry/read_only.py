# mypy: disable-error-code="type-arg"
"""Admin pages of what is looked at there and made elsewhere, and how their values are shown.

Django's admin classes can't be subscripted when the program runs, hence the first line. It takes
functions beside names of fields, of which its stubs don't know, hence functions that return Any.
"""

import json
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evalhub.accounts.admin_site import LINKED
from evalhub.declare.declaration import Declaration

ROWS = 25


class Kept(admin.ModelAdmin):
    """Made by the registry's verbs and kept: only what isn't in `readonly_fields` is changed."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Frozen(Kept):
    """Evidence: nothing of it is changed."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FrozenLarge(Frozen):
    """Evidence of which there may be millions: no second count, no order but that of the key."""

    ordering = ("-id",)
    sortable_by = ()
    show_full_result_count = False


class Written(admin.ModelAdmin):
    """Of rows of which some belong to drafts: without those."""

    def get_queryset(self, request: HttpRequest) -> Any:
        queryset: Any = super().get_queryset(request)
        return queryset.written()


class FrozenInline(admin.TabularInline):
    """Evidence on the page of what it belongs to."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def page_of(view: str, by: str = "pk") -> Any:
    """A link to the product's own page of a row; `by` leads to what the page is of."""

    def link(row: Model) -> SafeString:
        value: Any = row
        for step in by.split("__"):
            value = getattr(value, step)
        if value is None:
            return SafeString("–")
        return format_html('<a href="{}">open</a>', reverse(f"site:{view}", args=[value]))

    link.__name__ = "page"
    return admin.display(description="page")(link)


def readable(name: str) -> Any:
    """A JSON field, indented, in a box that wraps and scrolls."""

    def block(row: Model) -> SafeString:
        value = getattr(row, name)
        value = value.as_json() if isinstance(value, Declaration) else value
        text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
        return format_html(
            '<textarea class="vLargeTextField" readonly rows="{}" aria-label="{}">\n{}</textarea>',
            min(text.count("\n") + 2, ROWS),
            name,
            text,
        )

    block.__name__ = name
    return admin.display(description=name)(block)


def beginning(name: str, *, characters: int = 80) -> Any:
    """The first characters of a text or of a JSON field, for a list."""

    def text(row: Model) -> str | None:
        value = getattr(row, name)
        text = value if isinstance(value, str | None) else json.dumps(value, ensure_ascii=False)
        return text if text is None or len(text) <= characters else f"{text[:characters]}…"

    text.__name__ = name
    return admin.display(description=name)(text)


def rows_of(model: str, by: str) -> Any:
    """A link to the list of `model` ("registry_item") whose foreign key `by` is this row."""
    LINKED.setdefault(model, set()).add(by)

    def link(row: Model) -> SafeString:
        url = reverse(f"admin:{model}_changelist", query={f"{by}__id__exact": row.pk})
        return format_html('<a href="{}">list</a>', url)

    link.__name__ = f"{model}s"
    app, _, name = model.rpartition("_")
    plural = apps.get_model(app, name)._meta.verbose_name_plural
    return admin.display(description=plural)(link)

# mypy: disable-error-code="type-arg"
"""The admin's tables that are looked at there and written elsewhere, made from their models.

Django's admin classes can't be subscripted when the program runs, hence the first line. It takes
functions beside names of fields, of which its stubs don't know, hence functions that return Any.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import ForeignKey, JSONField, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evalhub.accounts.admin_site import LINKED
from evalhub.declare.declaration import Declaration

ROWS = 25
NAMED_BY = {
    "accounts.membership": ("user", "project"),
    "registry.modelversion": ("model",),
    "registry.testsetversion": ("test_set",),
    "registry.run": ("version__model", "test_set_version__test_set"),
    "registry.runmetric": ("metric", "run__version__model", "run__test_set_version__test_set"),
    "ledger.look": ("candidate__model", "test_set_version__test_set"),
    "ledger.promotion": ("version__model", "project"),
}
"""By model, the foreign keys whose rows the name of a row needs (`__str__`)."""


class ReadOnly(admin.ModelAdmin):
    """Rows are neither added nor deleted, and nothing but `editable` fields is changed."""

    list_select_related = ()  # `related` are, on a row's page too
    related: tuple[str, ...] = ()
    editable: tuple[str, ...] = ()
    restrict: Any = None
    """Makes the rows that are shown of all there are."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows: QuerySet = super().get_queryset(request)
        rows = rows.select_related(*self.related) if self.related else rows
        return self.restrict(rows) if self.restrict else rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.editable) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):
    """Rows on the page of what they belong to, read with these foreign keys."""

    extra = 0
    can_delete = False
    show_change_link = True
    related: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related(*self.related)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class AdminTable:
    """How a model is shown; names of fields are separated by spaces.

    Attributes:
        columns: of the list. Foreign keys are read with the rows, as far as their names need it.
        search: the fields that a search looks in, and `search_help`, what to type.
        filters: what a list is narrowed by, as Django's `list_filter`.
        fields: of a row's page; "" is all but the key. JSON is shown indented.
        hidden: fields that aren't shown all the same: secrets, and what nobody may read.
        editable: the fields that are changed here.
        needs: further foreign keys that a row's list and page read.
        shortened: columns of which the first characters are shown.
        page: the product's page of a row: the view's name, and what leads to what it is of.
        rows: by table, as "registry_item", its foreign key to a row of this one: linked lists.
        order: of the list, where it isn't the model's.
        large: there may be millions of rows: no second count, no order but that of the key.
        queryset: makes the rows that are shown of all there are.
        inlines: tables on a row's page.
        base: Django's admin class.
    """

    columns: str
    search: str
    search_help: str = ""
    filters: tuple[Any, ...] = ()
    fields: str = ""
    hidden: str = ""
    editable: str = ""
    needs: str = ""
    shortened: str = ""
    page: tuple[str, str] | None = None
    rows: Mapping[str, str] = field(default_factory=dict)
    order: str = ""
    large: bool = False
    queryset: Callable[[Any], QuerySet] | None = None
    inlines: tuple[type[admin.TabularInline], ...] = ()
    base: type[ReadOnly] = ReadOnly


def register(tables: Mapping[type[Model], AdminTable]) -> None:
    """Puts tables into the admin."""
    for model, table in tables.items():
        admin.site.register(model, read_only(model, table))


def read_only(model: type[Model], table: AdminTable) -> type[admin.ModelAdmin]:
    """The admin class that shows a model so."""
    page = [page_of(*table.page)] if table.page else []
    hidden = table.hidden.split()
    names = table.fields.split() or [
        field.name for field in model._meta.concrete_fields if not field.primary_key
    ]
    fields = [*(_field(model, name) for name in names if name not in hidden), *page]
    fields += [rows_of(linked, by) for linked, by in table.rows.items()]
    columns = table.columns.split()
    attributes: dict[str, Any] = {
        "list_display": [
            *(beginning(name) if name in table.shortened.split() else name for name in columns),
            *page,
        ],
        "list_filter": table.filters,
        "related": (*foreign_keys(model, columns), *table.needs.split()),
        "search_fields": table.search.split(),
        "search_help_text": table.search_help,
        "fields": fields,
        "readonly_fields": [field for field in fields if field not in table.editable.split()],
        "editable": tuple(table.editable.split()),
        "restrict": table.queryset and staticmethod(table.queryset),
        "ordering": table.order.split() or None,
        "inlines": table.inlines,
    }
    if table.large:
        attributes |= {"ordering": ("-id",), "sortable_by": (), "show_full_result_count": False}
    return type(f"{model.__name__}Admin", (table.base,), attributes)


def foreign_keys(model: type[Model], columns: list[str]) -> list[str]:
    """The foreign keys that a list with these columns reads: theirs, and those of their names."""
    paths: list[str] = []
    for column in columns:
        if column == "__str__":
            paths += NAMED_BY.get(model._meta.label_lower, ())
            continue
        steps: list[str] = []
        target: Any = model
        for name in column.split("__"):
            key = next(
                (field for field in target._meta.concrete_fields if field.name == name), None
            )
            if not isinstance(key, ForeignKey):
                break
            steps, target = [*steps, name], key.related_model
        if steps:
            path = "__".join(steps)
            named = NAMED_BY.get(target._meta.label_lower, ()) if path == column else ()
            paths += [path, *(f"{path}__{name}" for name in named)]
    return paths


def _field(model: type[Model], name: str) -> Any:
    """A field as a row's page shows it."""
    return readable(name) if isinstance(model._meta.get_field(name), JSONField) else name


def inline(model: type[Model], columns: str, **options: Any) -> type[admin.TabularInline]:
    """Rows of this model, with these columns, on the page of what they belong to; `options` are
    Django's."""
    fields = columns.split()
    keys = foreign_keys(model, ["__str__", *fields])
    attributes = {"model": model, "fields": fields, "related": tuple(keys)}
    return type(f"{model.__name__}Inline", (ReadOnlyInline,), attributes | options)


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

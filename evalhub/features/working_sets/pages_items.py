"""Pages: add, change or delete an item; add rows; change many items at once."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.requests import SignedInRequest
from evalhub.decision.wording import count_text
from evalhub.declare.declaration import DeclarationError
from evalhub.features.working_sets.forms import RowsForm, pasted_rows
from evalhub.features.working_sets.item_form import ItemForm, form_of
from evalhub.features.working_sets.items import (
    AddedRows,
    add_item,
    add_rows,
    change_item,
    delete_item,
    delete_items,
    tag_items,
)
from evalhub.features.working_sets.models import WorkingItem, WorkingSet
from evalhub.features.working_sets.page_data import filter_of
from evalhub.features.working_sets.pages import (
    FOLDER,
    revision_seen,
    shows_refusal,
    visible_sets,
)
from evalhub.features.working_sets.sets import ChangedMeanwhileError
from evalhub.frames.page.access import results_only
from evalhub.frames.page.uploaded import uploaded_path
from evalhub.io.items import items_of
from evalhub.io.limits import ITEMS
from evalhub.io.rows import DataError, read_rows


@require_http_methods(["GET", "POST"])
@results_only
@shows_refusal
def add(request: SignedInRequest, pk: int) -> HttpResponse:
    working_set = get_object_or_404(visible_sets(request), pk=pk)
    form = ItemForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            item = add_item(working_set, form.cleaned_data["content"], by=request.user)
        except DeclarationError as error:
            form.add_error("key", error.message)
        else:
            messages.success(request, f"Added “{item.key}” at the end.")
            return redirect(_back(working_set, request, item))
    context = {"form": form, "working_set": working_set}
    return render(request, f"{FOLDER}/item.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@results_only
@shows_refusal
def change(request: SignedInRequest, pk: int, item: int) -> HttpResponse:
    working_set = get_object_or_404(visible_sets(request), pk=pk)
    row = get_object_or_404(working_set.items.select_related("working_set__project", "by"), pk=item)
    form = ItemForm(request.POST or None, initial=form_of(row))
    meanwhile = ""
    if request.method == "POST" and form.is_valid():
        try:
            _change(row, form, request)
        except DeclarationError as error:
            form.add_error("key", error.message)
        except ChangedMeanwhileError as error:
            meanwhile = str(error)
        else:
            messages.success(request, f"“{row.key}” is changed.")
            return redirect(_back(working_set, request, row))
    context = {"form": form, "working_set": working_set, "item": row, "meanwhile": meanwhile}
    status = 409 if meanwhile else 400 if form.errors else 200
    return render(request, f"{FOLDER}/item.html", context, status=status)


@require_POST
@results_only
@shows_refusal
def delete(request: SignedInRequest, pk: int, item: int) -> HttpResponse:
    working_set = get_object_or_404(visible_sets(request), pk=pk)
    row = get_object_or_404(working_set.items.select_related("working_set__project"), pk=item)
    delete_item(row, revision=revision_seen(request), by=request.user)
    messages.success(request, f"“{row.key}” is deleted.")
    return redirect(_back(working_set, request))


@require_http_methods(["GET", "POST"])
@results_only
@shows_refusal
def add_some(request: SignedInRequest, pk: int) -> HttpResponse:
    """Add rows, such as production's, except those whose question is already in the set."""
    working_set = get_object_or_404(visible_sets(request), pk=pk)
    form = RowsForm(request.POST or None, request.FILES or None)
    added = None
    if request.method == "POST" and form.is_valid():
        try:
            added = _add_rows(working_set, form, request)
        except DataError as error:
            form.add_error("file" if form.cleaned_data["file"] else "pasted", str(error))
    context = {"form": form, "working_set": working_set, "added": added}
    return render(request, f"{FOLDER}/rows.html", context, status=400 if form.errors else 200)


@require_POST
@results_only
@shows_refusal
def change_many(request: SignedInRequest, pk: int) -> HttpResponse:
    """Tag, untag or delete all items that the address's filter selects."""
    working_set = get_object_or_404(visible_sets(request), pk=pk)
    wanted = filter_of(working_set, request.GET).wanted
    verb, tag = request.POST.get("verb", ""), request.POST.get("tag", "")
    seen: dict[str, Any] = {"by": request.user, "revision": revision_seen(request)}
    if verb in ("tag", "untag"):
        number = tag_items(working_set, wanted, tag=tag, take=verb == "untag", **seen)
        message = (
            f"{count_text(number, 'item')} {'got' if verb == 'tag' else 'lost'} the tag “{tag}”."
        )
    elif verb == "delete":
        message = f"Deleted {count_text(delete_items(working_set, wanted, **seen), 'item')}."
    else:
        raise Http404
    messages.success(request, message)
    return redirect(_back(working_set, request))


def _change(row: WorkingItem, form: ItemForm, request: SignedInRequest) -> None:
    content, revision = form.cleaned_data["content"], form.cleaned_data["revision"]
    change_item(row, content, revision=revision or 0, by=request.user)


def _add_rows(working_set: WorkingSet, form: RowsForm, request: SignedInRequest) -> AddedRows:
    values = form.cleaned_data
    file, mapping = values["file"], values["mapping"]
    with uploaded_path(file) if file else pasted_rows(values["pasted"], mapping.input) as rows_file:
        rows = items_of(read_rows(rows_file, ITEMS), mapping)
        return add_rows(working_set, rows, tag=values["given_tag"].strip(), by=request.user)


def _back(
    working_set: WorkingSet, request: SignedInRequest, item: WorkingItem | None = None
) -> str:
    """Redirects to the list with its filter, at the item."""
    query = request.GET.urlencode()
    address = reverse("site:working_set", args=[working_set.pk])
    return f"{address}{f'?{query}' if query else ''}{f'#item-{item.pk}' if item else ''}"


urlpatterns = [
    path("working-sets/<int:pk>/rows/", add_some, name="add_rows"),
    path("working-sets/<int:pk>/many/", change_many, name="change_many"),
    path("working-sets/<int:pk>/items/new/", add, name="add_item"),
    path("working-sets/<int:pk>/items/<int:item>/", change, name="change_item"),
    path("working-sets/<int:pk>/items/<int:item>/delete/", delete, name="delete_item"),
]

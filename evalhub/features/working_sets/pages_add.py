"""Page: add items, wherever they are read, to a test set."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from evalhub.accounts.models import Project
from evalhub.accounts.requests import SignedInRequest
from evalhub.decision.wording import count_text
from evalhub.declare.declaration import DeclarationError
from evalhub.features.working_sets.add_form import NEW, SET, AddItemsForm
from evalhub.features.working_sets.from_items import add_items, begin_with_items, visible_items
from evalhub.features.working_sets.items import AddedRows
from evalhub.features.working_sets.models import WorkingSet
from evalhub.features.working_sets.pages import FOLDER
from evalhub.features.working_sets.sets import WorkingSetError, edit_version
from evalhub.frames.page.access import results_only
from evalhub.frames.page.forms import whole_number
from evalhub.registry.models import Item, TestSetVersion


@require_http_methods(["GET", "POST"])
@results_only
def add_to_test_set(request: SignedInRequest) -> HttpResponse:
    items = _items(request)
    project = items[0].version.test_set.project
    form = AddItemsForm(request.POST or None, project=project)
    back = _back(request)
    if request.method == "POST" and form.is_valid():
        try:
            working_set, added = _add(items, project, form, request)
        except DeclarationError as error:
            form.add_declaration_error(error)
        except WorkingSetError as error:
            form.add_error("to", str(error))
        else:
            messages.success(request, _message(working_set, added))
            return redirect(back or reverse("site:working_set", args=[working_set.pk]))
    context = {"form": form, "items": items, "back": back}
    return render(request, f"{FOLDER}/add_items.html", context, status=400 if form.errors else 200)


def _items(request: SignedInRequest) -> list[Item]:
    """The items that the request names, those of the first one's project."""
    ids = [whole_number(each) for each in (request.POST or request.GET).getlist("item")]
    items = list(visible_items(request.user, ids))
    if not items:
        raise Http404
    project = items[0].version.test_set.project_id
    return [item for item in items if item.version.test_set.project_id == project]


def _back(request: SignedInRequest) -> str:
    """The page that the items were read on, "" where it isn't one of ours."""
    back = (request.POST or request.GET).get("back", "")
    own = back.startswith("/") and url_has_allowed_host_and_scheme(back, None)
    return back if own else ""


def _add(
    items: Sequence[Item], project: Project, form: AddItemsForm, request: SignedInRequest
) -> tuple[WorkingSet, AddedRows]:
    values = form.cleaned_data
    tag = values["given_tag"].strip()
    if values["to"] == NEW:
        named = {name: values[name] for name in ("slug", "purpose")}
        return begin_with_items(items, project=project, tag=tag, by=request.user, **named)
    kind, _, pk = values["to"].partition(":")
    if kind == SET:
        working_set = get_object_or_404(WorkingSet, pk=pk, project=project)
    else:
        versions = TestSetVersion.objects.select_related("test_set__project")
        version = get_object_or_404(versions, pk=pk, test_set__project=project)
        working_set = edit_version(version, by=request.user)
    return working_set, add_items(working_set, items, tag=tag, by=request.user)


def _message(working_set: WorkingSet, added: AddedRows) -> str:
    """What was added and left out, with a link to the set."""
    reasons = "; ".join(dict.fromkeys(why for _, why in added.left_out[:3]))
    left_out = f"{count_text(len(added.left_out), 'item')} left out: {reasons}. " if reasons else ""
    return format_html(
        '{} added to <a href="{}">{}</a>, not yet published. {}',
        count_text(added.added, "item"),
        reverse("site:working_set", args=[working_set.pk]),
        working_set.slug,
        left_out,
    )


urlpatterns = [path("working-sets/add/", add_to_test_set, name="add_to_test_set")]

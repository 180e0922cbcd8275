"""Pages: working sets, from a file or a version, until published."""

from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.models import Project
from evalhub.accounts.requests import SignedInRequest
from evalhub.decision.wording import count_text
from evalhub.declare.declaration import DeclarationError
from evalhub.features.working_sets.forms import NearCopiesForm, NewSetForm, SplitForm
from evalhub.features.working_sets.items import set_parts
from evalhub.features.working_sets.models import WorkingSet, WorkingSetQuerySet
from evalhub.features.working_sets.near_copies import (
    look_in_other_test_sets,
    look_in_training,
    look_inside,
    split,
)
from evalhub.features.working_sets.page_data import changes_of, items_page, publish_page
from evalhub.features.working_sets.sets import (
    ChangedMeanwhileError,
    WorkingSetError,
    begin_working_set,
    discard_working_set,
    edit_version,
    publish_working_set,
)
from evalhub.frames.page.access import View, redirects_refusals, results_only
from evalhub.frames.page.forms import whole_number
from evalhub.frames.page.read_from import OutdatedFormError
from evalhub.frames.page.uploaded import uploaded_path
from evalhub.io.rows import DataError
from evalhub.registry.models import TestSet, TestSetVersion

PAGE = 25
FOLDER = "working_sets"
REFUSALS = (DataError, DeclarationError, WorkingSetError)


def shows_refusal(view: View) -> View:
    """Decorator: the set's page says why a verb refused; a form that was read from another
    revision of it is stale."""

    @wraps(view)
    def guard(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ChangedMeanwhileError as error:
            raise OutdatedFormError from error

    return redirects_refusals("site:working_set", *REFUSALS)(guard)


def revision_seen(request: SignedInRequest) -> int:
    """The revision that the form was read from; 0, which is none, where it doesn't say it."""
    return whole_number(request.POST.get("revision", ""))


def visible_sets(request: SignedInRequest) -> WorkingSetQuerySet:
    rows: WorkingSetQuerySet = WorkingSet.objects.visible_to(request.user).filled()
    return rows.select_related("project", "origin__test_set", "by")


@require_GET
@results_only
def list_sets(request: SignedInRequest) -> HttpResponse:
    page = Paginator(visible_sets(request).with_counts(), PAGE).get_page(request.GET.get("page"))
    return render(request, f"{FOLDER}/list.html", {"page": page})


@require_http_methods(["GET", "POST"])
@results_only
def new(request: SignedInRequest) -> HttpResponse:
    """Make a working set from a file."""
    projects = Project.objects.visible_to(request.user).order_by("slug")
    choices = list(projects.values_list("slug", "name"))
    form = NewSetForm(request.POST or None, request.FILES or None, projects=choices)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        options = {name: values[name] for name in ("slug", "purpose", "mapping")}
        options |= {"project": projects.get(slug=values["project"]), "by": request.user}
        try:
            with uploaded_path(values["file"]) as file:
                working_set = begin_working_set(path=file, **options)
        except DataError as error:
            form.add_error("file", str(error))
        except DeclarationError as error:
            form.add_declaration_error(error)
        else:
            return redirect("site:working_set", working_set.pk)
    status = 400 if form.errors else 200
    return render(request, f"{FOLDER}/new.html", {"form": form}, status=status)


@require_POST
@results_only
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make a working set from a version of a test set, which stays as it is."""
    sets = TestSet.objects.visible_to(request.user).written().filter(pk=pk)
    versions = TestSetVersion.objects.select_related("test_set__project")
    number = whole_number(request.POST.get("version", ""))
    version = get_object_or_404(versions, test_set__in=sets, number=number)
    try:
        working_set = edit_version(version, by=request.user)
    except WorkingSetError as error:
        messages.error(request, str(error))
        return redirect("site:test_set", pk)
    return redirect("site:working_set", working_set.pk)


@require_GET
@results_only
def show_set(request: SignedInRequest, pk: int) -> HttpResponse:
    working_set = get_object_or_404(visible_sets(request).with_counts(), pk=pk)
    context = {
        "working_set": working_set,
        "difference": changes_of(working_set),
        "shown": items_page(working_set, request.GET),
        "split": SplitForm(),
        "near": NearCopiesForm(),
    }
    return render(request, f"{FOLDER}/working_set.html", context)


@require_POST
@results_only
@shows_refusal
def split_set(request: SignedInRequest, pk: int) -> HttpResponse:
    """Split the set, or remove its split."""
    working_set = get_object_or_404(visible_sets(request), pk=pk)
    form = SplitForm(request.POST)
    if request.POST.get("verb") == "undo":
        set_parts(working_set, None, by=request.user, revision=revision_seen(request))
        messages.success(request, "The split is taken back.")
    elif form.is_valid():
        share, seed = form.cleaned_data["share"] / 100, form.cleaned_data["seed"]
        seen: dict[str, Any] = {"by": request.user, "revision": revision_seen(request)}
        inside = split(working_set, share=share, seed=seed, **seen)
        messages.success(request, f"{count_text(inside, 'item')} of development, the rest of test.")
    else:
        messages.error(request, "A split takes 1 to 99% and a seed that is a whole number.")
    return redirect("site:working_set", pk)


@require_POST
@results_only
@shows_refusal
def near_copies(request: SignedInRequest, pk: int) -> HttpResponse:
    """Look for near-copies, which the list of items then shows."""
    working_set = get_object_or_404(visible_sets(request), pk=pk)
    form = NearCopiesForm(request.POST, request.FILES)
    if not form.is_valid():
        for name, [error, *_] in form.errors.as_data().items():
            messages.error(request, f"{form[name].label}: {' '.join(error.messages)}")
        return redirect("site:working_set", pk)
    message = _look(working_set, form, request)
    messages.success(request, message)
    return redirect("site:working_set", pk)


@require_http_methods(["GET", "POST"])
@results_only
@shows_refusal
def publish(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show what publishing would change, then publish the version."""
    working_set = get_object_or_404(visible_sets(request).with_counts(), pk=pk)
    if request.method == "GET":
        context = {"working_set": working_set, "shown": publish_page(working_set)}
        return render(request, f"{FOLDER}/publish.html", context)
    seen = revision_seen(request)
    versions = publish_working_set(working_set, revision=seen, by=request.user)
    names = " and ".join(map(str, versions))
    messages.success(request, f"Published: {names}. It is frozen; “Edit” begins the next one.")
    return redirect("site:test_set", versions[0].test_set_id)


@require_POST
@results_only
@shows_refusal
def discard(request: SignedInRequest, pk: int) -> HttpResponse:
    working_set = get_object_or_404(visible_sets(request), pk=pk)
    discard_working_set(working_set, by=request.user, revision=revision_seen(request))
    messages.success(request, f"What was being written for {working_set.slug} is gone.")
    return redirect("site:working_sets")


def _look(working_set: WorkingSet, form: NearCopiesForm, request: SignedInRequest) -> str:
    where, seen = form.cleaned_data["where"], revision_seen(request)
    if where == "training":
        with uploaded_path(form.cleaned_data["file"]) as file:
            number = look_in_training(working_set, file, by=request.user, revision=seen)
        source = f"in {file.name}"
    elif where == "others":
        number = look_in_other_test_sets(working_set, by=request.user, revision=seen)
        source = "in the project’s other test sets"
    else:
        number = look_inside(working_set, by=request.user, revision=seen)
        source = "of items before"
    if not number:
        return f"No near-copies {source}."
    what = "item is a near-copy" if number == 1 else "items are near-copies"
    return f"{number:,} {what} {source}: “near-copies” shows them."


urlpatterns = [
    path("test-sets/<int:pk>/edit/", edit, name="edit_test_set"),
    path("working-sets/", list_sets, name="working_sets"),
    path("working-sets/new/", new, name="new_working_set"),
    path("working-sets/<int:pk>/", show_set, name="working_set"),
    path("working-sets/<int:pk>/split/", split_set, name="split_set"),
    path("working-sets/<int:pk>/near-copies/", near_copies, name="near_copies"),
    path("working-sets/<int:pk>/publish/", publish, name="publish_set"),
    path("working-sets/<int:pk>/discard/", discard, name="discard_set"),
]

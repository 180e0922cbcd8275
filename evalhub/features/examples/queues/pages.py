"""Pages: queues of examples, one of them, and an example's life."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.models import Project, User
from evalhub.accounts.requests import SignedInRequest
from evalhub.decision.wording import count_text
from evalhub.declare.declaration import DeclarationError
from evalhub.features.examples.queues.files import drafts_of_file
from evalhub.features.examples.queues.forms import ExampleFileForm, QueueForm, uploaded_examples
from evalhub.features.examples.queues.life import example_life
from evalhub.frames.page.access import results_only
from evalhub.frames.page.read_from import as_read
from evalhub.io.limits import WEB
from evalhub.io.rows import DataError
from reviews.errors import ExampleQueueError, QueueClosedError, ReviewError
from reviews.examples.queues import (
    add_examples,
    close_queue,
    create_queue,
    pause_queue,
    resume_queue,
)
from reviews.examples.results import queue_results
from reviews.models import Example, ExampleQueue, ExampleState
from reviews.models.examples import ExampleQueueQuerySet

PAGE = 20
FOLDER = "examples"
ACTS: Mapping[str, tuple[Callable[..., None], str]] = {
    "pause": (pause_queue, "Nothing more is dealt until you resume it."),
    "resume": (resume_queue, "It deals again."),
    "close": (close_queue, "It is closed."),
}


def visible_queues(request: SignedInRequest) -> ExampleQueueQuerySet:
    rows: ExampleQueueQuerySet = ExampleQueue.objects.visible_to(request.user)
    return rows.with_counts().newest_first()


@require_GET
@results_only
def example_queues(request: SignedInRequest) -> HttpResponse:
    """The queues of all projects whose results the user sees."""
    page = Paginator(visible_queues(request), PAGE).get_page(request.GET.get("page"))
    return render(request, f"{FOLDER}/queues.html", {"page": page})


@require_http_methods(["GET", "POST"])
@results_only
def new_example_queue(request: SignedInRequest) -> HttpResponse:
    """The form of a queue; posting it creates the queue."""
    projects = Project.objects.visible_to(request.user).order_by("slug")
    choices = list(projects.values_list("slug", "name"))
    form = QueueForm(request.POST or None, projects=choices)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        project = projects.get(slug=values.pop("project"))
        try:
            queue = create_queue(project=project, by=request.user, **values)
        except ExampleQueueError as error:
            form.add_declaration_error(DeclarationError(error.reason, error.field))
        else:
            return redirect("site:example_queue", queue.pk)
    status = 400 if form.errors else None
    return render(request, f"{FOLDER}/new_queue.html", {"form": form}, status=status)


@require_GET
@results_only
def example_queue(request: SignedInRequest, pk: int) -> HttpResponse:
    return _queue(request, get_object_or_404(visible_queues(request), pk=pk))


@require_POST
@results_only
def add_example_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """Add the examples of an uploaded file: all of them, or none."""
    queue = get_object_or_404(visible_queues(request), pk=pk)
    form = ExampleFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _queue(request, queue, 400, form=form)
    try:
        with uploaded_examples(form.cleaned_data["file"]) as file:
            drafts = drafts_of_file(file, labels=tuple(queue.labels), limits=WEB)
            added = add_examples(queue=queue, drafts=drafts, by=request.user)
    except QueueClosedError as error:
        return _queue(request, queue, 409, refused=str(error))
    except DataError as error:
        form.add_error("file", str(error))
        return _queue(request, queue, 400, form=form)
    left_out = count_text(added.duplicates, "duplicate")
    also = f", {left_out} left out" if added.duplicates else ""
    messages.success(request, f"{count_text(added.added, 'example')} added{also}.")
    return redirect("site:example_queue", pk)


@require_POST
@results_only
def change_example_queue(request: SignedInRequest, pk: int) -> HttpResponse:
    """Pause, resume or close: by the form's verb."""
    queue = get_object_or_404(visible_queues(request), pk=pk)
    verb = request.POST.get("verb", "")
    if verb not in ACTS:
        return _queue(request, queue, 400, refused="Say what is to be done.")
    act, sentence = ACTS[verb]
    try:
        with as_read(request, queue):
            act(queue=queue, by=request.user)
    except ReviewError as error:
        return _queue(request, queue, 409, refused=str(error))
    messages.success(request, sentence)
    return redirect("site:example_queue", pk)


@require_GET
@results_only
def one_example(request: SignedInRequest, pk: int) -> HttpResponse:
    """An example's life on one page."""
    rows = Example.objects.visible_to(request.user).select_related(
        "queue__project", "parent__queue", "by", "item__version__test_set"
    )
    example = get_object_or_404(rows, pk=pk)
    return render(request, f"{FOLDER}/example.html", {"life": example_life(example)})


def _queue(
    request: SignedInRequest, queue: ExampleQueue, status: int | None = None, **more: Any
) -> HttpResponse:
    state = request.GET.get("state", "")
    rows = queue.examples.order_by("position")
    if state in ExampleState.values:
        rows = rows.filter(state=state)
    results = queue_results(queue)
    states = [
        (value, label.split(":")[0], results.states[value])
        for value, label in ExampleState.choices
        if results.states[value]
    ]
    context = {
        "queue": queue,
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "state": state if state in ExampleState.values else "",
        "states": states,
        "total": sum(results.states.values()),
        "results": results,
        "people": [(results.names[each.annotator], each) for each in results.people],
        "kappas": _kappas(results.actions, results.names) if results.actions else [],
        "answers_here": _answers_here(queue, request.user),
        "form": ExampleFileForm(),
        **more,
    }
    return render(request, f"{FOLDER}/queue.html", context, status=status)


def _kappas(agreed: Any, names: Mapping[int, str]) -> list[tuple[str, int, float | None]]:
    return [
        (" and ".join(names[each] for each in kappa.raters), kappa.units, kappa.value)
        for kappa in agreed.kappas
    ]


def _answers_here(queue: ExampleQueue, user: User) -> bool:
    """Whether this person may answer examples of it themselves."""
    return ExampleQueue.objects.of_annotator(user).filter(pk=queue.pk).exists()


urlpatterns = [
    path("examples/", example_queues, name="example_queues"),
    path("examples/new/", new_example_queue, name="new_example_queue"),
    path("examples/queues/<int:pk>/", example_queue, name="example_queue"),
    path("examples/queues/<int:pk>/add/", add_example_file, name="add_example_file"),
    path("examples/queues/<int:pk>/change/", change_example_queue, name="change_example_queue"),
    path("examples/<int:pk>/", one_example, name="example"),
]

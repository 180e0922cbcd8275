"""Pages: a queue's examples go out; training files that went out, and one with its card."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.requests import SignedInRequest
from evalhub.decision.wording import count_text
from evalhub.declare.declaration import DeclarationError
from evalhub.features.examples.out.card import data_card
from evalhub.features.examples.out.exporting import ExamplesOutError, export_examples
from evalhub.features.examples.out.kept_files import kept_content, trained_on
from evalhub.features.examples.out.publishing import publish_examples
from evalhub.frames.page.access import results_only
from evalhub.registry.models import TrainingFileVersion
from reviews.models import ExampleQueue

PAGE = 25
FOLDER = "examples"


def _queue(request: SignedInRequest, pk: int) -> ExampleQueue:
    queues = ExampleQueue.objects.visible_to(request.user).select_related("project")
    return get_object_or_404(queues, pk=pk)


def _file(request: SignedInRequest, pk: int) -> TrainingFileVersion:
    files = TrainingFileVersion.objects.visible_to(request.user).newest_first()
    return get_object_or_404(files, pk=pk)


@require_POST
@results_only
def export_queue(request: SignedInRequest, pk: int) -> HttpResponse:
    """Keep the accepted examples as a training file, and show it."""
    queue = _queue(request, pk)
    try:
        exported = export_examples(
            project=queue.project,
            queues=[queue],
            form=request.POST.get("format", ""),
            by=request.user,
            strict="strict" in request.POST,
            provenance="provenance" in request.POST,
        )
    except ExamplesOutError as error:
        messages.error(request, str(error))
        return redirect("site:example_queue", pk)
    for item in exported.items[:3]:
        messages.warning(request, f"Left out: it holds {item}.")
    messages.success(request, f"{count_text(exported.file.rows, 'row')} in {exported.file}.")
    return redirect("site:training_file", exported.file.pk)


@require_POST
@results_only
def publish_queue(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make the accepted examples a test set's next version, and show it."""
    queue = _queue(request, pk)
    try:
        published = publish_examples(
            project=queue.project,
            queues=[queue],
            test_set=request.POST.get("test_set", "").strip(),
            by=request.user,
            strict="strict" in request.POST,
        )
    except (ExamplesOutError, DeclarationError) as error:
        messages.error(request, str(error))
        return redirect("site:example_queue", pk)
    for row in published.rows[:3]:
        messages.warning(request, f"Left out: it went out as {row}.")
    examples = count_text(published.examples, "example")
    messages.success(request, f"{examples} in {published.version}.")
    return redirect("site:test_set", published.version.test_set_id)


@require_GET
@results_only
def training_files(request: SignedInRequest) -> HttpResponse:
    files = TrainingFileVersion.objects.visible_to(request.user).newest_first()
    page = Paginator(files, PAGE).get_page(request.GET.get("page"))
    return render(request, f"{FOLDER}/training_files.html", {"page": page})


@require_GET
@results_only
def training_file(request: SignedInRequest, pk: int) -> HttpResponse:
    file = _file(request, pk)
    lines = file.lines.prefetch_related("outs__example__queue").order_by("line")
    context: dict[str, Any] = {
        "file": file,
        "card": data_card(file),
        "left_out": list(file.left_out.items()),
        "trained_on": list(trained_on(file)),
        "erased": file.lines.exclude(erased=None).count(),
        "page": Paginator(lines, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, f"{FOLDER}/training_file.html", context)


@require_GET
@results_only
def training_file_download(request: SignedInRequest, pk: int, what: str) -> HttpResponse:
    """The file as it went out, or its card."""
    file = _file(request, pk)
    if what == "card.md":
        content: str | bytes = data_card(file)
        name, kind = f"{file.name}.md", "text/markdown; charset=utf-8"
    elif what == "rows.jsonl":
        try:
            content = kept_content(file)
        except ExamplesOutError as error:
            messages.error(request, str(error))
            return redirect("site:training_file", pk)
        name, kind = f"{file.name}.jsonl", "application/x-ndjson"
    else:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)


urlpatterns = [
    path("examples/queues/<int:pk>/export/", export_queue, name="export_example_queue"),
    path("examples/queues/<int:pk>/publish/", publish_queue, name="publish_example_queue"),
    path("training-files/", training_files, name="training_files"),
    path("training-files/<int:pk>/", training_file, name="training_file"),
    path(
        "training-files/<int:pk>/<str:what>", training_file_download, name="training_file_download"
    ),
]

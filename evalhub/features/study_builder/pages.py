"""Pages: a study is built, copied, kept as a draft, started."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.models import Project
from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.features.study_builder.builder import Builder
from evalhub.features.study_builder.drafts import discard_draft, keep_draft
from evalhub.features.study_builder.models import StudyDraft
from evalhub.features.study_builder.page import as_zip, page_context
from evalhub.features.study_builder.question import StudyQuestion
from evalhub.frames.page.access import results_only
from evalhub.frames.page.forms import whole_number
from evalhub.registry.models import Study
from evalhub.studies.file.suite import ITEMS, SkillItems, items_written, skill_name
from evalhub.studies.web.copying import copy_of
from runners.backends.endpoints import endpoints
from runners.suites import SUITES


@never_cache
@require_http_methods(["GET", "POST"])
@results_only
def new_study(request: SignedInRequest) -> HttpResponse:
    """The builder: what was posted, a draft, or nothing yet. `run` starts the study."""
    if not Project.objects.visible_to(request.user).exists():
        messages.error(request, "There is no project yet to compare anything in.")
        return redirect("home")
    if request.method == "GET":
        return _open(request)
    builder = Builder.of_request(request.user, request.POST, request.FILES)
    pk, revision = (whole_number(request.POST.get(name, "")) for name in ("draft", "revision"))
    if "run" in request.POST and (study := builder.register()):
        discard_draft(pk=pk, by=request.user)
        return redirect("site:study", study.pk)
    if "download" in request.POST:
        return _zip(builder)
    draft = _keep(request, builder, pk, revision)
    if "save" in request.POST and draft is not None:
        messages.success(request, "The draft is kept.")
        return redirect(f"{reverse('site:new_comparison')}?draft={draft.pk}")
    return _page(request, builder, draft)


@never_cache
@require_POST
@results_only
def copy_study(request: SignedInRequest, pk: int) -> HttpResponse:
    """The builder with a copy of a study in it; nothing is registered."""
    studies = Study.objects.visible_to(request.user).select_related("project")
    study = get_object_or_404(studies, pk=pk)
    copied = copy_of(study, by=request.user, aliases=endpoints())
    document = {k: v for k, v in copied.document.data.items() if k not in ("schema", "project")}
    builder = Builder(request.user, study.project, StudyQuestion(document, dict(copied.files)))
    builder.check()
    return _page(request, builder, None, original=study, left_out=copied.document.left_out)


@never_cache
@require_POST
@results_only
def discard(request: SignedInRequest, pk: int) -> HttpResponse:
    """Deletes a draft."""
    draft = get_object_or_404(StudyDraft.objects.written_by(request.user), pk=pk)
    discard_draft(pk=draft.pk, by=request.user)
    messages.success(request, f"The draft “{draft}” is gone.")
    return redirect("site:new_comparison")


@require_GET
@results_only
def suite_items(request: SignedInRequest, skill: str) -> HttpResponse:
    """The items of a shipped skill, as a study asks them, to be answered elsewhere."""
    if skill not in SUITES:
        raise Http404
    wanted = whole_number(request.GET.get("items", "")) or ITEMS
    try:
        with items_written(validate(SkillItems, {"skill": skill, "items": wanted})) as file:
            content = file.read_bytes()
    except DeclarationError as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain")
    headers = {"Content-Disposition": f'attachment; filename="{skill_name(skill)}.jsonl"'}
    return HttpResponse(content, content_type="application/x-ndjson", headers=headers)


def _open(request: SignedInRequest) -> HttpResponse:
    drafts = StudyDraft.objects.written_by(request.user)
    draft = drafts.filter(pk=whole_number(request.GET.get("draft", ""))).first()
    if draft is None:
        chosen = Project.objects.visible_to(request.user).filter(slug=request.GET.get("project"))
        return _page(request, Builder(request.user, chosen.first()), None)
    builder = Builder(request.user, draft.project, StudyQuestion(draft.document, draft.files))
    return _page(request, builder, draft)


def _keep(request: SignedInRequest, builder: Builder, pk: int, revision: int) -> StudyDraft | None:
    """Keeps what is on the page as a draft, beside one that was changed in another tab."""
    if builder.question.is_empty:
        return None
    draft = keep_draft(
        project=builder.project,
        by=request.user,
        question=builder.question,
        name=str(builder.finished.document["name"]),
        page=_page_name(request),
        pk=pk,
        revision=revision,
    )
    if pk and draft.pk != pk:
        builder.file_problems.append(
            "This draft was changed in another tab: what stands here is kept as a draft of its own."
        )
    return draft


def _page_name(request: SignedInRequest) -> str:
    """What names the opened page: made when it is first shown, and sent along by it."""
    return str(request.POST.get("page", ""))[:32] or get_random_string(32)


def _page(
    request: SignedInRequest, builder: Builder, draft: StudyDraft | None, **more: Any
) -> HttpResponse:
    sent, live = request.POST, bool(request.htmx) and request.htmx.target == "live"
    context = page_context(
        builder,
        preview="" if live else str(sent.get("preview") or sent.get("previewed", "")),
        trial=str(sent.get("try", "")),
        typed=str(sent.get("typed", ""))[:2000],
    )
    part = "new.html"
    if request.htmx:
        part = "_live.html" if live else "_form.html"
    elif request.method == "GET":
        context["drafts"] = StudyDraft.objects.written_by(request.user)[:10]
    status = 400 if builder.flaws and "run" in sent and not request.htmx else 200
    context |= {"draft": draft, "page": _page_name(request), **more}
    return render(request, f"study_builder/{part}", context, status=status)


def _zip(builder: Builder) -> HttpResponse:
    """The study file with its files beside it."""
    name = slugify(builder.finished.document["name"]) or "study"
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return HttpResponse(as_zip(builder), content_type="application/zip", headers=headers)


urlpatterns = [
    path("studies/new/", new_study, name="new_comparison"),
    path("studies/new/drafts/<int:pk>/discard/", discard, name="discard_draft"),
    path("studies/new/skills/<slug:skill>/", suite_items, name="suite_items"),
    path("studies/<int:pk>/copy/", copy_study, name="copy_study"),
]

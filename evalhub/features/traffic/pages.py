"""Pages: a project's production, its requests and signals, and what wasn't taken."""

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.models import Project
from evalhub.accounts.permissions import owns
from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.declaration import DeclarationError
from evalhub.features.traffic.forms import KeepingForm, served_name_form
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.models import Request, TrafficSettings
from evalhub.features.traffic.page_data.controls import controls
from evalhub.features.traffic.page_data.filtering import SliceKind, TrafficFilter
from evalhub.features.traffic.page_data.production_page import (
    figures_page,
    production_head,
    projects_page,
    refusals_page,
)
from evalhub.features.traffic.page_data.request_list import Cursor, request_list
from evalhub.features.traffic.page_data.request_page import request_page
from evalhub.features.traffic.page_data.sample_page import (
    draft_page,
    newest_samples,
    sample_page,
)
from evalhub.features.traffic.page_data.sending import ways_to_send
from evalhub.features.traffic.page_data.signals_page import signals_page
from evalhub.features.traffic.page_data.slices_page import slices_page
from evalhub.features.traffic.sample_form import ending_now, sample_form
from evalhub.features.traffic.served import (
    ServedNameError,
    ServedVersions,
    name_served_version,
)
from evalhub.features.traffic.shadow.drawing import SampleError, draft_sample, draw_requests
from evalhub.frames.page.access import View, results_only
from evalhub.frames.page.read_from import as_read
from evalhub.registry.models import TrafficSample

NARROWED = ("figures", "slices", "requests", "signals")
"""Pages that show traffic, narrowed by their address."""


def of_project(view: View) -> View:
    """Decorator: the view gets the project of this name, of which the user may see results."""

    @wraps(view)
    def guard(request: SignedInRequest, slug: str, **which: Any) -> HttpResponse:
        project = get_object_or_404(Project.objects.visible_to(request.user), slug=slug)
        return view(request, project, **which)

    return guard


@require_GET
@results_only
def production(request: SignedInRequest) -> HttpResponse:
    """The projects, each with its traffic; of one alone, its page at once."""
    rows = projects_page(Project.objects.visible_to(request.user), timezone.now())
    if len(rows) == 1:
        return redirect("site:production_figures", rows[0].project.slug)
    return render(request, "traffic/projects.html", {"rows": rows})


@require_GET
@results_only
@of_project
def figures(request: SignedInRequest, project: Project) -> HttpResponse:
    return _figures(request, project)


@require_POST
@results_only
@of_project
def name_version(request: SignedInRequest, project: Project) -> HttpResponse:
    """Say which version a served name stands for."""
    form = served_name_form(project, ServedVersions.of(project), timezone.now(), request.POST)
    if form.is_valid():
        try:
            row = name_served_version(project=project, by=request.user, **form.cleaned_data)
        except ServedNameError as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, f"{row.name} is {row.version} from {row.since:%-d %b %Y} on.")
            return redirect("site:production_figures", project.slug)
    return _figures(request, project, form=form)


@require_GET
@results_only
@of_project
def slices(request: SignedInRequest, project: Project) -> HttpResponse:
    kind = request.GET.get("by", "")
    kind = SliceKind(kind) if kind in SliceKind else SliceKind.LANGUAGE
    return _tab(
        request,
        project,
        "slices",
        lambda *wanted: {"shown": slices_page(project, kind, *wanted), "kinds": list(SliceKind)},
    )


@require_GET
@results_only
@of_project
def requests(request: SignedInRequest, project: Project) -> HttpResponse:
    after = Cursor.from_query(request.GET)
    return _tab(
        request,
        project,
        "requests",
        lambda wanted, served, now: {
            "shown": request_list(project, wanted, served, user=request.user, now=now, after=after),
            "after": after,
        },
    )


@require_GET
@results_only
@of_project
def one_request(request: SignedInRequest, project: Project, day: str) -> HttpResponse:
    """A request by its day and its key."""
    try:
        page = request_page(
            project, date.fromisoformat(day), request.GET.get("key", ""), user=request.user
        )
    except (ValueError, Request.DoesNotExist) as error:
        raise Http404(f"{project} has no such request on {day}") from error
    return render(request, "traffic/request.html", {"project": project, "shown": page})


@require_GET
@results_only
@of_project
def signals(request: SignedInRequest, project: Project) -> HttpResponse:
    name = request.GET.get("signal", "")
    return _tab(
        request,
        project,
        "signals",
        lambda wanted, served, now: {"shown": signals_page(project, wanted, served, now, name)},
    )


@require_GET
@results_only
@of_project
def refused(request: SignedInRequest, project: Project) -> HttpResponse:
    return _tab(
        request,
        project,
        "refused",
        lambda wanted, _, now: {"shown": refusals_page(project, wanted, now)},
    )


@require_GET
@results_only
@of_project
def sending(request: SignedInRequest, project: Project) -> HttpResponse:
    return _tab(request, project, "sending", lambda *_: {})


@require_http_methods(["GET", "POST"])
@results_only
@of_project
def keeping(request: SignedInRequest, project: Project) -> HttpResponse:
    """What is kept of requests; posting changes it, for owners."""
    settings, posted = _settings(project), request.method == "POST"
    form = KeepingForm(request.POST) if posted else KeepingForm.of_settings(settings)
    if posted and form.is_valid():
        try:
            with as_read(request, lambda: _settings(project), lock=project):
                change_settings(project=project, by=request.user, **form.cleaned_data)
        except DeclarationError as error:
            form.add_declaration_error(error)
        else:
            messages.success(request, "What is kept of requests is changed.")
            return redirect("site:production_keeping", project.slug)
    context = {"form": form, "settings": settings, "may_change": owns(request.user, project)}
    status = 400 if form.errors else None
    return _tab(request, project, "keeping", lambda *_: context, status=status)


def _settings(project: Project) -> TrafficSettings:
    return TrafficSettings.objects.filter(project=project).first() or TrafficSettings()


@require_http_methods(["GET", "POST"])
@results_only
@of_project
def samples(request: SignedInRequest, project: Project) -> HttpResponse:
    """Preview a sample of requests, then freeze just that one."""
    now = timezone.now()
    data = request.POST if request.method == "POST" else None
    form = sample_form(project, now, data, address=request.GET.dict())
    context: dict[str, Any] = {"form": form, "samples": newest_samples(project)}
    if form.is_bound and form.is_valid():
        try:
            if "freeze" in request.POST:
                drawn = draw_requests(project=project, query=form.query(), by=request.user)
                messages.success(request, f"{drawn.sample.version} is frozen.")
                return redirect("site:production_sample", project.slug, drawn.sample.pk)
            frozen = sample_form(project, now, ending_now(request.POST, now))
            frozen.is_valid()
            draft = draft_sample(project=project, query=frozen.query(), by=request.user)
            context |= {"frozen": frozen, "shown": draft_page(draft)}
        except DeclarationError as error:
            form.add_declaration_error(error)
        except SampleError as error:
            form.add_error(None, str(error))
    status = 400 if form.errors else None
    return _tab(request, project, "samples", lambda *_: context, status=status)


@require_GET
@results_only
@of_project
def one_sample(request: SignedInRequest, project: Project, pk: int) -> HttpResponse:
    rows = TrafficSample.objects.filter(version__test_set__project=project).newest_first()
    shown = sample_page(get_object_or_404(rows, version__id=pk))
    return render(request, "traffic/sample.html", {"project": project, "shown": shown})


def _figures(request: SignedInRequest, project: Project, **context: Any) -> HttpResponse:
    """The figures, with the form as it was filled in, if it was."""
    status = 400 if context else None
    return _tab(
        request,
        project,
        "figures",
        lambda wanted, served, now: {
            "shown": figures_page(project, wanted, served, now),
            "form": served_name_form(project, served, now),
            **context,
        },
        status=status,
    )


def _tab(
    request: SignedInRequest,
    project: Project,
    tab: str,
    read: Callable[..., dict[str, Any]],
    *,
    status: int | None = None,
) -> HttpResponse:
    """A page under the head of production; `read` reads what it shows. Without any traffic it shows
    how to send the first request instead, where it would show traffic."""
    now = timezone.now()
    wanted, head = TrafficFilter.from_query(request.GET), production_head(project, now)
    context: dict[str, Any] = {
        "project": project,
        "head": head,
        "tab": tab,
        "wanted": wanted,
        "ways": ways_to_send(project),
    }
    if head.has_traffic or tab not in NARROWED:
        served = ServedVersions.of(project)
        context |= {"served": served, **read(wanted, served, now)}
        if tab in NARROWED:
            slices, outcomes = tab in ("figures", "requests"), tab == "requests"
            context["controls"] = controls(
                project, wanted, served, now, slices=slices, outcomes=outcomes
            )
    return render(request, f"traffic/{tab}.html", context, status=status)


_PROJECT = "projects/<slug:slug>/production/"
urlpatterns = [
    path("production/", production, name="production"),
    path(_PROJECT, figures, name="production_figures"),
    path(f"{_PROJECT}served/", name_version, name="production_served"),
    path(f"{_PROJECT}slices/", slices, name="production_slices"),
    path(f"{_PROJECT}requests/", requests, name="production_requests"),
    path(f"{_PROJECT}requests/<str:day>/", one_request, name="production_request"),
    path(f"{_PROJECT}signals/", signals, name="production_signals"),
    path(f"{_PROJECT}samples/", samples, name="production_samples"),
    path(f"{_PROJECT}samples/<int:pk>/", one_sample, name="production_sample"),
    path(f"{_PROJECT}not-taken/", refused, name="production_refused"),
    path(f"{_PROJECT}keeping/", keeping, name="production_keeping"),
    path(f"{_PROJECT}sending/", sending, name="production_sending"),
]

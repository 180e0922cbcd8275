"""Pages: a project's monitors, one of them, an alarm, and a new monitor."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import owns
from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.monitor import MonitorKind
from evalhub.features.monitoring.adding import add_monitor
from evalhub.features.monitoring.alarms import (
    acknowledge_alarm,
    assign_alarm,
    resolve_alarm,
    snooze_alarm,
)
from evalhub.features.monitoring.ending import end_monitor
from evalhub.features.monitoring.errors import AlarmError, MonitorError
from evalhub.features.monitoring.false_alarms import set_false_alarms, total_false_alarms
from evalhub.features.monitoring.forms import FORMS, MonitorForm, monitor_form
from evalhub.features.monitoring.models import Alarm, Monitor, Resolution
from evalhub.features.monitoring.owners import owner_by_name
from evalhub.features.monitoring.page_data.alarm_page import SNOOZES, alarm_page
from evalhub.features.monitoring.page_data.metric_words import KIND_GISTS, KIND_LABELS
from evalhub.features.monitoring.page_data.monitor_page import monitor_page
from evalhub.features.monitoring.page_data.monitors_page import monitors_page
from evalhub.features.monitoring.shapes import MonitoringOut
from evalhub.features.monitoring.soon import look_soon
from evalhub.features.traffic.page_data.filtering import TrafficFilter
from evalhub.features.traffic.page_data.production_page import production_head
from evalhub.features.traffic.pages import of_project
from evalhub.frames.page.access import results_only
from evalhub.frames.page.read_from import as_read
from runners.launch_checks import LaunchError


@require_GET
@results_only
@of_project
def monitors(request: SignedInRequest, project: Project) -> HttpResponse:
    """A tab of the project's production: what is amiss, its monitors, its false alarms."""
    return _monitors(request, project)


@require_POST
@results_only
@of_project
def change_false_alarms(request: SignedInRequest, project: Project) -> HttpResponse:
    """Set how many false alarms a year the monitors may raise together."""
    text = request.POST.get("false_alarms_a_year", "")
    try:
        a_year = _number(text)
        with as_read(request, lambda: total_false_alarms(project), lock=project):
            set_false_alarms(project=project, by=request.user, a_year=a_year)
    except (MonitorError, DeclarationError) as error:
        return _monitors(request, project, 409, refused=f"Not set: {error.message}.", typed=text)
    messages.success(request, f"{project}’s monitors may raise {text} false alarms a year.")
    return redirect("site:monitors", project.slug)


def _monitors(
    request: SignedInRequest, project: Project, status: int | None = None, **more: Any
) -> HttpResponse:
    now = timezone.now()
    context = {
        "project": project,
        "head": production_head(project, now),
        "tab": "monitors",
        "wanted": TrafficFilter.from_query(request.GET),
        "served": True,
        "shown": monitors_page(project, now),
        "shares": MonitoringOut.of(project),
        "kinds": [(kind, KIND_LABELS[kind], KIND_GISTS[kind]) for kind in FORMS],
        "owns": owns(request.user, project),
        **more,
    }
    return render(request, "monitoring/list.html", context, status=status)


@require_http_methods(["GET", "POST"])
@results_only
@of_project
def new_monitor(request: SignedInRequest, project: Project) -> HttpResponse:
    """The form of a kind, which `of` names; posting it adds the monitor."""
    of = request.GET.get("of", MonitorKind.OPERATIONS)
    if of not in FORMS:
        raise Http404(f"no monitor is of {of}")
    kind = MonitorKind(of)
    form = monitor_form(kind, project, request.POST if request.method == "POST" else None)
    if request.method == "POST" and (monitor := _add(form, project, request.user)):
        messages.success(request, f"{KIND_LABELS[kind]} are watched from now on.")
        return redirect("site:monitor", monitor.pk)
    context = {
        "project": project,
        "form": form,
        "kind": kind,
        "label": KIND_LABELS[kind],
        "about": KIND_GISTS[kind],
        "kinds": [(each, KIND_LABELS[each]) for each in FORMS],
        "shares": MonitoringOut.of(project),
    }
    return render(request, "monitoring/new.html", context, status=400 if form.errors else None)


def _add(form: MonitorForm, project: Project, by: User) -> Monitor | None:
    """The monitor that was added; None, with an error at its field, where it can't be."""
    if not form.is_valid():
        return None
    try:
        return add_monitor(
            project=project,
            by=by,
            plan=form.plan(),
            false_alarms_a_year=form.cleaned_data["false_alarms_a_year"],
            owner=form.cleaned_data["owner"],
        )
    except (DeclarationError, MonitorError) as error:
        form.add_declaration_error(DeclarationError(error.message, error.field))
    except LaunchError as error:
        form.add_error(None, str(error))
    return None


@require_GET
@results_only
def monitor(request: SignedInRequest, pk: int) -> HttpResponse:
    return _monitor(request, _visible_monitor(request, pk))


@require_POST
@results_only
def change_monitor(request: SignedInRequest, pk: int) -> HttpResponse:
    """Look soon, or end: by the form's verb."""
    row, verb = _visible_monitor(request, pk), request.POST.get("verb", "")
    if verb not in MONITOR_ACTS:
        return _monitor(request, row, 400, refused="Say what is to be done.")
    try:
        with as_read(request, row):
            sentence = MONITOR_ACTS[verb](row, request.user)
    except MonitorError as error:
        return _monitor(request, row, 409, refused=f"Not done: {error}.")
    messages.success(request, sentence)
    return redirect("site:monitor", pk)


def _visible_monitor(request: SignedInRequest, pk: int) -> Monitor:
    rows = Monitor.objects.visible_to(request.user).select_related("project", "owner", "by")
    return get_object_or_404(rows, pk=pk)


def _monitor(
    request: SignedInRequest, row: Monitor, status: int | None = None, **more: Any
) -> HttpResponse:
    shown = monitor_page(row, request.GET.get("of", ""), timezone.now())
    context = {"monitor": row, "project": row.project, "shown": shown, **more}
    return render(request, "monitoring/monitor.html", context, status=status)


@require_GET
@results_only
def alarm(request: SignedInRequest, pk: int) -> HttpResponse:
    return _alarm(request, _visible_alarm(request, pk))


@require_POST
@results_only
def change_alarm(request: SignedInRequest, pk: int) -> HttpResponse:
    """Acknowledge, assign, snooze or resolve: by the form's verb."""
    row, verb = _visible_alarm(request, pk), request.POST.get("verb", "")
    if verb not in ALARM_ACTS:
        return _alarm(request, row, 400, refused="Say what is to be done.")
    try:
        with as_read(request, row, lock=row.monitor):
            sentence = ALARM_ACTS[verb](row, request.user, request.POST.dict())
    except MonitorError as error:
        typed = request.POST.dict()
        return _alarm(request, row, 409, refused=f"Not done: {error}.", typed=typed)
    messages.success(request, sentence)
    return redirect("site:alarm", pk)


def _visible_alarm(request: SignedInRequest, pk: int) -> Alarm:
    rows = Alarm.objects.visible_to(request.user).with_related()
    return get_object_or_404(rows, pk=pk)


def _alarm(
    request: SignedInRequest, row: Alarm, status: int | None = None, **more: Any
) -> HttpResponse:
    shown = alarm_page(row, timezone.now())
    context = {"alarm": row, "project": row.monitor.project, "shown": shown, **more}
    return render(request, "monitoring/alarm.html", context, status=status)


def _look(row: Monitor, by: User) -> str:
    look_soon(monitor=row, by=by)
    return "It looks within half a minute."


def _end(row: Monitor, by: User) -> str:
    ended = end_monitor(monitor=row, by=by)
    return "It has ended. What it found stays." if ended else "It had ended already."


def _acknowledge(row: Alarm, by: User, form_data: Mapping[str, str]) -> str:
    acknowledge_alarm(alarm=row, by=by)
    return "Acknowledged: everybody sees that somebody has seen it."


def _assign(row: Alarm, by: User, form_data: Mapping[str, str]) -> str:
    owner = owner_by_name(row.monitor.project, form_data.get("owner", ""))
    assign_alarm(alarm=row, owner=owner, by=by)
    return f"{owner or 'Nobody'} answers for it now."


def _snooze(row: Alarm, by: User, form_data: Mapping[str, str]) -> str:
    days = form_data.get("days", "")
    if days not in SNOOZES:
        raise AlarmError("say for how long", "days")
    until = timezone.now() + timedelta(days=int(days))
    snooze_alarm(alarm=row, until=until, reason=form_data.get("reason", ""), by=by)
    return f"Quiet until {_text(until)}."


def _resolve(row: Alarm, by: User, form_data: Mapping[str, str]) -> str:
    resolution = form_data.get("resolution", "")
    if resolution not in Resolution:
        raise AlarmError("say what became of it: mended, meant or false", "resolution")
    reason = form_data.get("reason", "")
    resolved = resolve_alarm(alarm=row, resolution=Resolution(resolution), reason=reason, by=by)
    return f"Resolved: {resolved.get_resolution_display()}."


def _text(at: datetime) -> str:
    return f"{at:%-d %b %Y, %H:%M} (UTC)"


def _number(text: str) -> float:
    """Raises MonitorError."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        message = f"{text[:40]!r} is no number, such as 4"
        raise MonitorError(message, "false_alarms_a_year") from None


MONITOR_ACTS: Mapping[str, Callable[[Monitor, User], str]] = {"look": _look, "end": _end}
ALARM_ACTS: Mapping[str, Callable[[Alarm, User, Mapping[str, str]], str]] = {
    "acknowledge": _acknowledge,
    "assign": _assign,
    "snooze": _snooze,
    "resolve": _resolve,
}
"""What can be done on the pages, by the form's verb: each says what was done."""

_PROJECT = "projects/<slug:slug>/monitors/"
urlpatterns = [
    path(_PROJECT, monitors, name="monitors"),
    path(f"{_PROJECT}new/", new_monitor, name="new_monitor"),
    path(f"{_PROJECT}false-alarms/", change_false_alarms, name="false_alarms"),
    path("monitors/<int:pk>/", monitor, name="monitor"),
    path("monitors/<int:pk>/change/", change_monitor, name="change_monitor"),
    path("alarms/<int:pk>/", alarm, name="alarm"),
    path("alarms/<int:pk>/change/", change_alarm, name="change_alarm"),
]

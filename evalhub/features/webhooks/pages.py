"""A project's webhooks as pages, for its owners: added, changed, removed, and their messages."""

from collections.abc import Sequence
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.events import EventType
from evalhub.accounts.models import Project
from evalhub.accounts.permissions import check_owns
from evalhub.accounts.requests import SignedInRequest
from evalhub.features.webhooks.models import Delivery, Webhook
from evalhub.features.webhooks.registering import (
    NewSecret,
    WebhookError,
    add_webhook,
    change_webhook,
    remove_webhook,
    replay,
    rotate_secret,
)
from evalhub.frames.page.access import View, results_only
from evalhub.frames.page.read_from import as_read

MESSAGES = 50
"""Messages of one page."""


def webhook_owners_only(view: View) -> View:
    """Decorator of a project's view for its owners: 403 for its other members, else 404."""

    @results_only
    @wraps(view)
    def guard(request: SignedInRequest, slug: str, **which: Any) -> HttpResponse:
        visible = Project.objects.visible_to(request.user).distinct()
        project = get_object_or_404(visible, slug=slug)
        check_owns(request.user, project, "see its webhooks")
        return view(request, project, **which)

    return guard


@never_cache
@require_http_methods(["GET", "POST"])
@webhook_owners_only
def webhooks(request: SignedInRequest, project: Project) -> HttpResponse:
    """The project's webhooks; posting adds one, whose secret is shown in this answer only."""
    new: NewSecret | None = None
    error: WebhookError | None = None
    events = request.POST.getlist("events")
    if request.method == "POST":
        url = request.POST.get("address", "").strip()
        try:
            new = add_webhook(project=project, by=request.user, url=url, events=events)
        except WebhookError as wrong:
            error = wrong
    context = {
        "project": project,
        "webhooks": Webhook.objects.filter(project=project).with_outcomes(),
        "new": new,
        "error": error,
        "address": request.POST.get("address", "") if error else "",
        "choices": _choices(events if error else list(EventType)),
    }
    return render(request, "webhooks/list.html", context, status=400 if error else 200)


@never_cache
@require_GET
@webhook_owners_only
def webhook(request: SignedInRequest, project: Project, pk: int) -> HttpResponse:
    return _page(request, get_object_or_404(project.webhooks, pk=pk))


@never_cache
@require_POST
@webhook_owners_only
def change(request: SignedInRequest, project: Project, pk: int) -> HttpResponse:
    """Changes its events, turns it on or off, rotates its secret, or removes it."""
    row: Webhook = get_object_or_404(project.webhooks, pk=pk)
    verb, by = request.POST.get("verb", ""), request.user
    try:
        with as_read(request, row):
            if verb == "events":
                change_webhook(webhook=row, by=by, events=request.POST.getlist("events"))
                messages.success(request, "The events are changed.")
            elif verb in ("on", "off"):
                change_webhook(webhook=row, by=by, enabled=verb == "on")
                messages.success(request, f"{row.url} is {verb}.")
            elif verb == "rotate":
                secret = rotate_secret(webhook=row, by=by).secret
            elif verb == "remove":
                remove_webhook(webhook=row, by=by)
                messages.success(request, f"{row.url} gets no more messages.")
            else:
                raise Http404
    except WebhookError as error:
        return _page(request, row, problem=f"Not changed: {error.message}.", status=400)
    if verb == "rotate":
        return _page(request, row, secret=secret)
    if verb == "remove":
        return redirect("site:webhooks", project.slug)
    return redirect("site:webhook", project.slug, pk)


@require_POST
@webhook_owners_only
def send_again(request: SignedInRequest, project: Project, pk: int, delivery: int) -> HttpResponse:
    rows = Delivery.objects.filter(webhook__project=project, webhook=pk)
    row = get_object_or_404(rows.select_related("webhook__project"), pk=delivery)
    try:
        replay(delivery=row, by=request.user)
        messages.success(request, "The message is sent again, with the same id.")
    except WebhookError as error:
        messages.error(request, f"Not sent: {error.message}.")
    return redirect("site:webhook", project.slug, pk)


def _page(
    request: SignedInRequest,
    row: Webhook,
    *,
    secret: str = "",
    problem: str = "",
    status: int | None = None,
) -> HttpResponse:
    page = Paginator(row.deliveries.all(), MESSAGES).get_page(request.GET.get("page"))
    context = {
        "project": row.project,
        "webhook": row,
        "page": page,
        "secret": secret,
        "problem": problem,
        "choices": _choices(row.events),
    }
    return render(request, "webhooks/webhook.html", context, status=status)


def _choices(chosen: Sequence[str]) -> list[tuple[EventType, bool]]:
    return [(event, event in chosen) for event in EventType]


_PROJECT = "projects/<slug:slug>/webhooks/"
urlpatterns = [
    path(_PROJECT, webhooks, name="webhooks"),
    path(f"{_PROJECT}<int:pk>/", webhook, name="webhook"),
    path(f"{_PROJECT}<int:pk>/change/", change, name="change_webhook"),
    path(
        f"{_PROJECT}<int:pk>/messages/<int:delivery>/again/", send_again, name="send_message_again"
    ),
]

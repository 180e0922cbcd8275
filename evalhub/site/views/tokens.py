"""Tokens of programs in a project: one's own, and for owners all."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts import tokens as verbs
from evalhub.accounts.models import ApiToken, Project, Scope
from evalhub.accounts.permissions import owns
from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.frames.page.read_from import as_read

USUAL = (Scope.READ, Scope.INGEST, Scope.RUN)


@never_cache
@require_http_methods(["GET", "POST"])
@results_only
def tokens(request: SignedInRequest, slug: str) -> HttpResponse:
    """The project's tokens; posting makes one for oneself, which is shown in this answer only."""
    project = get_object_or_404(Project.objects.visible_to(request.user), slug=slug)
    token: verbs.NewToken | None = None
    error: verbs.TokenError | None = None
    if request.method == "POST":
        try:
            token = verbs.add_token(
                project=project, user=request.user, by=request.user, **_token_fields(request)
            )
        except verbs.TokenError as wrong:
            error = wrong
    rows = ApiToken.objects.in_sight_of(request.user).filter(project=project).distinct()
    may = owns(request.user, project) or request.user.is_superuser
    context = {
        "project": project,
        "tokens": rows.select_related("user"),
        "made": token,
        "error": error,
        "scopes": [each for each in Scope if may or each is not Scope.ADMIN],
        "chosen": request.POST.getlist("scopes") if error else USUAL,
        "days": request.POST.get("days", "") if error else verbs.LASTS_DAYS,
        "longest": verbs.LONGEST_DAYS,
        "name": request.POST.get("name", "") if error else "",
    }
    status = 400 if error else 200
    return render(request, "site/members/tokens.html", context, status=status)


@require_POST
@results_only
def revoke_token(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    rows = ApiToken.objects.in_sight_of(request.user).filter(project__slug=slug).distinct()
    token = get_object_or_404(rows, pk=pk)
    with as_read(request, token):
        verbs.revoke_token(token=token, by=request.user)
    messages.success(request, f"{token.name} is revoked: it opens nothing any more.")
    return redirect("site:tokens", slug)


def _token_fields(request: SignedInRequest) -> dict[str, Any]:
    days = request.POST.get("days", "")
    return {
        "name": request.POST.get("name", ""),
        "scopes": request.POST.getlist("scopes"),
        "days": int(days) if days.isdecimal() and len(days) < 6 else 0,
    }

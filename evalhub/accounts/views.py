"""Where a person starts, and the one-click way in."""

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from evalhub.accounts.models import Membership, Project, Role
from evalhub.accounts.sign_in import SignInError, user_of


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Reviewers start with their reviews, everybody else with the studies."""
    assert request.user.is_authenticated
    if Project.objects.seen_by(request.user).exists():
        return redirect("dashboard:studies")
    reviews = Membership.objects.filter(user=request.user, role=Role.REVIEWER).exists()
    return redirect("reviews:home" if reviews else "dashboard:studies")


@login_not_required
@never_cache
@require_GET
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Signs in whom the token names, in place of whoever was signed in in this browser."""
    try:
        user = user_of(token)
    except SignInError as error:
        return render(request, "accounts/sign_in_failed.html", {"why": str(error)}, status=403)
    request.session.flush()
    login(request, user)
    return redirect("home")

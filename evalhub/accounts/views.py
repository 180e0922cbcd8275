"""Where a person starts, and the one-click way in."""

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.models import Membership, Project, Role
from evalhub.accounts.sign_in import SignInError, use_link, user_of


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
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Signs in whom the link is for, in place of whoever was signed in in this browser.

    GET only asks: a mail program that looks at the link in advance doesn't use it up.
    """
    try:
        user = use_link(token) if request.method == "POST" else user_of(token)
    except SignInError as error:
        return render(request, "accounts/sign_in_failed.html", {"why": str(error)}, status=403)
    if request.method != "POST":
        return render(request, "accounts/sign_in.html", {"person": user})
    request.session.flush()
    login(request, user)
    return redirect("home")

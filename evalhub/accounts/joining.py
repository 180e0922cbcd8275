"""The page of a link that makes an account in a project."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evalhub.accounts.adapters import sign_in_by
from evalhub.accounts.invitations import MembershipError
from evalhub.accounts.members import join_project, member_invitation_of
from evalhub.accounts.models import User


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """What one is invited to; the button makes the account, the visit doesn't."""
    user = request.user if isinstance(request.user, User) else None
    password = request.POST.get("password", "")
    try:
        invitation = member_invitation_of(token)
        if request.method == "GET":
            return render(request, "accounts/join.html", {"invitation": invitation})
        if password:
            validate_password(password)
        person = join_project(token=token, user=user, password=password)
    except ValidationError as error:
        context = {"invitation": invitation, "wrong": " ".join(error.messages)}
        return render(request, "accounts/join.html", context, status=400)
    except MembershipError as error:
        return render(request, "accounts/sign_in_failed.html", {"why": str(error)}, status=403)
    request.session.flush()
    sign_in_by("invitation", request, person)
    return redirect("home")

"""Access to pages: owners and evaluators see results of their own projects, reviewers none."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render

from evalhub.accounts.models import Membership
from evalhub.accounts.permissions import NotAllowedError
from evalhub.accounts.requests import SignedInRequest
from evalhub.accounts.results_seen import sees_results


def results_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorator: answers 403, with the reason, to those who see no project's results, and to those
    whom the view's verb refuses.

    Who does see them gets a ResultsSeen row: they never review blindly in those projects again.
    """

    @wraps(view)
    def guard(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if sees_results(request.user):
            try:
                return view(request, *args, **kwargs)
            except NotAllowedError as error:
                raise PermissionDenied(str(error)) from error
        reviews = Membership.objects.filter(user=request.user).exists()
        return render(request, "site/blind.html", {"reviews": reviews}, status=403)

    return guard

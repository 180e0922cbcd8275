"""Access to pages, and what a page says where a verb refuses.

Owners and evaluators see results of their own projects, reviewers none.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render

from evalhub.accounts.models import Membership
from evalhub.accounts.permissions import NotAllowedError
from evalhub.accounts.requests import SignedInRequest
from evalhub.accounts.results_seen import sees_results

type View = Callable[..., HttpResponse]


def results_only(view: View) -> View:
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


def redirects_refusals(page: str, *errors: type[Exception]) -> Callable[[View], View]:
    """Decorator of a view below a row: redirects to the row's page, which says why a verb refused.

    Args:
        page: the name of the row's page.
        errors: by which verbs refuse.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guard(request: SignedInRequest, pk: int, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, pk, *args, **kwargs)
            except errors as error:
                messages.error(request, str(error))
                return redirect(page, pk)

        return guard

    return decorate

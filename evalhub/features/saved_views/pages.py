"""Pages: one's saved views, and the forms that save and remove one."""

from collections.abc import Sequence
from urllib.parse import parse_qsl

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.models import User
from evalhub.accounts.requests import SignedInRequest
from evalhub.features.saved_views.models import SavedView
from evalhub.features.saved_views.saving import SavedViewError, list_of, remove_view, save_view
from evalhub.frames.page.access import results_only


@require_http_methods(["GET", "POST"])
@results_only
def views(request: SignedInRequest) -> HttpResponse:
    """All views of one's own; posting saves one, and leads to it."""
    if request.method == "GET":
        return render(request, "saved_views/list.html", {"views": _own(request.user)})
    fields = {name: request.POST.get(name, "") for name in ("path", "query", "name")}
    try:
        view = save_view(by=request.user, **fields)
    except SavedViewError as error:
        messages.error(request, f"Not saved. {error}.")
        return redirect("site:saved_views")
    messages.success(request, f"“{view.name}” is saved.")
    return redirect(view.address)


@require_POST
@results_only
def remove(request: SignedInRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView, user=request.user, pk=pk)
    remove_view(view=view)
    messages.success(request, f"“{view.name}” is removed.")
    return redirect("site:saved_views")


def _own(user: User) -> Sequence[tuple[SavedView, str, str]]:
    """A person's views: each with what it lists, and its filters as words."""
    return [(view, list_of(view.path) or "", _filters(view)) for view in user.saved_views.all()]


def _filters(view: SavedView) -> str:
    fields = dict(parse_qsl(view.query))
    order = fields.pop("sort", "").removeprefix("-")
    phrases = [f"{name.replace('_', ' ')} {value}" for name, value in fields.items()]
    return ", ".join([*phrases, f"sorted by {order.replace('_', ' ')}"] if order else phrases)


urlpatterns = [
    path("views/", views, name="saved_views"),
    path("views/<int:pk>/remove/", remove, name="remove_view"),
]

"""Pages: write and remove a comment. They lead back to the page that shows it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from evalhub.accounts.requests import SignedInRequest
from evalhub.features.comments.commenting import CommentError, remove_comment, write_comment
from evalhub.features.comments.models import Comment, Subject
from evalhub.frames.page.access import results_only
from evalhub.frames.page.forms import whole_number
from evalhub.ledger.models import Decision
from evalhub.registry.models import Item, TestSet


@require_POST
@results_only
def write(request: SignedInRequest) -> HttpResponse:
    try:
        text = request.POST.get("text", "")
        comment = write_comment(subject=_subject(request), by=request.user, text=text)
    except CommentError as error:
        messages.error(request, f"{error}.")
        return _back(request, "comments")
    return _back(request, f"comment-{comment.pk}")


@require_POST
@results_only
def remove(request: SignedInRequest, pk: int) -> HttpResponse:
    comments = Comment.objects.readable_by(request.user).in_order()
    remove_comment(comment=get_object_or_404(comments, pk=pk), by=request.user)
    messages.success(request, "The comment is removed.")
    return _back(request, "comments")


def _subject(request: SignedInRequest) -> Subject:
    """What the form names. Raises Http404 where the person sees no such thing."""
    if "item" in request.POST:
        test_sets = TestSet.objects.visible_to(request.user)
        items = Item.objects.written().filter(version__test_set__in=test_sets)
        items = items.select_related("version__test_set__project")
        item = get_object_or_404(items, pk=whole_number(request.POST["item"]))
        return Subject(item.version.test_set.project, item=item)
    decisions = Decision.objects.visible_to(request.user).select_related("study__project")
    decision = get_object_or_404(decisions, pk=whole_number(request.POST.get("decision", "")))
    number = request.POST.get("criterion")
    criterion = whole_number(number) if number else None
    return Subject(decision.study.project, decision=decision, criterion=criterion)


def _back(request: HttpRequest, anchor: str) -> HttpResponse:
    """To the page that the form was on, if it is one of this site."""
    page = request.POST.get("back", "")
    safe = page.startswith("/") and url_has_allowed_host_and_scheme(page, None)
    return redirect(f"{page if safe else '/'}#{anchor}")


urlpatterns = [
    path("comments/", write, name="write_comment"),
    path("comments/<int:pk>/remove/", remove, name="remove_comment"),
]

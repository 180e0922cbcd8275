"""Template tag: the comments on an item, a decision or a criterion, and the form for one more."""

from typing import Any

from django import template

from evalhub.accounts.models import Project
from evalhub.accounts.permissions import owns
from evalhub.features.comments.commenting import unsealed_review
from evalhub.features.comments.models import LONGEST, Comment, Subject
from evalhub.ledger.models import Decision
from evalhub.registry.models import Item

register = template.Library()


@register.inclusion_tag("comments/_comments.html", takes_context=True)
def comments_on(
    context: dict[str, Any], thing: Item | Decision, criterion: int | None = None
) -> dict[str, Any]:
    """The section of comments on an item or a decision; with `criterion`, on that one of it.

    Four queries at most.
    """
    request = context["request"]
    subject = _subject(thing, criterion)
    rows = list(Comment.objects.readable_by(request.user).about(subject).in_order())
    return {
        "csrf_token": context.get("csrf_token"),
        "subject": subject,
        "back": request.get_full_path(),
        "comments": [(row, _name_of_criterion(subject, row)) for row in rows],
        "person": request.user,
        "owner": bool(rows) and owns(request.user, subject.project),
        "unsealed": unsealed_review(subject),
        "longest": LONGEST,
    }


def _name_of_criterion(subject: Subject, comment: Comment) -> str:
    """The criterion that a comment on the subject's page is about, where that is news there."""
    if subject.decision is None or subject.criterion or not comment.criterion:
        return ""
    name: str = subject.decision.document.criteria[comment.criterion - 1].name
    return name


def _subject(thing: Item | Decision, criterion: int | None) -> Subject:
    if isinstance(thing, Item):
        project = Project.objects.get(test_sets__versions=thing.version_id)
        return Subject(project, item=thing)
    return Subject(thing.study.project, decision=thing, criterion=criterion)

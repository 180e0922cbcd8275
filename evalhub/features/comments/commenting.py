"""Write and remove comments."""

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_evaluates, check_owns
from evalhub.features.comments.models import LONGEST, Comment, Subject
from reviews.models import Campaign
from reviews.models.campaigns import CampaignQuerySet


class CommentError(Exception):
    """A comment that can't be written; the message says why."""


@transaction.atomic
def write_comment(*, subject: Subject, by: User, text: str) -> Comment:
    """Writes a comment, in 1 to LONGEST characters.

    Whoever may write sees scores. So nobody writes about an item that a review shows, or about a
    decision on a study with a review, before the review is sealed.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        CommentError: the text is empty or too long, there is no such criterion, or a review
            isn't sealed.
    """
    check_evaluates(by, subject.project)
    text = text.strip()
    if not 0 < len(text) <= LONGEST:
        raise CommentError(f"A comment has 1 to {LONGEST:,} characters")
    decision, criterion = subject.decision, subject.criterion
    if decision and criterion is not None:
        criteria = len(decision.record["criteria"])
        if not 1 <= criterion <= criteria:
            raise CommentError(f"The decision has criteria 1 to {criteria}")
    if (review := unsealed_review(subject)) is not None:
        raise CommentError(f"{review} isn’t sealed yet, and you see scores: comment after it")
    return Comment.objects.create(
        project=subject.project,
        item=subject.item,
        decision=decision,
        criterion=criterion,
        text=text,
        by=by,
        created=timezone.now(),
    )


@transaction.atomic
def remove_comment(*, comment: Comment, by: User) -> None:
    """Deletes one's own comment; an owner of the project deletes anybody's.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: it is somebody else's.
    """
    check_evaluates(by, comment.project)
    if comment.by_id != by.pk:
        check_owns(by, comment.project, "remove another’s comment")
    what = f"comment {comment.pk} on {comment.subject}"
    note(Action.COMMENT_REMOVED, by=by, about=comment.by, project=comment.project, what=what)
    comment.delete()


def unsealed_review(subject: Subject) -> Campaign | None:
    """A review before its seal that shows the item, or that is of the decision's study."""
    reviews: CampaignQuerySet = Campaign.objects.unsealed().filter(project=subject.project)
    if subject.item is not None:
        reviews = reviews.filter(pairs__item__digest=subject.item.digest)
    elif subject.decision is not None:
        reviews = reviews.filter(study=subject.decision.study_id)
    return reviews.only("pk", "name").first()

"""`evalhub comment`: what people say about decisions and items."""

from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.verbs import Printed, user_by_option, verb

if TYPE_CHECKING:
    from evalhub.accounts.models import Project
    from evalhub.features.comments.models import Comment

app = typer.Typer(no_args_is_help=True, help="Comments on decisions and items.")

By = Annotated[str | None, typer.Option(help="User who says it.", metavar="USER")]


@verb(app)
def add(
    project: "Project",
    text: Annotated[str, typer.Argument(help="What is said.", metavar="TEXT")],
    decision: Annotated[int | None, typer.Option(help="On this decision.", metavar="N")] = None,
    criterion: Annotated[
        int | None, typer.Option(help="On this criterion of it, from 1.", metavar="N")
    ] = None,
    test_set: Annotated[
        str | None, typer.Option(help="On an item of this test set.", metavar="NAME")
    ] = None,
    item: Annotated[str | None, typer.Option(help="The item's id.", metavar="ID")] = None,
    by: By = None,
) -> Printed:
    """Comment on a decision, one of its criteria, or an item."""
    from evalhub.declare.declaration import validate
    from evalhub.features.comments.api import CommentOut, CommentRequest
    from evalhub.features.comments.commenting import write_comment
    from evalhub.features.comments.subjects import subject_of

    fields = {"decision": decision, "criterion": criterion, "test_set": test_set, "item": item}
    body = validate(CommentRequest, {"text": text} | fields)
    subject = subject_of(project, **body.thing())
    comment = write_comment(subject=subject, by=user_by_option(by), text=body.text)
    return Printed(comment, CommentOut.from_model, [f"Comment {comment.pk} on {subject}."])


@verb(app, "list")
def list_(project: "Project") -> Printed:
    """List a project's comments, newest first."""
    from evalhub.features.comments.api import CommentOut
    from evalhub.features.comments.models import Comment

    comments = list(Comment.objects.filter(project=project).in_order().reverse())
    note = "" if comments else "No comments yet."
    return Printed(comments, CommentOut.from_model, [_line(each) for each in comments], note)


@verb(app)
def remove(
    project: "Project",
    comment: Annotated[int, typer.Argument(help="Its number, as `list` prints it.")],
    by: By = None,
) -> Printed:
    """Remove a comment: one's own, or as an owner anybody's."""
    from copy import copy

    from evalhub.features.comments.api import CommentOut
    from evalhub.features.comments.commenting import CommentError, remove_comment
    from evalhub.features.comments.models import Comment

    row = Comment.objects.filter(project=project, pk=comment).in_order().first()
    if row is None:
        raise CommentError(f"{project} has no comment {comment}")
    remove_comment(comment=copy(row), by=user_by_option(by))
    return Printed(row, CommentOut.from_model, [f"Comment {comment} is removed."])


def _line(comment: "Comment") -> str:
    day = f"{comment.created:%Y-%m-%d}"
    return f"{comment.pk}: {comment.by}, {day}, on {comment.subject}: {comment.text}"

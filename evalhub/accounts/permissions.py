"""Who may change what. The verbs ask, so that every door refuses alike."""

from evalhub.accounts.models import Project, User


class NotAllowedError(Exception):
    """This person may not do this; the message says who may."""


def check_evaluates(by: User | None, project: Project) -> None:
    """That `by` is an owner or evaluator of the project.

    None is the operator, at the command line or by a timer, who may do everything.

    Raises:
        NotAllowedError: they are neither.
    """
    if by is not None and not Project.objects.seen_by(by).filter(pk=project.pk).exists():
        raise NotAllowedError(
            f"{by} is neither owner nor evaluator of {project}, and can't change anything there"
        )

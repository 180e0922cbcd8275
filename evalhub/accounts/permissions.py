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


def check_manages(by: User, project: Project) -> None:
    """That `by` owns the project, or administers the site.

    Raises:
        NotAllowedError: they do neither.
    """
    if not by.is_superuser and not Project.objects.owned_by(by).filter(pk=project.pk).exists():
        raise NotAllowedError(f"{by} doesn't own {project}: only its owners can do this")

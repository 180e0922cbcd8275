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
    if by is not None and not Project.objects.visible_to(by).filter(pk=project.pk).exists():
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


def owns(by: User, project: Project) -> bool:
    """Whether `by` is an owner of the project. Who administers the site isn't, for that."""
    return Project.objects.owned_by(by).filter(pk=project.pk).exists()


def check_owns(by: User | None, project: Project, what: str) -> None:
    """That `by` is an owner of the project, or the operator (None); `what` is the act, in words.

    Raises:
        NotAllowedError: they are not, whatever else they are there.
    """
    check_evaluates(by, project)
    if by is not None and not owns(by, project):
        raise NotAllowedError(f"Only an owner of {project} can {what}, and {by} isn't one")

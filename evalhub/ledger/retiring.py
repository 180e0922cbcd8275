"""A candidate is given up, or tried again."""

from django.db import transaction

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.ledger.models import StageMove
from evalhub.ledger.stage_moves import StageError, held, move, said_why
from evalhub.registry.models import ModelVersion
from evalhub.registry.models.versions import VersionStage


def retire(*, version: ModelVersion, by: User, reason: str) -> StageMove:
    """Gives a candidate up: it can't become champion until somebody brings it back.

    Studies may still compare with it. What is retired already stays so, and the move that retired
    it is returned.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        StageError: no reason, or it is the champion, whose place another one takes.
    """
    return _moved(version, VersionStage.RETIRED, by, reason, Action.RETIRED)


def reopen(*, version: ModelVersion, by: User, reason: str) -> StageMove:
    """Brings a retired version back as a candidate, by an override: no decision does.

    What is a candidate already by somebody's word stays so, and that move is returned.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        StageError: no reason, or it isn't retired.
    """
    return _moved(version, VersionStage.CANDIDATE, by, reason, Action.REOPENED)


@transaction.atomic
def _moved(
    version: ModelVersion, to: VersionStage, by: User, reason: str, action: Action
) -> StageMove:
    project = held(version)
    check_evaluates(by, project)
    reason = said_why(reason)
    if version.stage == VersionStage.CHAMPION:
        raise StageError(f"{version} is the champion of {project}: bless another one, or roll back")
    if version.stage == to:
        newest = version.moves.newest_first().first()
        if newest is not None:
            return newest
        raise StageError(f"{version} is {'a candidate' if to == 'candidate' else to} already")
    note(action, by=by, project=project, what=str(version))
    return move(version, to, by=by, reason=reason)

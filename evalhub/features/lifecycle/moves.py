"""Move a version from one stage to another: its row, the project's promotion, the history and the
log, in one transaction."""

from django.db import transaction

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.ledger.models import Decision, Promotion, StageMove
from evalhub.registry.models import ModelVersion
from evalhub.registry.models.versions import VersionStage


class StageError(Exception):
    """A version that can't be moved as requested, with what would be right."""


def lock_project(version: ModelVersion) -> Project:
    """The version's project, locked for the transaction, with the version's stage read again: of
    two concurrent moves in a project the second sees the result of the first.

    Raises StageError where the version is a draft.
    """
    project = Project.objects.select_for_update().get(pk=version.model.project_id)
    version.refresh_from_db(
        fields=["stage", "champion_of", "draft_until"], from_queryset=ModelVersion.with_drafts.all()
    )
    if version.draft_until is not None:
        raise StageError(f"{version.model} has a draft here, whose answers are still being written")
    return project


def clean_reason(reason: str) -> str:
    """The reason, stripped. Raises StageError if it is empty."""
    if not (text := reason.strip()):
        raise StageError("who moves a version says why: give a reason")
    return text


def check_candidate(version: ModelVersion) -> None:
    """Checks that the version may become champion: a retired version must be reopened first.

    While a version answers a share of the project's users, the champion stays what it is.

    Raises StageError.
    """
    in_project = ModelVersion.objects.filter(model__project=version.model.project_id)
    if canary := in_project.filter(stage=VersionStage.CANARY).first():
        there = ", or promote it there (evalhub experiment promote)" if canary == version else ""
        raise StageError(f"{_exposed(canary)}{there}")
    if version.stage != VersionStage.RETIRED:
        return
    move = version.moves.newest_first().first()
    since = f" since {move.created:%Y-%m-%d}: it {move.sentence} ({move.reason})" if move else ""
    raise StageError(
        f"{version} is retired{since}. Roll back to it, where it was champion before, or bring it "
        "back as a candidate first (evalhub reopen)"
    )


def make_champion(
    version: ModelVersion,
    *,
    project: Project,
    instead_of: Promotion | None,
    by: User,
    reason: str,
    action: Action,
    decision: Decision | None,
    restores: Promotion | None = None,
) -> Promotion:
    """Makes the version champion and retires the former champion; the caller has locked the
    project.

    Args:
        instead_of: the project's newest promotion.
        action: how the log says it.
        decision: what it rests on; None: its reason alone.
        restores: of a rollback, the promotion that it goes back to.
    """
    promotion = Promotion.objects.create(
        project=project,
        version=version,
        decision=decision,
        by=by,
        reason=reason,
        before=instead_of,
        restores=restores,
    )
    promotion.refresh_from_db(fields=["created"])
    if instead_of is not None:
        move(instead_of.version, VersionStage.RETIRED, promotion=promotion, by=by, reason=reason)
    move(version, VersionStage.CHAMPION, promotion=promotion, by=by, reason=reason)
    note(action, by=by, project=project, what=_in_the_log(promotion))
    return promotion


def move(
    version: ModelVersion,
    to: VersionStage,
    *,
    by: User | None,
    reason: str,
    promotion: Promotion | None = None,
) -> StageMove:
    """Writes the version's new stage, and a row of its history."""
    was = version.stage
    version.stage = to
    version.champion_of = version.model.project if to == VersionStage.CHAMPION else None
    version.save(update_fields=["stage", "champion_of"])
    return StageMove.objects.create(
        version=version,
        was=was,
        stage=to,
        decision=promotion.decision if promotion else None,
        promotion=promotion,
        by=by,
        reason=reason,
    )


def retire(*, version: ModelVersion, by: User, reason: str) -> StageMove:
    """Gives a candidate up, in shadow or not: it can't become champion until it is reopened.

    Studies may still compare with it. What is retired already stays so, and the move that retired
    it is returned.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        StageError: no reason, or it is the champion, whose place another one takes.
    """
    return _lock_and_move(version, VersionStage.RETIRED, by, reason, Action.RETIRED)


def reopen(*, version: ModelVersion, by: User, reason: str) -> StageMove:
    """Makes a retired version a candidate again, by an override: no decision does. Or takes one
    out of shadow.

    What is a candidate already by somebody's word stays so, and that move is returned.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        StageError: no reason, or it is neither retired nor in shadow.
    """
    return _lock_and_move(version, VersionStage.CANDIDATE, by, reason, Action.REOPENED)


def put_in_shadow(*, version: ModelVersion, by: User, reason: str) -> StageMove:
    """States that a candidate answers mirrored copies of production's requests: no user sees its
    answers. It may still become champion, be given up, or be a mere candidate again.

    What is in shadow already stays so, and the move that put it there is returned.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        StageError: no reason, or it is the champion or retired.
    """
    return _lock_and_move(version, VersionStage.SHADOW, by, reason, Action.SHADOWED)


def begin_canary(*, version: ModelVersion, by: User, reason: str) -> StageMove:
    """Makes a version the canary: it answers a share of the users from now on. Part of the start of
    an experiment, which has locked the project.

    Raises StageError: it is retired, or the project has a canary.
    """
    check_candidate(version)
    return move(version, VersionStage.CANARY, by=by, reason=reason)


def end_canary(
    *, version: ModelVersion, to: VersionStage, by: User | None, reason: str
) -> StageMove | None:
    """Gives a canary the stage back that it had before its experiment, which has locked the
    project. None where it is no canary any more, as after a rollback to it."""
    if version.stage != VersionStage.CANARY:
        return None
    return move(version, to, by=by, reason=reason)


def _exposed(canary: ModelVersion) -> str:
    return f"{canary} answers a share of the users in an experiment: stop the experiment first"


@transaction.atomic
def _lock_and_move(
    version: ModelVersion, to: VersionStage, by: User, reason: str, action: Action
) -> StageMove:
    project = lock_project(version)
    check_evaluates(by, project)
    reason = clean_reason(reason)
    if version.stage == VersionStage.CHAMPION:
        raise StageError(
            f"{version} is the champion of {project}: promote another one, or roll back"
        )
    if version.stage == VersionStage.CANARY:
        raise StageError(_exposed(version))
    if (version.stage, to) == (VersionStage.RETIRED, VersionStage.SHADOW):
        raise StageError(
            f"{version} is retired: bring it back as a candidate first (evalhub reopen)"
        )
    if version.stage == to:
        newest = version.moves.newest_first().first()
        if newest is not None:
            return newest
        raise StageError(f"{version} is {'a candidate' if to == 'candidate' else to} already")
    note(action, by=by, project=project, what=str(version))
    return move(version, to, by=by, reason=reason)


def _in_the_log(promotion: Promotion) -> str:
    if promotion.restores is not None and promotion.before is not None:
        return f"{promotion.before.version} to {promotion.version}, which had {promotion.ground}"
    return f"{promotion.version} by {promotion.ground}"

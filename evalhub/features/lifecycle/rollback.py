"""Roll back to a former champion: the promotion that had made it champion holds again."""

from django.db import transaction

from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.features.lifecycle.moves import StageError, clean_reason, lock_project, make_champion
from evalhub.ledger.models import Promotion
from evalhub.registry.models import ModelVersion


@transaction.atomic
def roll_back(
    *, version: ModelVersion, by: User, reason: str, to: ModelVersion | None = None
) -> Promotion:
    """Retires the champion `version`, and makes the former one champion again.

    The champion to leave is named, and not only the project: so of two who roll back at once the
    second is told that it is done, and none rolls back what the other went back to. The same
    again, by the same person for the same reason, is the rollback that is there.

    It rests on the decision that had made the older version champion, or on the override. No
    newer evidence is asked for: somebody who rolls back has no time for it.

    Args:
        to: a version that was champion before; else the one that `version` took the place of.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        StageError: no reason, another champion than `version`, or nothing to go back to.
    """
    project = lock_project(version)
    check_evaluates(by, project)
    reason = clean_reason(reason)
    current = Promotion.objects.current(project)
    if current is None:
        raise StageError(f"{project} has no champion yet: there is nothing to roll back")
    if current.version_id != version.pk:
        if _is_this(current, version, by, reason, to):
            return current
        raise StageError(_another(current, version))
    restored = _promotion_to_restore(current, project, version, to)
    target = restored.version
    lock_project(target)
    return make_champion(
        target,
        project=project,
        instead_of=current,
        by=by,
        reason=reason,
        action=Action.ROLLED_BACK,
        decision=restored.decision,
        restores=restored,
    )


def former_champions(champion: Promotion) -> list[ModelVersion]:
    """Versions that can be rolled back to: former champions, each once, the default first, then the
    newest. One query."""
    earlier = Promotion.objects.filter(project=champion.project_id, restores=None)
    promotions = {each.pk: each for each in earlier.select_related("version__model").newest_first()}
    usual = champion.goes_back_to
    first = [promotions[usual.pk]] if usual else []
    versions = {each.version_id: each.version for each in [*first, *promotions.values()]}
    versions.pop(champion.version_id, None)
    return list(versions.values())


def _promotion_to_restore(
    current: Promotion, project: Project, version: ModelVersion, to: ModelVersion | None
) -> Promotion:
    """The promotion that had made champion the version to go back to."""
    if to is None:
        if (before := current.goes_back_to) is None:
            raise StageError(f"{version} is the first champion of {project}: none was before it")
        return before
    if to.pk == version.pk:
        raise StageError(f"{version} is what is to be rolled back: name another one to go back to")
    promoted = Promotion.objects.filter(project=project, version=to, restores=None).newest_first()
    if (promotion := promoted.first()) is None:
        former = ", ".join(map(str, former_champions(current))) or "no other version was"
        raise StageError(f"{to} was never the champion of {project} (those that were: {former})")
    return promotion


def _is_this(
    current: Promotion, version: ModelVersion, by: User, reason: str, to: ModelVersion | None
) -> bool:
    return (
        _is_rollback_of(current, version)
        and (current.by, current.reason) == (by, reason)
        and (to is None or to.pk == current.version_id)
    )


def _is_rollback_of(current: Promotion, version: ModelVersion) -> bool:
    """Whether the current promotion is a rollback of this version."""
    before = current.before
    return current.restores_id is not None and before is not None and before.version == version


def _another(current: Promotion, version: ModelVersion) -> str:
    since = f"since {current.created:%Y-%m-%d %H:%M} UTC"
    if _is_rollback_of(current, version):
        return (
            f"{version} was rolled back already, by {current.by}: {current.version} is the "
            f"champion {since} ({current.reason})"
        )
    return (
        f"{version} isn't the champion of {current.project}: {current.version} is, {since}, by "
        f"{current.ground}"
    )

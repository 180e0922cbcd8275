"""A version is made champion without a decision, because an owner says so."""

from django.db import transaction

from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_owns
from evalhub.ledger.models import Blessing
from evalhub.ledger.stage_moves import StageError, check_candidate, crown, held, said_why
from evalhub.registry.models import ModelVersion


@transaction.atomic
def override_champion(
    *, version: ModelVersion, by: User, reason: str, instead_of: ModelVersion | None = None
) -> Blessing:
    """Makes a version the champion of its project, whatever was decided of it, or nothing.

    Every page, list and answer that names the champion says that no decision made it so. The same
    again, by the same person for the same reason, is the override that is there.

    Args:
        instead_of: what `by` takes for the champion; where it is another one by now, nothing is
            done. None: whatever is champion.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't own the project.
        StageError: no reason, the champion already, retired, or another champion than `instead_of`.
    """
    project = held(version)
    check_owns(by, project, "make a version the champion without a decision")
    reason = said_why(reason)
    current = Blessing.objects.current(project)
    if current is not None and current.version_id == version.pk:
        if (current.overridden, current.by, current.reason) == (True, by, reason):
            return current
        raise StageError(
            f"{version} is the champion already: since {current.created:%Y-%m-%d}, by "
            f"{current.ground}"
        )
    champion = current.version if current else None
    if instead_of is not None and instead_of != champion:
        raise StageError(
            f"{instead_of} isn't the champion of {project}: {champion or 'no version'} is"
            + (f", since {current.created:%Y-%m-%d %H:%M} UTC, by {current.by}" if current else "")
        )
    check_candidate(version)
    return crown(
        version,
        project=project,
        instead_of=current,
        by=by,
        reason=reason,
        action=Action.CHAMPION_OVERRIDDEN,
        decision=None,
    )

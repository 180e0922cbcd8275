"""An owner accepts the caveats that hold a ship; then the study is decided again."""

from collections.abc import Collection

from django.db import transaction

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_owns
from evalhub.declare.caveats import Caveat
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Acceptance, Decision
from evalhub.ledger.signoff import SignOffError, check_newest


class NothingToAcceptError(SignOffError):
    """No caveat that somebody could accept holds the decision."""


def to_accept(decision: Decision, codes: Collection[str] = ()) -> list[Caveat]:
    """Caveats that hold the decision until an owner accepts them; only those with `codes`, if some
    are named."""
    return [
        caveat
        for caveat in decision.document.caveats
        if caveat.holds and caveat.subject and (not codes or caveat.code in codes)
    ]


def accept(
    *, decision: Decision, by: User | None, reason: str, codes: Collection[str] = ()
) -> Decision:
    """Accept all caveats that hold the decision and can be accepted, and decide its study again.

    What is accepted is its content: the next decision by the same policy on the same items isn't
    held by it either, and says so.

    Args:
        by: None: the operator of this home.
        codes: the kinds of caveats that are accepted; none: all of them.

    Returns:
        The decision on the same arm as it is now.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` is no owner of the project.
        evalhub.ledger.signoff.SupersededError: a newer decision on the arm is there.
        NothingToAcceptError: nothing holds it that can be accepted.
        SignOffError: no reason, or the decision isn't as it was made.
        evalhub.ledger.study_evidence.NotReadyError: it is accepted, and the study can't be decided
            yet.
    """
    _keep(decision, by, reason.strip(), codes)
    decisions = decide_study(study=decision.study, by=by)
    return next((each for each in decisions if each.arm == decision.arm), decision)


@transaction.atomic
def _keep(decision: Decision, by: User | None, reason: str, codes: Collection[str]) -> None:
    project = decision.study.project
    check_owns(by, project, "accept what holds a ship")
    check_newest(decision)
    caveats = to_accept(decision, codes)
    if not caveats:
        raise NothingToAcceptError(
            f"nothing holds decision {decision.pk} that an owner could accept"
        )
    if not reason:
        raise SignOffError("an acceptance says why: give a reason")
    subjects = dict.fromkeys(each.subject for each in caveats)
    Acceptance.objects.bulk_create(
        Acceptance(project=project, subject=subject, reason=reason, by=by) for subject in subjects
    )
    note(
        Action.ACCEPTED,
        by=by,
        project=project,
        what=f"decision {decision.pk} on {decision.study}",
        caveats=[each.code for each in caveats],
    )

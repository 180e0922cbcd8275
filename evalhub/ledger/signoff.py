"""A person signs or overrides a decision, in a record of its own."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from evalhub import __version__
from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_evaluates, check_owns
from evalhub.decision.code import code_digest
from evalhub.declare.decision import Code, SignedDecision, SignOffRecord
from evalhub.declare.verdicts import Verdict
from evalhub.io.canonical import digest_of
from evalhub.ledger.chain.append import append
from evalhub.ledger.chain.kept import ChangedDecisionError, check_kept
from evalhub.ledger.models import Decision, SignOff


class SignOffError(Exception):
    """The decision can't be signed this way; the message says which way is possible."""


class SupersededError(SignOffError):
    """A newer decision on newer evidence exists."""


@transaction.atomic
def sign_off(*, decision: Decision, by: User, reason: str, verdict: str | None = None) -> SignOff:
    """Sign a decision, or override it where `verdict` differs from its own.

    The decision stays as it is. Signing the same again is the sign-off that is there; who changes
    their mind signs anew, and the newest is what holds.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project, or owns
            it not and ships what a caveat holds.
        SupersededError: a newer decision on the arm is there: that one is to be signed.
        SignOffError: no reason, no verdict that there is, or the decision isn't as it was made.
    """
    Decision.objects.select_for_update().get(pk=decision.pk)
    check_evaluates(by, decision.study.project)
    check_newest(decision)
    reason = stated_reason(reason)
    value = decision.verdict if verdict is None else verdict
    if value not in list(Verdict):
        raise SignOffError(f"{value!r} isn't a verdict: one of {', '.join(Verdict)}")
    holds = Verdict(value)
    if holds is Verdict.SHIP and any(each.holds for each in decision.document.caveats):
        check_owns(by, decision.study.project, "ship what a caveat holds")
    newest = decision.sign_offs.first()
    if newest is not None and (newest.by, newest.verdict, newest.reason) == (by, holds, reason):
        return newest
    now = timezone.now()
    record = _record(decision, by, holds, reason, now).as_json()
    signed = SignOff.objects.create(
        decision=decision,
        by=by,
        action=record["action"],
        reason=reason,
        record=record,
        digest=digest_of(record),
        created=now,
    )
    append(signed)
    action = Action.SIGNED if holds == decision.verdict else Action.OVERRODE
    study = decision.study
    note(action, by=by, project=study.project, what=f"decision {decision.pk} on {study}")
    return signed


def stated_reason(reason: str) -> str:
    """The reason of a sign-off without the spaces around it. Raises SignOffError for none."""
    if not reason.strip():
        raise SignOffError("a sign-off says why: give a reason")
    return reason.strip()


def check_newest(decision: Decision) -> None:
    """Raise an error unless the decision is the newest on its arm, and intact.

    Raises:
        SupersededError: a newer one is there.
        SignOffError: it isn't as it was made.
    """
    newest = Decision.objects.filter(study=decision.study, arm=decision.arm).newest_first()[0]
    if newest != decision:
        raise SupersededError(
            f"decision {decision.pk} on {decision.arm} rests on evidence that has changed since: "
            f"decision {newest.pk} ({newest.verdict}) is the one to sign"
        )
    try:
        check_kept(decision)
    except ChangedDecisionError as error:
        raise SignOffError(str(error)) from error


def _record(
    decision: Decision, by: User, verdict: Verdict, reason: str, created: datetime
) -> SignOffRecord:
    study = decision.study
    return SignOffRecord(
        schema_="evalhub.sign-off/2",
        action="signed-off" if verdict == decision.verdict else "overridden",
        verdict=verdict,
        reason=reason,
        by=by.pk,
        decision=SignedDecision(
            id=decision.pk,
            digest=decision.digest,
            verdict=Verdict(decision.verdict),
            arm=decision.arm,
            project=study.project.slug,
            study=study.slug,
        ),
        code=Code(version=__version__, digest=code_digest()),
        created=created.isoformat(),
    )

"""Promote a version to the project's champion, by a decision or by an owner's override."""

from django.db import transaction

from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_evaluates, check_owns
from evalhub.declare.verdicts import Verdict
from evalhub.features.lifecycle.moves import (
    StageError,
    check_candidate,
    clean_reason,
    lock_project,
    make_champion,
)
from evalhub.ledger.chain.kept import ChangedDecisionError, check_kept
from evalhub.ledger.champion_answers import other_answers
from evalhub.ledger.champion_standing import ArmOf, study_arm
from evalhub.ledger.models import Decision, Promotion
from evalhub.ledger.staleness import changes_since
from evalhub.registry.models import ModelVersion, Run
from evalhub.registry.version_names import answering_version

USUALLY: ArmOf = "candidate"
BEFORE_THE_FIRST = "the baseline of the first decision that made a champion: what ran until then"


class PromotionError(StageError):
    """A version that can't be promoted by this decision, with what would be right."""


class StaleDecisionError(PromotionError):
    """The decision no longer holds on today's evidence."""


@transaction.atomic
def promote(*, decision: Decision, by: User, reason: str, arm: ArmOf = USUALLY) -> Promotion:
    """Makes the decision's candidate the project's champion, and retires the former one.

    Of a project that has none yet, what the decision judged against was it until now: that is the
    first of its history, so that a rollback has where to go.

    What holds of the decision must be a ship, by its verdict or by an override, and it must have
    judged against the champion that there is. The same again is the promotion that is there.

    Args:
        arm: "baseline": what the decision judged against, whatever came out: a project's first.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        StaleDecisionError: newer evidence is there, or the project has another champion by now.
        PromotionError: no ship, or another arm that can't be promoted.
        StageError: no reason, or a version that is retired.
    """
    check_evaluates(by, decision.study.project)
    reason = clean_reason(reason)
    version = judged_version(decision, arm)
    project = lock_project(version)
    current = Promotion.objects.current(project)
    if current is not None and current.version_id == version.pk:
        if (current.decision_id, current.by, current.reason) == (decision.pk, by, reason):
            return current
        raise PromotionError(
            f"{version} is the champion already: since {current.created:%Y-%m-%d}, by "
            f"{current.ground}"
        )
    _check(decision, arm, version, current)
    if current is None and arm == "candidate":
        # A rollback goes back to what was champion until now.
        current = make_champion(
            judged_version(decision, "baseline"),
            project=project,
            instead_of=None,
            by=by,
            reason=BEFORE_THE_FIRST,
            action=Action.PROMOTED,
            decision=decision,
        )
    return make_champion(
        version,
        project=project,
        instead_of=current,
        by=by,
        reason=reason,
        action=Action.PROMOTED,
        decision=decision,
    )


@transaction.atomic
def override_champion(
    *, version: ModelVersion, by: User, reason: str, instead_of: ModelVersion | None = None
) -> Promotion:
    """Makes a version the project's champion, whatever was decided on it.

    Every page, list and answer that names the champion says that no decision made it so. The same
    again, by the same person for the same reason, is the override that is there.

    Args:
        instead_of: what `by` takes for the champion; where it is another one by now, nothing is
            done. None: whatever is champion.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't own the project.
        StageError: no reason, the champion already, retired, or another champion than `instead_of`.
    """
    project = lock_project(version)
    check_owns(by, project, "make a version the champion without a decision")
    reason = clean_reason(reason)
    current = Promotion.objects.current(project)
    if current is not None and current.version_id == version.pk:
        if (current.is_override, current.by, current.reason) == (True, by, reason):
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
    return make_champion(
        version,
        project=project,
        instead_of=current,
        by=by,
        reason=reason,
        action=Action.CHAMPION_OVERRIDDEN,
        decision=None,
    )


def hindrance(decision: Decision, *, arm: ArmOf = USUALLY) -> str:
    """Why `promote` would refuse the arm now, for any user; "" if it wouldn't."""
    try:
        version = judged_version(decision, arm)
        _check(decision, arm, version, Promotion.objects.current(decision.study.project))
    except StageError as error:
        return str(error)
    return ""


def judged_version(decision: Decision, arm: ArmOf) -> ModelVersion:
    """The version whose answers the decision judged as this arm.

    Raises StaleDecisionError where the study has another one there by now.
    """
    arms = decision.document.arms
    recorded = arms.candidate if arm == "candidate" else arms.baseline
    current = study_arm(decision, recorded.name)
    if current is None or current.version.digest != recorded.digest:
        raise StaleDecisionError(
            f"{recorded.name} is another version in its study than decision {decision.pk} judged"
        )
    return answering_version(current.version)


def _check(
    decision: Decision, arm: ArmOf, version: ModelVersion, current: Promotion | None
) -> None:
    """Checks that the version may replace the champion. Raises StageError."""
    check_candidate(version)
    _check_stands(decision)
    if arm == "candidate":
        _check_ships(decision)
        _check_judged_against(decision, current)
        _check_not_held_live(decision, version)
    else:
        _check_first(decision, version, current)


def _check_stands(decision: Decision) -> None:
    try:
        check_kept(decision)
    except ChangedDecisionError as error:
        raise StaleDecisionError(str(error)) from error
    newest = Decision.objects.filter(study=decision.study, arm=decision.arm).newest_first()[0]
    if newest != decision:
        raise StaleDecisionError(
            f"decision {decision.pk} on {decision.arm} was followed by decision {newest.pk} "
            f"({newest.verdict}): that one is to be looked at"
        )
    for change in changes_since(decision):
        raise StaleDecisionError(
            f"decision {decision.pk} doesn't stand on all that there is: {change.sentence}. "
            "Decide again first"
        )


def _check_ships(decision: Decision) -> None:
    if (holds := decision.standing_verdict) != Verdict.SHIP:
        label = holds.label.lower()
        raise PromotionError(
            f"decision {decision.pk} is no ship ({label}): only a ship becomes the champion, or "
            "what is overridden as one (evalhub decision sign --override ship)"
        )
    if not decision.document.registered and not decision.sign_offs.exists():
        raise PromotionError(
            f"decision {decision.pk} is unregistered, since its policy has the ledger off: "
            "somebody has to sign it off first"
        )


def _check_not_held_live(decision: Decision, version: ModelVersion) -> None:
    """Checks that no live experiment has spoken against the version since the decision."""
    later = Decision.objects.on_version(version).filter(created__gt=decision.created)
    live = later.filter(study__live=True).newest_first().first()
    if live is not None and live != decision and live.standing_verdict == Verdict.HOLD:
        raise PromotionError(
            f"a live experiment came later, and its decision {live.pk} holds {version} back: sign "
            "that one off as a ship first, or override (evalhub override)"
        )


def _check_judged_against(decision: Decision, current: Promotion | None) -> None:
    """Checks that the decision compared with the present champion, and not with something
    weaker."""
    if current is None:
        return
    if current.version_id == judged_version(decision, "baseline").pk:
        runs = [each.baseline_run for each in decision.document.evidence if each.baseline_run]
        if (others := other_answers(current, Run.objects.filter(pk__in=runs))) is not None:
            raise StaleDecisionError(f"decision {decision.pk} judged against others: {others}")
        return
    against = decision.document.arms.baseline
    raise StaleDecisionError(
        f"decision {decision.pk} judged against {against.version}, and the champion is "
        f"{current.version} since {current.created:%Y-%m-%d}, by {current.by}: judge against that"
    )


def _check_first(decision: Decision, version: ModelVersion, current: Promotion | None) -> None:
    if decision.verdict == Verdict.INVALID:
        raise PromotionError(f"decision {decision.pk} is invalid: nothing rests on it")
    if current is not None:
        raise PromotionError(
            f"{version} isn't the champion, and there is one ({current.version}): only a candidate "
            "that ships against it takes its place"
        )

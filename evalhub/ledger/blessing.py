"""A version is made the project's champion, its baseline, by a decision that stands."""

from dataclasses import dataclass
from typing import Literal

from django.db import transaction

from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.chain.kept import ChangedDecisionError, check_kept
from evalhub.ledger.champion_answers import other_answers
from evalhub.ledger.models import Blessing, Decision
from evalhub.ledger.stage_moves import StageError, check_candidate, crown, held, said_why
from evalhub.ledger.staleness import changes_since
from evalhub.registry.models import ModelVersion, Run, StudyArm

ArmOf = Literal["candidate", "baseline"]
USUALLY: ArmOf = "candidate"
BEFORE_THE_FIRST = "the baseline of the first decision that made a champion: what ran until then"


class BlessingError(StageError):
    """A version that can't be made the baseline by this decision, and what would be right."""


class StaleDecisionError(BlessingError):
    """The decision doesn't stand on all that there is any more."""


@dataclass(frozen=True, slots=True)
class BaselineStanding:
    """Whether a baseline that is judged against is the project's.

    Attributes:
        blessing: what says which version is; None: none is blessed.
        arm: which of the two arms that version is; None: neither.
    """

    blessing: Blessing | None
    arm: ArmOf | None

    @property
    def blessed(self) -> bool | None:
        """Whether the baseline is the project's; None: the project has none."""
        return None if self.blessing is None else self.arm == "baseline"


@transaction.atomic
def bless(*, decision: Decision, by: User, reason: str, arm: ArmOf = USUALLY) -> Blessing:
    """Makes the decision's candidate the champion of its project, and retires the one until then.

    Of a project that has none yet, what the decision judged against was it until now: that is the
    first of its history, so that a rollback has where to go.

    What holds of the decision must be a ship, by its verdict or by an override, and it must have
    judged against the champion that there is. The same again is the blessing that is there.

    Args:
        arm: "baseline": what the decision judged against, whatever came out: a project's first.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        StaleDecisionError: newer evidence is there, or the project has another baseline by now.
        BlessingError: no ship, or another arm that can't be blessed.
        StageError: no reason, or a version that is retired.
    """
    check_evaluates(by, decision.study.project)
    reason = said_why(reason)
    version = _version(decision, arm)
    project = held(version)
    current = Blessing.objects.current(project)
    if current is not None and current.version_id == version.pk:
        if (current.decision_id, current.by, current.reason) == (decision.pk, by, reason):
            return current
        raise BlessingError(
            f"{version} is the champion already: since {current.created:%Y-%m-%d}, by "
            f"{current.ground}"
        )
    _check(decision, arm, version, current)
    if current is None and arm == "candidate":
        # What ran until now is what a rollback goes back to.
        current = crown(
            _version(decision, "baseline"),
            project=project,
            instead_of=None,
            by=by,
            reason=BEFORE_THE_FIRST,
            action=Action.BLESSED,
            decision=decision,
        )
    return crown(
        version,
        project=project,
        instead_of=current,
        by=by,
        reason=reason,
        action=Action.BLESSED,
        decision=decision,
    )


def hindrance(decision: Decision, *, arm: ArmOf = USUALLY) -> str:
    """Why `bless` would refuse this as the project is now, whoever asks; "" where it wouldn't."""
    try:
        version = _version(decision, arm)
        _check(decision, arm, version, Blessing.objects.current(decision.study.project))
    except StageError as error:
        return str(error)
    return ""


def baseline_standing(
    project: Project, *, baseline: StudyArm | None, candidate: StudyArm | None
) -> BaselineStanding:
    """Which of two arms' versions is the project's baseline now, if either is. One query."""
    current = Blessing.objects.current(project)
    arms: dict[ArmOf, StudyArm | None] = {"baseline": baseline, "candidate": candidate}
    for name, arm in arms.items():
        if current is not None and arm is not None and arm.version_id == current.version_id:
            return BaselineStanding(current, name)
    return BaselineStanding(current, None)


def standing_of(decision: Decision) -> BaselineStanding:
    """Whether what the decision judged against is the project's baseline, as its study is now."""
    arms = decision.document.arms
    return baseline_standing(
        decision.study.project,
        baseline=_arm(decision, arms.baseline.name),
        candidate=_arm(decision, arms.candidate.name),
    )


def _arm(decision: Decision, name: str) -> StudyArm | None:
    return decision.study.arms.select_related("version__model").filter(name=name).first()


def _version(decision: Decision, arm: ArmOf) -> ModelVersion:
    """The version that the decision read as this arm."""
    arms = decision.document.arms
    named = arms.candidate if arm == "candidate" else arms.baseline
    found = _arm(decision, named.name)
    if found is None or found.version.digest != named.digest:
        raise StaleDecisionError(
            f"{named.name} is another version in its study than decision {decision.pk} judged"
        )
    return found.version


def _check(decision: Decision, arm: ArmOf, version: ModelVersion, current: Blessing | None) -> None:
    """That the version may take the place of what is champion. Raises StageError."""
    check_candidate(version)
    _check_stands(decision)
    if arm == "candidate":
        _check_ships(decision)
        _check_judged_against(decision, current)
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
    signed = decision.sign_offs.first()
    holds = signed.verdict if signed else decision.verdict
    if holds != Verdict.SHIP:
        said = Verdict(holds).label.lower()
        raise BlessingError(
            f"decision {decision.pk} is no ship ({said}): only what ships becomes the champion, or "
            "what somebody answers for by an override (evalhub decision sign --override ship)"
        )
    if signed is None and not decision.document.registered:
        raise BlessingError(
            f"decision {decision.pk} is unregistered, since its policy has the ledger off: "
            "somebody has to sign it off first"
        )


def _check_judged_against(decision: Decision, current: Blessing | None) -> None:
    """That nothing slips in which beat something weaker than what runs now."""
    if current is None:
        return
    if current.version_id == _version(decision, "baseline").pk:
        runs = [each.baseline_run for each in decision.document.evidence if each.baseline_run]
        if (others := other_answers(current, Run.objects.filter(pk__in=runs))) is not None:
            raise StaleDecisionError(f"decision {decision.pk} judged against others: {others}")
        return
    against = decision.document.arms.baseline
    raise StaleDecisionError(
        f"decision {decision.pk} judged against {against.version}, and the champion is "
        f"{current.version} since {current.created:%Y-%m-%d}, by {current.by}: judge against that"
    )


def _check_first(decision: Decision, version: ModelVersion, current: Blessing | None) -> None:
    if decision.verdict == Verdict.INVALID:
        raise BlessingError(f"decision {decision.pk} is invalid: nothing rests on it")
    if current is not None:
        raise BlessingError(
            f"{version} isn't the champion, and there is one ({current.version}): only a candidate "
            "that ships against it takes its place"
        )

"""A version is made the project's baseline, by a decision: it moves by no other way."""

from dataclasses import dataclass
from typing import Literal

from django.db import transaction

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.gate.models import Blessing, Decision
from evalhub.gate.staleness import changes_since
from evalhub.registry.models import ModelVersion, StudyArm
from evalhub.schemas.verdicts import Verdict

ArmOf = Literal["candidate", "baseline"]
USUALLY: ArmOf = "candidate"


class BlessingError(Exception):
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
    """Makes the decision's candidate the baseline of its project.

    What holds of the decision must be a ship, by its verdict or by an override, and it must have
    judged against the baseline that there is. The same again is the blessing that is there.

    Args:
        arm: "baseline": what the decision judged against, whatever came out. So a project gets
            its first baseline, and goes back to one that it had.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        StaleDecisionError: newer evidence is there, or the project has another baseline by now.
        BlessingError: no reason, no ship, or another arm that can't be blessed.
    """
    project = Project.objects.select_for_update().get(pk=decision.study.project_id)
    check_evaluates(by, project)
    reason = reason.strip()
    if not reason:
        raise BlessingError("a blessing says why: give a reason")
    version = _version(decision, arm)
    current = Blessing.objects.current(project)
    if current is not None and current.version_id == version.pk:
        if (current.decision_id, current.by, current.reason) == (decision.pk, by, reason):
            return current
        raise BlessingError(
            f"{version} is the baseline already: since {current.created:%Y-%m-%d}, by decision "
            f"{current.decision_id}"
        )
    _check_stands(decision)
    if arm == "candidate":
        _check_ships(decision)
        _check_judged_against(decision, current)
    else:
        _check_known(decision, version, current)
    made = Blessing.objects.create(
        project=project, version=version, decision=decision, by=by, reason=reason, before=current
    )
    made.refresh_from_db(fields=["created"])
    note(Action.BLESSED, by=by, project=project, what=f"{version} by decision {decision.pk}")
    return made


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


def _check_stands(decision: Decision) -> None:
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
            f"decision {decision.pk} is no ship ({said}): only what ships becomes the baseline, or "
            "what somebody answers for by an override (evalhub decision sign --override ship)"
        )
    if signed is None and not decision.document.registered:
        raise BlessingError(
            f"decision {decision.pk} is unregistered, since its policy has the ledger off: "
            "somebody has to sign it off first"
        )


def _check_judged_against(decision: Decision, current: Blessing | None) -> None:
    """That nothing slips in which beat something weaker than what runs now."""
    if current is None or current.version_id == _version(decision, "baseline").pk:
        return
    against = decision.document.arms.baseline
    raise StaleDecisionError(
        f"decision {decision.pk} judged against {against.version}, and the baseline is "
        f"{current.version} since {current.created:%Y-%m-%d}: judge against that"
    )


def _check_known(decision: Decision, version: ModelVersion, current: Blessing | None) -> None:
    if decision.verdict == Verdict.INVALID:
        raise BlessingError(f"decision {decision.pk} is invalid: nothing rests on it")
    if current is None or version.blessings.filter(project=current.project).exists():
        return
    raise BlessingError(
        f"{version} was never the baseline, and there is one ({current.version}): only a candidate "
        "that ships against it takes its place"
    )

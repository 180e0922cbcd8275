"""The gate's answer to a pipeline: may this arm's version ship now? Read only."""

from dataclasses import dataclass
from enum import StrEnum

from evalhub.declare.declaration import DeclarationError
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.chain.kept import why_not_kept
from evalhub.ledger.models import Decision
from evalhub.ledger.staleness import changes_since
from evalhub.registry.models import ModelVersion, Study, StudyArm
from evalhub.registry.models.studies import ArmRole
from evalhub.studies.run.advance import StudyState, StudyStatus, status_of
from reviews.results.ended import has_ended


class Passing(StrEnum):
    """The answer: `passed` lets it through, `open` is to be asked again, `refused` is neither."""

    PASSED = "passed"
    REFUSED = "refused"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """The state of one arm of a study, for a pipeline's gate.

    Attributes:
        said: the sentence that answers, without its stop.
        version: the version that was asked about; None where there is no such one.
        decision: the newest on the arm, whatever it is of; None where there is none, or where the
            database holds another than was recorded.
        changed_since: what has changed of its evidence, a sentence each.
        signed: the verdict that a person put in its place, or stands by; None where nobody has.
    """

    passing: Passing
    said: str
    status: StudyStatus
    arm: StudyArm
    version: ModelVersion | None
    decision: Decision | None
    changed_since: tuple[str, ...] = ()
    signed: Verdict | None = None


def gate_answer(study: Study, *, candidate: str = "", version: str = "") -> GateAnswer:
    """Whether an arm's version has a valid ship now: registered, and on today's evidence.

    Args:
        candidate: name of the arm; the candidate in question where none is given.
        version: digest of the version that is meant; by default the newest of the arm's model, so
            that a version that was registered since is never let through by an older one's
            decision.

    Raises DeclarationError for an arm that the study doesn't have.
    """
    arm = _arm(study, candidate)
    status = status_of(study)
    model_version = _version(arm, version)
    decision = next((each for each in status.decisions if each.arm == arm.name), None)
    if decision is None:
        decision = study.decisions.filter(arm=arm.name).newest_first().first()

    def answer(passing: Passing, sentence: str, **more: object) -> GateAnswer:
        return GateAnswer(passing, sentence, status, arm, model_version, decision, **more)  # type: ignore[arg-type]

    if decision is not None and (why := why_not_kept(decision)):
        decision = None  # whatever it says
        return answer(Passing.REFUSED, why.rstrip("."))
    if model_version is None:
        return answer(Passing.REFUSED, f"{arm.version.model} has no version {version[:64]!r}")
    if model_version != arm.version:
        sentence = (
            f"{model_version} isn't what the study compares as {arm.name}, which is {arm.version}"
        )
        return answer(Passing.REFUSED, f"{sentence}: register the study with it")
    if status.state in (StudyState.RUNNING, StudyState.STOPPED, StudyState.ADVANCING):
        return answer(Passing.OPEN, f"The study waits for {status.waits_for}")
    if decision is None:
        return answer(Passing.REFUSED, f"{arm.name} isn't judged in this study")
    changed = tuple(each.sentence for each in changes_since(decision))
    newest = decision.sign_offs.first()
    signed = Verdict(newest.verdict) if newest else None
    details = {"changed_since": changed, "signed": signed}
    verdict, record = Verdict(decision.verdict), decision.document
    if changed:
        return answer(Passing.REFUSED, f"Decided on other evidence: {changed[0]}", **details)
    if not record.registered:
        return answer(Passing.REFUSED, "No ledger counts this look", **details)
    if verdict is Verdict.MORE and _people_may_answer(study, status):
        return answer(Passing.OPEN, f"The study waits for {status.waits_for}", **details)
    if verdict is not Verdict.SHIP:
        return answer(Passing.REFUSED, record.headline.rstrip("."), **details)
    if signed not in (None, Verdict.SHIP):
        return answer(Passing.REFUSED, f"A person overrode it: {signed}", **details)
    return answer(Passing.PASSED, record.headline.rstrip("."), **details)


def _arm(study: Study, name: str) -> StudyArm:
    arms = study.arms.select_related("version__model__project")
    matching = arms.filter(name=name) if name else arms.filter(role=ArmRole.CANDIDATE)
    if (arm := matching.first()) is None:
        names = ", ".join(arms.values_list("name", flat=True))
        raise DeclarationError(f"the study has no arm {name[:80]!r}; it has {names}", "candidate")
    return arm


def _version(arm: StudyArm, digest: str) -> ModelVersion | None:
    versions = arm.version.model.versions.select_related("model").order_by("-number")
    newest: ModelVersion | None = (versions.filter(digest=digest) if digest else versions).first()
    return newest


def _people_may_answer(study: Study, status: StudyStatus) -> bool:
    """Whether the study's review is open, or still to be opened."""
    if status.state is StudyState.UNREVIEWED:
        return True
    campaign = study.campaigns.defer("plan").first()
    return status.state is StudyState.REVIEWING and campaign is not None and not has_ended(campaign)

"""Which runs of a study people may compare, and at which level their review may stop early."""

from dataclasses import dataclass

from evalhub.gate.baseline_choice import baseline_of
from evalhub.gate.ledger import charge
from evalhub.registry.models import Run, Study, StudyRun, StudyTestSet
from evalhub.registry.models.runs import RunState
from evalhub.registry.models.studies import ArmRole
from evalhub.schemas.declaration import default_of
from evalhub.schemas.policy import PeopleDemand
from evalhub.schemas.review import Anytime, CampaignRequest
from reviews.errors import PlanError


@dataclass(frozen=True, slots=True)
class ReviewArm:
    """An arm of a study with its run on the test set in question."""

    name: str
    run: Run


def arms_to_review(study: Study, test_set: str) -> list[ReviewArm]:
    """The arms with a finished run on this test set: the baseline's first, then the candidate's.

    Arms that share a run with one before them (they don't differ here) are left out. Raises
    PlanError where the study has no such test set, or its baseline or candidate no finished run.
    """
    if not StudyTestSet.objects.filter(study=study, name=test_set).exists():
        names = ", ".join(study.test_sets.values_list("name", flat=True))
        raise PlanError(f"test_set: {study} has no {test_set!r}; it has {names}")
    links = (
        StudyRun.objects.filter(
            arm__study=study, test_set__name=test_set, repeat=0, run__state=RunState.DONE
        )
        .select_related("arm", "run__version__model", "run__test_set_version__test_set__project")
        .order_by("arm__position")
    )
    baseline = baseline_of(study)
    order = {"candidate": 1}
    ranked = sorted(
        links, key=lambda link: 0 if link.arm == baseline else order.get(link.arm.role, 2)
    )
    found: dict[int, ReviewArm] = {}
    for link in ranked:
        found.setdefault(link.run.version_id, ReviewArm(link.arm.name, link.run))
    arms = list(found.values())
    if len(arms) < 2 or ranked[0].arm != baseline:
        raise PlanError(f"{study}: two arms with a finished run on {test_set} are needed")
    return arms


def for_study(request: CampaignRequest, study: Study | None) -> CampaignRequest:
    """The request, whose early stop asks for what the study's policy does where it doesn't say.

    That is the gain that people are to show, and the one-sided level at which a first decision on
    these test sets is judged. A later one on the same test sets has a stricter level: then the
    decision may find that what settled the review isn't enough.
    """
    stopping = request.stopping
    if study is None or not isinstance(stopping, Anytime):
        return request
    policy, review = study.policy, study.review
    judged = study.arms.exclude(role=ArmRole.BASELINE).count()
    level = charge([], [], counts=policy.ledger, alpha=policy.alpha, arms=judged).level
    gain = review.min_gain if review else default_of(PeopleDemand, "min_gain")
    of_study = {"alpha": level, "min_gain": gain}
    unsaid = {name: of_study[name] for name in of_study if name not in stopping.model_fields_set}
    return request.model_copy(update={"stopping": stopping.model_copy(update=unsaid)})

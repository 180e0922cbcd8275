"""Which runs of a study people may compare."""

from dataclasses import dataclass

from evalhub.gate.rivals import baseline_of
from evalhub.registry.models import Run, Study, StudyRun, StudyTestSet
from evalhub.registry.models.runs import RunState
from reviews.errors import PlanError


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm of a study with its run on the test set in question."""

    name: str
    run: Run


def arms_to_review(study: Study, test_set: str) -> list[Arm]:
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
    found: dict[int, Arm] = {}
    for link in ranked:
        found.setdefault(link.run.version_id, Arm(link.arm.name, link.run))
    arms = list(found.values())
    if len(arms) < 2 or ranked[0].arm != baseline:
        raise PlanError(f"{study}: two arms with a finished run on {test_set} are needed")
    return arms

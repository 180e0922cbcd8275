"""Studies in the states that the pages are for."""

from django.db.models import Model

from evalhub.ledger.models import Decision
from evalhub.registry.models import Study, StudyArm, StudyRun, StudyTestSet
from evalhub.registry.models.versions import Kind
from tests.cast import Team, a_run, a_study, a_test_set, a_version

POLICY = {"alpha": 0.025, "planned_gain": 0.05}


def a_measured_study(team: Team, *, items: int = 40, tags: int = 2, slug: str = "triage") -> Study:
    """The candidate gains on its task and loses half of reading; a prompted arm gains a little."""
    names = [f"tag{i}" for i in range(tags)]
    task = a_test_set(team, f"{slug}-task", items=items, tags=names)
    reading = a_test_set(team, f"{slug}-reading", items=items, tags=names)
    base = a_version(team, f"{slug}-base")
    lora = a_version(team, f"{slug}-lora", parent=base)
    prompted = a_version(team, f"{slug}-prompted", kind=Kind.FEW_SHOT, parent=base)
    half = items // 2
    a_run(base, task, scores=[0] * half + [1] * half)
    a_run(base, reading, scores=[1] * items)
    a_run(lora, task, scores=[1] * items)
    a_run(lora, reading, scores=[0] * half + [1] * half)
    a_run(prompted, task, scores=[0] * (half - 2) + [1] * (half + 2))
    a_run(prompted, reading, scores=[1] * (items - 1) + [0])
    return a_study(
        team,
        baseline=base,
        candidate=lora,
        primary=task,
        guards=[reading],
        alternatives=[prompted],
        slug=slug,
        policy=POLICY,
    )


def many_like(study: Study, count: int) -> list[Study]:
    """So many studies that ask and were decided as this one, on its runs; rows alone."""

    def copied[R: Model](row: R, **fields: object) -> R:
        values = {each.attname: getattr(row, each.attname) for each in row._meta.concrete_fields}
        return type(row)(**values | {"id": None} | fields)

    start = Study.objects.count()
    studies = Study.objects.bulk_create(
        copied(study, slug=f"like-{n:04}", name=f"Like {n:04}") for n in range(start, start + count)
    )
    for each in studies:
        arms = {
            old.pk: copied(old, study_id=each.pk) for old in StudyArm.objects.filter(study=study)
        }
        sets = {
            old.pk: copied(old, study_id=each.pk)
            for old in StudyTestSet.objects.filter(study=study)
        }
        StudyArm.objects.bulk_create(arms.values())
        StudyTestSet.objects.bulk_create(sets.values())
        StudyRun.objects.bulk_create(
            copied(old, arm_id=arms[old.arm_id].pk, test_set_id=sets[old.test_set_id].pk)
            for old in StudyRun.objects.filter(arm__study=study)
        )
        Decision.objects.bulk_create(
            copied(old, study_id=each.pk) for old in Decision.objects.filter(study=study)
        )
    return studies

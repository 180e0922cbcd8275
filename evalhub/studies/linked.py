"""What a study's rows ask, to see whether a file that was registered again has changed it."""

from typing import Any

from django.db.models.functions import Now

from evalhub.registry.models import Study, StudyRun

_ARM = ("name", "role", "version")
_BESIDE = {"id", "study"}


def linked(study: Study) -> dict[str, list[Any]]:
    """Its policy, review, arms, test sets and runs, as values that compare. Four queries."""
    columns = [each.name for each in study.test_sets.model._meta.fields if each.name not in _BESIDE]
    runs = StudyRun.objects.filter(arm__study=study).order_by("arm__name", "test_set__name", "pk")
    return {
        "study": list(Study.objects.filter(pk=study.pk).values_list("policy", "review")),
        "arms": list(study.arms.order_by("name").values_list(*_ARM)),
        "test_sets": list(study.test_sets.order_by("name").values_list(*columns)),
        "runs": list(runs.values_list("arm__name", "test_set__name", "repeat", "run")),
    }


def note_change(study: Study, *, before: dict[str, list[Any]]) -> None:
    """Keeps that the study asks otherwise than `before`, where it does."""
    if linked(study) != before:
        Study.objects.filter(pk=study.pk).update(changed=Now())

"""Compare a study's rows before and after its file was registered again."""

from collections.abc import Iterator
from typing import Any

from django.db.models.functions import Now

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.registry.models import Metric, Study, StudyRun
from evalhub.registry.models.studies import ArmRole

_ARM = ("name", "role", "version")
_BESIDE = {"id", "study"}
_NO_DEMAND = {"id", "study", "position", "test_set_version", "draw"}
"""Which items a test set has, and where it stands: not what must hold on them."""


class PolicyScopeError(Exception):
    """A study's policy would change, and whoever hands it in may not change one."""


def comparable_rows(study: Study) -> dict[str, list[Any]]:
    """Policy, review, arms, test sets and runs, as comparable values. Four queries."""
    columns = [each.name for each in study.test_sets.model._meta.fields if each.name not in _BESIDE]
    runs = StudyRun.objects.filter(arm__study=study).order_by("arm__name", "test_set__name", "pk")
    return {
        "study": list(Study.objects.filter(pk=study.pk).values_list("policy", "review")),
        "arms": list(study.arms.order_by("name").values_list(*_ARM)),
        "test_sets": list(study.test_sets.order_by("name").values_list(*columns)),
        "runs": list(runs.values_list("arm__name", "test_set__name", "repeat", "run")),
    }


def policy_of(study: Study) -> dict[str, Any]:
    """Its policy as values by field: the study-wide part, the review, the baseline's name, and the
    requirements on each judged test set. Three queries.

    New items, answers and candidates leave it as it is.
    """
    row = Study.objects.only("policy", "review").get(pk=study.pk)
    columns = [each.name for each in study.test_sets.model._meta.fields]
    demands = study.test_sets.judged().values(*(set(columns) - _NO_DEMAND))
    return {
        "policy": row.policy.as_json(),
        "review": row.review and row.review.as_json(),
        "baseline": study.arms.get(role=ArmRole.BASELINE).name,
        **{f"test_sets.{each['name']}": each for each in demands},
    }


def check_same_policy(study: Study, before: dict[str, Any]) -> None:
    """Raises if the study's policy isn't what it was `before` (`policy_of`).

    Raises PolicyScopeError, which names the fields that differ.
    """
    now = policy_of(study)
    was, is_now = (_flat(each) for each in (before, now))
    fields = [name for name in sorted({*was, *is_now}) if was.get(name) != is_now.get(name)]
    if fields:
        raise PolicyScopeError(
            f"This changes the policy of the study {study.slug} ({', '.join(fields)}), which "
            "needs the scope decide. Leave the policy as it is, or hand the study in under "
            "another name."
        )


def note_policy_change(study: Study, *, by: User | None, before: dict[str, Any]) -> None:
    """Notes in the audit log how the study's policy differs from `before` (`policy_of`)."""
    now = policy_of(study)
    if now == before:
        return
    was, is_now = (dict(_by_field(each)) for each in (before, now))
    changes = [
        {"field": name, "was": was.get(name), "now": is_now.get(name)}
        for name in sorted({*was, *is_now})
        if was.get(name) != is_now.get(name)
    ]
    note(Action.POLICY_CHANGED, by=by, project=study.project, what=study.slug, changes=changes)


def _by_field(policy: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The policy with a field for each demand on a test set, and metrics by name."""
    for name, part in _flat(policy).items():
        if not name.startswith("test_sets."):
            yield name, part
            continue
        for field, value in part.items():
            display_value = str(Metric.objects.get(pk=value)) if field == "metric" else value
            yield f"{name}.{field}", display_value


def _flat(policy: dict[str, Any]) -> dict[str, Any]:
    """The policy with a field for each part of the study-wide policy and of the review."""
    parts = ((name, policy[name] or {}) for name in ("policy", "review"))
    rest = {name: each for name, each in policy.items() if name not in ("policy", "review")}
    return rest | {f"{name}.{field}": each for name, part in parts for field, each in part.items()}


def note_change(study: Study, *, before: dict[str, list[Any]]) -> None:
    """Stores the change if the study's requirements differ from `before`."""
    if comparable_rows(study) != before:
        Study.objects.filter(pk=study.pk).update(changed=Now())

"""Change what a registered study requires: its policy, and the demands on its test sets.

The same columns as handing its changed file in writes, and nothing else: its items, arms, answers
and metrics stay as they are. Decisions that there are stay too, and say that they are of before.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.decision.policy_changes import PolicyChange, policy_changes
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.plan import PlannedLook
from evalhub.registry.models import Study
from evalhub.studies.file.document import study_document
from evalhub.studies.file.requirements import study_requirements
from evalhub.studies.file.spec import StudyFile
from evalhub.studies.run.plan import next_looks

_DEMANDED = {"role", "margin", "relative_margin", "tier", "min_gain", "planned_gain", "tails"}


class SamePolicyError(ValueError):
    """The new policy equals the study's present one."""


def demands_of(study: Study) -> dict[str, dict[str, Any]]:
    """By test set: its requirements, as the study's file has them."""
    return {
        name: {key: each for key, each in fields.items() if key in _DEMANDED}
        for name, fields in study_document(study).data["test_sets"].items()
    }


def split_fields(
    study: Study, fields: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Splits single fields of a study's file into the policy and the demands that `change_policy`
    takes.

    Args:
        given: values by field, as "policy.alpha" or "test_sets.sums.margin"; None takes a demand
            away.

    Raises:
        DeclarationError: a field that is neither of the policy nor a demand.
    """
    policy: dict[str, Any] = {}
    now = demands_of(study)
    demands: dict[str, dict[str, Any]] = {}
    for field, value in fields.items():
        match field.split("."):
            case ["policy", name]:
                policy[name] = value
            case ["test_sets", name, demand] if name in now and demand in _DEMANDED:
                demands.setdefault(name, dict(now[name]))[demand] = value
            case _:
                allowed = f"policy.NAME, or of a test set {', '.join(sorted(_DEMANDED))}"
                raise DeclarationError(f"can't be changed (known: {allowed})", field)
    return policy, {
        name: {key: each for key, each in demand.items() if each is not None}
        for name, demand in demands.items()
    }


def policy_difference(
    study: Study, policy: Mapping[str, Any], demands: Mapping[str, Mapping[str, Any]]
) -> list[PolicyChange]:
    """How the study's requirements would change, relaxations first.

    Args:
        policy: the study-wide fields of its file, all that aren't what they are by themselves.
        demands: by a test set that is judged, what must hold on it: role, margin, tier, ….

    Raises:
        DeclarationError: what can't be so, with its field.
    """
    return _compare(study, policy, demands)[0]


def change_policy(
    *,
    study: Study,
    by: User | None,
    policy: Mapping[str, Any],
    demands: Mapping[str, Mapping[str, Any]],
) -> list[PolicyChange]:
    """Changes the study's requirements, and notes in the audit log who did it and what changed.

    The next decision's record has it too, where somebody has looked before (`policy_since`).

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in its project.
        SamePolicyError: nothing is otherwise.
        DeclarationError: as `policy_difference`.
    """
    check_evaluates(by, study.project)
    asked, compared = study.requires, _compare(study, policy, demands)  # before others wait
    with transaction.atomic():
        locked = Study.objects.select_for_update().get(pk=study.pk)
        if locked.requires != asked:
            compared = _compare(locked, policy, demands)
        changes, file = compared
        if not changes:
            raise SamePolicyError("The same is asked already")
        _write(locked, file)
        logged = [
            {
                "field": change.field,
                "was": change.was,
                "now": change.now,
                "effect": change.effect.value,
            }
            for change in changes
        ]
        note(Action.POLICY_CHANGED, by=by, project=study.project, what=study.slug, changes=logged)
    study.refresh_from_db()
    return changes


def with_requirements(
    document: Mapping[str, Any],
    policy: Mapping[str, Any],
    demands: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """The study file with these fields of its policy, and with these demands in place of the old.

    Raises DeclarationError for a demand on what is no test set of it.
    """
    new = deepcopy(dict(document))
    new["policy"] = {**new.get("policy", {}), **policy}
    for name, demand in demands.items():
        if name not in new["test_sets"]:
            raise DeclarationError("is no test set of the study", f"test_sets.{name}")
        test_set = new["test_sets"][name]
        unchanged = {key: test_set[key] for key in test_set if key not in _DEMANDED}
        new["test_sets"][name] = unchanged | dict(demand)
    return new


def looks_after(
    study: Study, policy: Mapping[str, Any], demands: Mapping[str, Mapping[str, Any]]
) -> Sequence[PlannedLook]:
    """The next look's cost and power under this policy: written, read, and rolled back.

    Raises DeclarationError, as `policy_difference`.
    """
    with transaction.atomic():
        _write(study, _compare(study, policy, demands)[1])
        looks = next_looks(Study.objects.get(pk=study.pk))
        transaction.set_rollback(True)
    study.refresh_from_db()
    return looks


def _compare(
    study: Study, policy: Mapping[str, Any], demands: Mapping[str, Mapping[str, Any]]
) -> tuple[list[PolicyChange], StudyFile]:
    """How the changed file's requirements differ from the study's, and the changed file."""
    old = study_document(study).data
    new = with_requirements(old, policy, demands)
    before, after = (validate(StudyFile, each) for each in (old, new))
    return policy_changes(study_requirements(before), study_requirements(after)), after


def _write(study: Study, file: StudyFile) -> None:
    study.policy = study.policy.model_copy(update=dict(file.policy))
    study.changed = timezone.now()
    study.save(update_fields=["policy", "changed"])
    for name, test_set in file.test_sets.items():
        columns = test_set.columns()
        study.test_sets.filter(name=name, form="").update(**columns)

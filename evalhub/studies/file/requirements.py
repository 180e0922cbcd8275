"""What a policy or a study file requires, for comparing two of them. No database."""

from pathlib import Path
from typing import Any

from evalhub.decision.policy import SCHEMA, Policy
from evalhub.decision.policy_changes import Demands, demands_of_policy
from evalhub.declare.declaration import read_declaration
from evalhub.declare.people import PeopleDemand, PeopleFloor
from evalhub.io.document import Document
from evalhub.io.rows import DataError
from evalhub.studies.file.spec import StudyFile

STUDY = "evalhub.study/1"
_BESIDE = ("purpose", "fields", "form")
"""What says how rows are read, and what asks by criteria of its own."""


def read_requirements(path: Path) -> tuple[str, Demands]:
    """The document's schema, and its requirements.

    Raises:
        evalhub.io.rows.DataError: neither a policy nor a study, or what is wrong with it.
    """
    document = Document(path)
    schema = document.data.get("schema") if isinstance(document.data, dict) else None
    if schema == SCHEMA:
        return SCHEMA, demands_of_policy(read_declaration(Policy, document, start=""))
    if schema == STUDY:
        return STUDY, study_requirements(read_declaration(StudyFile, document, start=""))
    raise DataError(
        f"starts with schema: {SCHEMA} or {STUDY}, not {schema!r}", file=str(path), field="schema"
    )


def study_requirements(study: StudyFile) -> Demands:
    """The requirements of a study file: its policy, its test sets' demands, and the review it asks
    for."""
    rule = study.policy.as_json()
    people = {name: rule.pop(name) for name in PeopleFloor.model_fields}
    budgets = rule.pop("budgets")
    rule["noise_floor"] = study.noise_floor or any(arm.repeat for arm in study.arms.values())
    rule["promoted"] = study.promoted
    review = study.review.as_json() if study.review else {}
    people |= {name: review.pop(name) for name in PeopleDemand.model_fields if name in review}
    return Demands(
        rule,
        people if study.review else None,
        _demands(study),
        budgets,
        {
            "baseline": study.baseline,
            "development": study.development.as_json() if study.development else None,
            "prices": {name: arm.price.as_json() for name, arm in study.arms.items() if arm.price},
            "ownership": study.ownership.as_json() if study.ownership else None,
            **({f"review.{name}": value for name, value in review.items()}),
        },
        study.pairwise.as_json() if study.pairwise else None,
    )


def _demands(study: StudyFile) -> dict[str, dict[str, Any]]:
    """By criterion: the requirements on each judged test set, and on the form of its answers."""
    judged = {name: each for name, each in study.test_sets.items() if each.role != "development"}
    demands = {
        name: {field: value for field, value in test_set.as_json().items() if field not in _BESIDE}
        for name, test_set in judged.items()
    }
    return demands | {
        guard.of(name): guard.demand.as_json() | {"metric": guard.metric.as_json()}
        for name, test_set in judged.items()
        for guard in test_set.guards
    }

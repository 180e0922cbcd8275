"""A number of a live record that somebody changes is found by the record alone."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from evalhub.decision.verify import verify
from tests.cast import Team
from tests.features.experiments.decisions_of import a_live_decision

pytestmark = [pytest.mark.django_db, pytest.mark.heavy]

type Document = dict[str, Any]

PLAN: dict[str, Any] = {"guards": [{"metric": "refusals", "margin": 0.05}]}

NUMBERS = [
    *("n", "baseline", "candidate", "difference", "lower", "upper", "alpha", "harm_alpha"),
    *("p_harm", "p_bound", "sd", "gap", "bound", "wins"),
]


@pytest.fixture
def document(team: Team) -> Document:
    record = a_live_decision(team, "need-more-data", **PLAN).record
    assert verify(record).differences == []
    return deepcopy(record)


def fields_found(document: Document) -> list[str]:
    return [each.field for each in verify(document).differences]


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_changed_number_of_a_criterion_is_found(
    document: Document, name: str, number: int
) -> None:
    criterion = document["criteria"][number]
    change = 1 if isinstance(criterion[name], int) else 1e-4
    criterion[name] = (
        criterion[name] + change if criterion[name] < 0.5 else criterion[name] - change
    )
    assert any(field.startswith(f"criteria[{number}].") for field in fields_found(document))


def _of_sums(document: Document) -> Document:
    return document["live_sums"]["metrics"][0]["epochs"][0]["challenger"]  # type: ignore[no-any-return]


CHANGES: dict[str, Callable[[Document], None]] = {
    "an event less": lambda d: _of_sums(d).update(y=_of_sums(d)["y"] - 1),
    "a user more": lambda d: _of_sums(d).update(users=_of_sums(d)["users"] + 1),
    "more measured than came": lambda d: _of_sums(d).update(measured=_of_sums(d)["measured"] + 1),
    "fewer measured than it takes": lambda d: _of_sums(d).update(measured=99),
    "a smaller spread": lambda d: _of_sums(d).update(yy=_of_sums(d)["yy"] - 3),
    "tuned elsewhere": lambda d: d["live_sums"].update(tuned_at=500),
    "the first metric after all": lambda d: d["live_sums"].update(metric_number=2),
    "more traffic": lambda d: d["live_sums"].update(users_a_day=9e5),
    "no guard": lambda d: d["criteria"].pop(),
    "no sums of a guard": lambda d: d["live_sums"]["metrics"].pop(),
    "no sums at all": lambda d: d.pop("live_sums"),
    "a wider margin": lambda d: d["policy"]["experiment"]["guards"][0].update(margin=0.1),
    "a laxer alpha": lambda d: d["policy"]["experiment"].update(alpha=0.05),
    "another alpha for the rule": lambda d: d["rule"].update(alpha=0.04),
    "a laxer level of harm": lambda d: d["policy"]["experiment"].update(harm_alpha=0.01),
    "no plan": lambda d: d["policy"].pop("experiment"),
    "a ship": lambda d: d.update(verdict="ship"),
    "another headline": lambda d: d.update(headline="challenger has fewer errors."),
    "a user more exposed": lambda d: d["exposure"].update(exposed=d["exposure"]["exposed"] + 1),
    "an arm with more users": lambda d: d["exposure"]["champion"].update(users=301),
    "requests from nowhere": lambda d: d["exposure"]["champion"].update(as_assigned=9),
    "users on another day": lambda d: d["allocation"]["days"][0].update(champion=290),
    "a better p": lambda d: d["allocation"].update(p=0.5),
    "a laxer check": lambda d: d["allocation"].update(level=0.001),
    "an epoch with two weights": lambda d: d["stages"]["steps"].append(
        d["stages"]["steps"][0] | {"weight": 0.3}
    ),
    "a step before the first": lambda d: d["stages"]["steps"].append(
        d["stages"]["steps"][0] | {"since": "2026-01-01T00:00:00Z"}
    ),
    "a sentence": lambda d: d["exposure"].update(sentences=["exposed: nobody."]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_anywhere_is_found(document: Document, change: str) -> None:
    CHANGES[change](document)
    assert fields_found(document)


def test_a_metric_of_more_users_than_came_is_found(document: Document) -> None:
    document["exposure"]["challenger"]["users"] -= 1
    assert "live_sums.metrics[0].epochs" in fields_found(document)


def test_a_mismatch_that_was_taken_out_is_found(team: Team) -> None:
    record = deepcopy(a_live_decision(team, "invalid").record)
    assert verify(record).differences == []
    record["invalid"] = ["the evidence is unfit"]
    found = verify(record).differences
    assert "invalid" in [each.field for each in found]

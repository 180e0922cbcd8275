"""A review's early stop at the level of the decision that it is for."""

from math import pi
from typing import Any

import pytest

from evalhub.declare.declaration import validate
from evalhub.declare.review import Anytime, CampaignRequest
from evalhub.registry.models import Study
from evalhub.studies.run.reviewing import for_study
from tests.cast import Team, a_study, a_test_set, a_version

ANYTIME = CampaignRequest(stopping=Anytime())


def a_study_of(team: Team, *, alternatives: int = 0, **fields: Any) -> Study:
    return a_study(
        team,
        baseline=a_version(team, "base"),
        candidate=a_version(team, "lora"),
        alternatives=[a_version(team, f"other-{i}") for i in range(alternatives)],
        primary=a_test_set(team, items=4),
        **fields,
    )


def test_the_stop_asks_for_what_a_first_decision_does(team: Team) -> None:
    study = a_study_of(
        team,
        policy={"alpha": 0.05, "ledger": "primaries"},
        review={"test_set": "set", "items": 4, "min_gain": 0.02},
    )
    found = for_study(ANYTIME, study).stopping
    assert isinstance(found, Anytime)
    assert (found.alpha, found.min_gain) == (pytest.approx(0.05 * 6 / pi**2), 0.02)


def test_without_a_ledger_it_has_its_share_among_the_arms(team: Team) -> None:
    study = a_study_of(team, alternatives=1, policy={"alpha": 0.05, "ledger": "off"})
    found = for_study(ANYTIME, study).stopping
    assert isinstance(found, Anytime)
    assert found.alpha == 0.025


@pytest.mark.parametrize(
    "stopping",
    [{"rule": "fixed"}, {"rule": "anytime", "alpha": 0.1, "min_gain": 0.0}],
)
def test_what_a_plan_says_itself_stays(team: Team, stopping: dict[str, Any]) -> None:
    request = validate(CampaignRequest, {"stopping": stopping})
    assert for_study(request, a_study_of(team)) == request


def test_pairs_of_ones_own_have_no_policy(db: None) -> None:
    assert for_study(ANYTIME, None) == ANYTIME

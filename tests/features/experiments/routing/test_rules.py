"""The rules that clients poll and hash by themselves."""

import pytest

from evalhub.features.experiments.ending import stop_experiment
from evalhub.features.experiments.ramping import set_share
from evalhub.features.experiments.starting import FLAG
from evalhub.features.experiments.steps import newest_step
from evalhub.features.traffic.keeping import settings_of
from tests.api.conftest import Program, home, program
from tests.cast import Team
from tests.features.experiments.experiments_of import CHALLENGER, CHAMPION, an_experiment
from tests.features.traffic.test_otlp_api import Programs

__all__ = ["home", "program"]


@pytest.fixture
def router(program: Programs) -> Program:
    """With a token for traffic, and nothing else."""
    return program("traffic")


def test_the_rules_have_all_that_a_client_needs(team: Team, router: Program) -> None:
    experiment = an_experiment(team, share=0.25)
    answer = router.get("/rules")
    assert answer.status_code == 200
    assert answer.json() == {
        "flags": [
            {
                "flag": FLAG,
                "experiment": experiment.pk,
                "epoch": 1,
                "salt": newest_step(experiment).salt,
                "weight": 0.5,
                "coverage": 0.5,
                "arms": [
                    {"arm": "champion", "name": CHAMPION, "start": 0.0, "end": 0.25},
                    {"arm": "challenger", "name": CHALLENGER, "start": 0.5, "end": 0.75},
                ],
                "default": CHAMPION,
            }
        ],
        "user_key": settings_of(team.project).salt,
        "unit_digits": 32,
        "place_digits": 13,
        "poll_seconds": 10,
    }


def test_unchanged_rules_are_not_sent_again(team: Team, router: Program) -> None:
    experiment = an_experiment(team, share=0.25)
    etag = router.get("/rules").headers["ETag"]
    again = router.client.get(router.at("/rules"), headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    set_share(experiment=experiment, by=team.eva, share=0.3, reason="It holds.")
    changed = router.client.get(router.at("/rules"), headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.json()["flags"][0]["coverage"] == 0.6


def test_after_the_end_no_place_is_in_an_arm(team: Team, router: Program) -> None:
    stop_experiment(experiment=an_experiment(team), by=team.eva, reason="Enough.")
    (flag,) = router.get("/rules").json()["flags"]
    assert flag["coverage"] == 0
    assert all(arm["start"] == arm["end"] for arm in flag["arms"])
    assert flag["default"] == CHAMPION


def test_a_project_without_experiments_has_no_flags(router: Program) -> None:
    assert router.get("/rules").json()["flags"] == []


def test_a_token_that_may_only_read_does_not_get_the_users_key(
    team: Team, program: Programs
) -> None:
    an_experiment(team)
    refused = program("read").get("/rules")
    assert refused.status_code == 403
    assert "needs the scope traffic" in refused.json()["detail"]

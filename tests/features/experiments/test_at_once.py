"""Two owners act on one experiment at the same moment, by REST: each is told what came of it."""

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.features.experiments.models import Experiment
from tests.api.conftest import Program, home, program
from tests.cast import Team
from tests.features.experiments.experiments_of import an_experiment
from tests.features.lifecycle.test_at_once import at_once

__all__ = ["home", "program"]
pytestmark = pytest.mark.django_db(transaction=True)
Programs = Callable[..., Program]


def posts(owner: Program, experiment: Experiment, verb: str, **body: Any) -> Callable[[], Any]:
    return lambda: owner.post(f"/experiments/{experiment.pk}/{verb}", body)


@pytest.mark.parametrize("repeat", range(3))
def test_one_ramps_and_one_stops(program: Programs, team: Team, repeat: int) -> None:
    """Whoever came first, it has ended: the share is refused, or was the last one before the
    end."""
    experiment = an_experiment(team, share=0.1)
    first, second = program(user=team.olga), program(user=team.eva)
    answers, refused = at_once(
        [
            posts(first, experiment, "share", share=0.3, reason="More."),
            posts(second, experiment, "stop", reason="Enough."),
        ]
    )
    assert refused == []
    by_status = {answer.status_code: answer for answer in answers}
    experiment.refresh_from_db()
    shares = [step.rule.share for step in experiment.steps.in_order()]
    assert (experiment.ended_by, experiment.ended_reason) == (team.eva, "Enough.")
    if 409 in by_status:
        told = by_status[409].json()["detail"]
        assert "by eva" in told
        assert "Enough." in told
        assert shares == [0.1, 0.0]
    else:
        assert shares == [0.1, 0.3, 0.0]


def test_two_ramp_and_the_second_is_told_of_the_first(program: Programs, team: Team) -> None:
    experiment = an_experiment(team, share=0.1)
    people = {0.2: team.olga, 0.3: team.eva}
    answers, refused = at_once(
        [
            posts(
                program(user=person), experiment, "share", share=share, instead_of=0.1, reason="Up."
            )
            for share, person in people.items()
        ]
    )
    assert refused == []
    (told,) = [answer.json()["detail"] for answer in answers if answer.status_code == 409]
    (_, share) = [step.rule.share for step in experiment.steps.in_order()]
    assert f"isn't 10% any more: it is {100 * share:.4g}%" in told
    assert f"by {people[round(share, 6)]}" in told

"""A champion that no decision made so has no answers that it was promoted by."""

import pytest

from evalhub.declare.monitor import AnswersPlan
from evalhub.features.lifecycle.promotion import override_champion
from evalhub.features.monitoring.adding import add_monitor
from evalhub.features.monitoring.errors import MonitorError
from tests.cast import Team, a_version


@pytest.mark.django_db
def test_what_an_override_made_champion_is_not_watched(team: Team) -> None:
    override_champion(version=a_version(team, "base"), by=team.olga, reason="Law.")
    with pytest.raises(
        MonitorError, match="base v1 was made the champion by an override: there is"
    ):
        add_monitor(project=team.project, plan=AnswersPlan(test_set="questions"), by=team.olga)

"""Each champion is listed with whether its server answers as it was evaluated."""

import pytest
from django.test import Client

from evalhub.features.deployment.models import Probe
from evalhub.features.lifecycle.promotion import override_champion
from tests.cast import Team, a_run, a_test_set, a_version

PAGE = "/hand-over/"


def test_without_a_champion_nothing_is_handed_over(olga: Client, team: Team) -> None:
    assert "Nothing is promoted yet" in olga.get(PAGE).text


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        ("same", "✓</span> answers as it was evaluated"),
        ("differs", "✗</span> answers otherwise"),
        ("unknown", "?</span> can’t be told"),
    ],
)
def test_the_newest_check_of_its_server_is_shown(
    olga: Client, team: Team, outcome: str, text: str
) -> None:
    version = a_version(team, "support")
    run = a_run(version, a_test_set(team, "questions", items=1), scores=[1.0])
    override_champion(version=version, by=team.olga, reason="It runs.")
    assert "not checked" in olga.get(PAGE).text
    for each in ("differs", outcome):
        Probe.objects.create(
            version=version,
            run=run,
            address="desk",
            model="support",
            outcome=each,
            why="it was asked",
            report={},
        )
    shown = olga.get(PAGE).text.replace("&#x27;", "’")
    assert "support v1" in shown
    assert text in shown

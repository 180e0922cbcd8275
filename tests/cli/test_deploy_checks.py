"""`evalhub doctor --deploy`: whether other machines may be let in."""

import json

import pytest
from pytest_django.fixtures import Settings

from evalhub.cli.app import run

pytestmark = pytest.mark.django_db


def hosts(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    run(["doctor", "--deploy", "--json"])
    [finding] = [
        finding for finding in json.loads(capsys.readouterr().out) if finding["name"] == "hosts"
    ]
    return dict(finding)


def test_a_site_that_answers_to_any_name_is_refused(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "*"]
    finding = hosts(capsys)
    assert not finding["well"]
    assert str(finding["seen"]).startswith("EVALHUB_ALLOWED_HOSTS has *")
    assert str(finding["advice"]).startswith("Set EVALHUB_URL to the address that people use")


def test_the_names_that_a_site_answers_to_are_told(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "localhost", "evalhub.example.org"]
    finding = hosts(capsys)
    assert finding["well"]
    assert finding["seen"] == "answers to localhost, evalhub.example.org"

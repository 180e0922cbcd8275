"""Which version a served name stands for: said at every door, looked up by a request's time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from evalhub.accounts.models import Action, LogEntry, Project
from evalhub.cli.app import run as cli
from evalhub.features.traffic.served import ServedNameError, ServedVersions, name_served_version
from evalhub.registry.models import ModelVersion
from tests.api.conftest import Program
from tests.cast import Team, a_version
from tests.features.traffic.rows_of import a_request, noon, taken

type Programs = Callable[..., Program]
pytestmark = pytest.mark.django_db


@pytest.fixture
def version(team: Team) -> ModelVersion:
    """A version, of a project whose requests of three days were served as support-7b."""
    taken(team.project, [a_request(f"r{days}", time=noon(days)) for days in (1, 2, 3)])
    return a_version(team, "lora")


def test_a_name_stands_for_a_version_from_a_time_on_until_another_is_stated(
    team: Team, version: ModelVersion
) -> None:
    later = a_version(team, "lora-2")
    name_served_version(project=team.project, by=team.eva, name="support-7b", version=version)
    name_served_version(
        project=team.project, by=team.eva, name="support-7b", version=later, since=noon(2)
    )
    served = ServedVersions.of(team.project)
    assert [served.at("support-7b", noon(days)) for days in (4, 3, 2, 1)] == [
        None,
        version,
        later,
        later,
    ]
    assert served.at("another", noon(1)) is None
    assert served.without_version(["support-7b", "another"]) == ["another"]
    assert LogEntry.objects.filter(action=Action.SERVED_NAME_SET, by=team.eva).count() == 2


def test_what_cannot_be_stated_is_refused(team: Team, version: ModelVersion) -> None:
    billing = replace(team, project=Project.objects.create(name="Billing", slug="billing"))

    def state(**fields: Any) -> None:
        fields = {"name": "support-7b", "version": version} | fields
        name_served_version(project=team.project, by=None, **fields)

    with pytest.raises(ServedNameError, match="no request of support-desk was served as 'gpt'"):
        state(name="gpt")
    with pytest.raises(ServedNameError, match="isn't a version of support-desk"):
        state(version=a_version(billing, "other"))
    state(since=noon(2))
    with pytest.raises(ServedNameError, match="on: say another time"):
        state(since=noon(2))


def test_it_is_stated_by_command_and_by_rest(
    team: Team, version: ModelVersion, program: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"{version.model.slug}@{version.number}"
    since = f"{noon(2):%Y-%m-%dT%H:%M:%S}"
    options = ["--project", "support-desk", "--since", since]
    assert cli(["traffic", "name", "support-7b", name, *options]) == 0
    day = f"{noon(2):%Y-%m-%d}"
    assert f"support-7b is {version} from {day} 12:00 UTC on." in capsys.readouterr().out
    caller = program("read", "ingest")
    answer = caller.post("/traffic/names", {"name": "support-7b", "version": name})
    assert answer.status_code == 201, answer.content
    assert answer.json()["since"].startswith(f"{noon(3):%Y-%m-%d}T12:00")
    assert caller.get("/traffic").json()["served"][0]["version"] == name
    again = caller.post("/traffic/names", {"name": "support-7b", "version": name})
    assert again.status_code == 409
    assert again.json()["errors"][0]["field"] == "since"
    unknown = caller.post("/traffic/names", {"name": "support-7b", "version": "nothing@1"})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (400, "version")


@pytest.mark.parametrize("name", ["support-7b", "gpt"])
def test_a_command_with_a_wrong_name_ends_with_what_would_be_right(
    version: ModelVersion, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli(["traffic", "name", name, "lora@9", "--project", "support-desk"]) == 64
    assert "lora" in capsys.readouterr().err

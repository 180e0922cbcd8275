"""The page on shadow studies: its commands draw, write and run a study as they stand."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalhub import documents
from evalhub.cli.app import run
from tests.cast import Team
from tests.fakes.openai_server import OpenAIServer
from tests.features.traffic.shadow.production import served

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "how-to/shadow-study.md"
NEEDS_MORE = 2


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


def commands(server: OpenAIServer) -> list[list[str]]:
    page = documents.files()[PAGE].read_text(encoding="utf-8")
    lines = re.findall(r"```sh\n(.*?)\n```", page, flags=re.S)
    text = [line.replace("http://localhost:9000/v1", server.url) for line in lines]
    return [shlex.split(line.replace("project default", "project support-desk")) for line in text]


def test_its_commands_lead_to_a_study_that_waits_for_people(
    team: Team, server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    served(team, [f"Question {i}?" for i in range(20)], language=["de", "en"], route="post")
    sample, init, study = commands(server)
    assert [sample[0], init[0], study[0]] == ["evalhub"] * 3
    assert run(sample[1:]) == 0
    assert run(init[1:]) == 0
    assert run(study[1:]) == NEEDS_MORE
    assert len(server.asked) == 20

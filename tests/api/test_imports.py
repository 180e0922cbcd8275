"""Another tool's log by REST: uploaded, kept, and nothing of one that can't be read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evalhub.registry.models import Run, TestSet
from tests.api.conftest import Program
from tests.api.sums import digest
from tests.api.test_studies import upload
from tests.importers.logs import FILES

Programs = Callable[..., Program]


def uploaded(caller: Program, folder: Path) -> dict[str, str]:
    """The files of a log, by their names."""
    found = {each.name: each.read_bytes() for each in folder.rglob("*") if each.is_file()}
    upload(caller, *found.values())
    return {name: digest(content) for name, content in found.items()}


def test_a_log_of_several_files_is_kept_as_runs(program: Programs) -> None:
    caller = program("read", "ingest")
    log = {"kind": "lm-eval", "files": uploaded(caller, FILES / "lm-eval" / "base")}
    made = caller.post("/imports", log)
    assert made.status_code == 202, made.content
    tasks = made.json()["imported"]
    assert {each["test_set"] for each in tasks} == set(
        TestSet.objects.values_list("slug", flat=True)
    )
    assert all(each["items"] and each["metrics"] for each in tasks)
    again = caller.post("/imports", log).json()["imported"]
    assert [each["run"] for each in again] == [each["run"] for each in tasks]
    assert caller.client.get(tasks[0]["run"]).status_code in (200, 202)


@pytest.mark.parametrize("kind", ["promptfoo", "openai-evals", "openai-chat", "json"])
def test_a_log_of_one_file_is_kept(program: Programs, kind: str) -> None:
    caller = program("read", "ingest")
    file = next(each for each in sorted((FILES / kind).rglob("*")) if each.is_file())
    upload(caller, file.read_bytes())
    asked = {"kind": kind, "files": {file.name: digest(file.read_bytes())}, "test_set": "kept"}
    if kind in ("openai-chat", "json"):
        asked["model"] = "support"
    made = caller.post("/imports", asked)
    assert made.status_code == 202, made.content
    assert Run.objects.exists()


def test_what_can_t_be_read_is_said_and_nothing_of_it_stays(program: Programs) -> None:
    caller = program("read", "ingest")
    broken = b'{"results": {"version": 3, "results": ['
    upload(caller, broken)
    for asked, field in (
        ({"kind": "promptfoo", "files": {"log.json": digest(broken)}}, None),
        ({"kind": "promptfun", "files": {"log.json": digest(broken)}}, "kind"),
        ({"kind": "promptfoo", "files": {"log.json": digest(b"none")}}, "files.log.json"),
        ({"kind": "promptfoo", "files": {"../log.json": digest(broken)}}, "files.../log.json"),
        ({"kind": "promptfoo", "files": {}}, "files"),
    ):
        refused = caller.post("/imports", asked)
        assert refused.status_code == 400, asked
        (flaw,) = refused.json()["errors"]
        assert field is None or flaw["field"] == field
        assert "/tmp" not in refused.content.decode()
    assert not TestSet.objects.exists()

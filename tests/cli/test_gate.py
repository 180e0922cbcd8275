"""`evalhub gate` here: the verdict's exit code, and what a pipeline reads."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from evalhub.cli.app import run
from evalhub.registry.models import ModelVersion, Run
from tests.fakes.openai_server import OpenAIServer
from tests.studies.desks import Desk
from tests.training.folders import of_transformers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path)
    del found.study["test_sets"]["sums"]
    return found


def gate(desk: Desk, *arguments: str | Path) -> int:
    return run(["gate", str(desk.write()), *map(str, arguments)])


def served(desk: Desk, server: OpenAIServer) -> None:
    """The candidate is asked, and repeats the question: right where that holds the answer."""
    backend = server.backend(model="first") | {"retries": 0}
    del backend["type"]
    desk.study["arms"]["tuned"]["backend"] = {"openai": backend}
    desk.study["test_sets"]["triage"]["metric"] = {"name": "contains"}
    desk.rows(
        "triage.jsonl",
        (
            {"id": f"q{i}", "input": f"What is right of {i}?", "reference": "right"}
            for i in range(60)
        ),
    )


def test_a_ship_ends_with_0_and_writes_every_file(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junit, markdown, out = (tmp_path / name for name in ("j.xml", "m.md", "r.json"))
    assert gate(desk, "--junit", junit, "--markdown", markdown, "--out", out, "--json") == 0
    record = json.loads(out.read_text())
    assert record["verdict"] == "ship"
    assert json.loads(capsys.readouterr().out)["headline"] == record["headline"]
    assert ElementTree.parse(junit).getroot().attrib["failures"] == "0"
    assert markdown.read_text().startswith("## ✅ Ship: tuned gains 0.50 on triage")
    assert markdown.read_text().count("<details>") == 10
    assert "### Won" in markdown.read_text()
    assert run(["decision", "verify", str(out)]) == 0


def test_a_hold_ends_with_1_and_shows_the_worst_first(desk: Desk, tmp_path: Path) -> None:
    desk.answers("base", "triage", ["right"] * 60)
    junit, markdown = tmp_path / "j.xml", tmp_path / "m.md"
    assert gate(desk, "--junit", junit, "--markdown", markdown) == 1
    assert ElementTree.parse(junit).getroot().attrib["failures"] == "2"
    assert "### Lost, the worst first" in markdown.read_text()
    assert "triage · q30: 1 → 0" in markdown.read_text()


@pytest.mark.heavy
def test_answers_made_elsewhere_stand_in_for_the_file_s(desk: Desk, tmp_path: Path) -> None:
    desk.answers("new", "triage", ["right"] * 60)
    desk.answers("tuned", "triage", ["right"] * 3 + ["wrong"] * 57)
    assert gate(desk) == 2
    assert gate(desk, "--answers", tmp_path / "new.{test_set}.jsonl") == 0


@pytest.mark.heavy
def test_another_arm_of_the_file_may_be_in_question(desk: Desk) -> None:
    desk.study["arms"]["worse"] = {"kind": "lora", "backend": {"recorded": "base.triage.jsonl"}}
    assert gate(desk) == 0
    assert gate(desk, "--candidate", "worse") != 0


@pytest.mark.heavy
def test_a_training_record_is_the_version_s(desk: Desk, tmp_path: Path) -> None:
    record = tmp_path / "out" / "training.yaml"
    record.parent.mkdir()
    record.write_text("learning_rate: 0.0002\ndata: rows.jsonl\n")
    (record.parent / "rows.jsonl").write_text('{"prompt": "unlike", "completion": "any"}\n')
    assert gate(desk, "--training-record", record) == 0
    training = ModelVersion.objects.get(model__slug="tuned").training
    assert training.as_json()["learning_rate"] == 0.0002
    assert training.data == "out/rows.jsonl"


def test_a_trainer_s_folder_is_the_version_s_record_and_what_is_broken_in_it_is_named(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = of_transformers(tmp_path / "out")
    assert gate(desk, "--training-record", out) == 0
    named = ModelVersion.objects.get(model__slug="tuned").training.fields_with_names.fields
    assert (named.adapter.r, named.hyperparameters.learning_rate) == (8, 2e-4)
    state = out / "trainer_state.json"
    state.write_text(state.read_text()[:-20])
    capsys.readouterr()
    assert gate(desk, "--training-record", out) == 65
    assert "trainer_state.json, line " in capsys.readouterr().err
    assert ModelVersion.objects.filter(model__slug="tuned").count() == 1


@pytest.mark.heavy
def test_an_adapter_is_asked_by_the_name_that_its_server_gives_it_and_once(desk: Desk) -> None:
    with OpenAIServer() as server:
        served(desk, server)
        assert gate(desk, "--adapter", "support-v7") == 0
        assert {each["model"] for each in server.requests} == {"support-v7"}
        asked = len(server.requests)
        assert gate(desk, "--adapter", "support-v7") == 0
        assert len(server.requests) == asked
        assert gate(desk, "--adapter", "support-v8") == 0
        assert server.requests[-1]["model"] == "support-v8"
    assert ModelVersion.objects.filter(model__slug="tuned").count() == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--adapter", "./out/checkpoint-50"], "is a file or folder, and the arm"),
        (["--adapter", "org/support@main"], "is a hub's id with a revision"),
        (["--adapter", "support-v7"], "the answers of the arm 'tuned' are recorded"),
        (["--adapter", "v7", "--answers", "new.jsonl"], "give one of the two"),
        (["--candidate", "nobody"], "there is no arm 'nobody'; there are base, tuned"),
        (["--wait", "tomorrow"], "'tomorrow' isn't like 90s, 30m, 2h or 1h30m"),
        (["--wait", ""], "isn't like 90s"),
        (["--github"], "GITHUB_STEP_SUMMARY isn't set"),
    ],
)
def test_what_it_can_not_do_is_64_and_nothing_is_registered(
    desk: Desk, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(desk, *arguments) == 64
    assert says in capsys.readouterr().err
    assert not Run.objects.exists()


def test_a_server_s_variable_that_is_empty_is_no_wish_to_stay_here(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So a CI's variable looks that nobody has made."""
    monkeypatch.setenv("EVALHUB_SERVER", "")
    assert gate(desk) == 64
    assert "EVALHUB_SERVER: is there, and empty" in capsys.readouterr().err
    assert not Run.objects.exists()


def test_a_flaw_in_a_file_is_65_and_the_pipeline_s_files_say_so(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junit, out = tmp_path / "j.xml", tmp_path / "r.json"
    assert gate(desk, "--junit", junit, "--out", out) == 0
    desk.line("new.jsonl", '{"id": "nobody", "output": "x"}')
    assert gate(desk, "--junit", junit, "--out", out, "--answers", tmp_path / "new.jsonl") == 65
    assert "new.jsonl, line 1, field 'id': there is no item 'nobody'" in capsys.readouterr().err
    assert ElementTree.parse(junit).getroot().attrib["errors"] == "1"
    assert not out.exists()


def test_a_file_that_is_read_is_never_written_over(desk: Desk, tmp_path: Path) -> None:
    desk.write()
    assert gate(desk, "--markdown", desk.file) == 64
    assert gate(desk, "--junit", tmp_path / "none" / "j.xml") == 65


@pytest.mark.heavy
def test_a_verdict_that_does_not_come_in_time_is_69(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer(latency_s=0.2) as server:
        served(desk, server)
        desk.study["arms"]["tuned"]["backend"]["openai"]["concurrency"] = 1
        junit = tmp_path / "j.xml"
        assert gate(desk, "--wait", "0s", "--junit", junit) == 69
        assert "the same command goes on with them" in capsys.readouterr().err
        assert ElementTree.parse(junit).getroot().attrib["errors"] == "1"
        server.latency_s = 0.0
        assert gate(desk, "--junit", junit) == 0
        assert len(server.requests) <= 62  # what was under way at the end is asked again
    assert ElementTree.parse(junit).getroot().attrib["errors"] == "0"


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Path]:
    """A step of GitHub Actions: its summary, with what an earlier command wrote, and outputs."""
    files = {name: tmp_path / name for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    files["GITHUB_STEP_SUMMARY"].write_text("before\n")
    for name, path in files.items():
        monkeypatch.setenv(name, str(path))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    return files


def test_a_step_of_github_actions_is_told(
    desk: Desk, step: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(desk, "--github", "--json") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["verdict"] == "ship"
    assert "::notice title=Evalhub,file=study.yaml::Ship: tuned gains 0.50" in printed.err
    assert step["GITHUB_STEP_SUMMARY"].read_text().startswith("before\n## ✅ Ship")
    told = dict(line.split("=", 1) for line in step["GITHUB_OUTPUT"].read_text().splitlines())
    assert (told["verdict"], told["exit-code"]) == ("ship", "0")


@pytest.mark.heavy
def test_a_summary_that_is_nearly_full_is_not_dropped_whole(
    desk: Desk, step: dict[str, Path]
) -> None:
    step["GITHUB_STEP_SUMMARY"].write_text("x" * (1024 * 1024 - 2000))
    desk.answers("tuned", "triage", ["right" + " again" * 300] * 60)
    gate(desk, "--github")
    assert step["GITHUB_STEP_SUMMARY"].stat().st_size <= 1024 * 1024


@pytest.mark.heavy
def test_a_study_of_development_sets_has_no_verdict(desk: Desk, tmp_path: Path) -> None:
    desk.study["test_sets"]["triage"]["role"] = "development"
    junit = tmp_path / "j.xml"
    assert gate(desk, "--junit", junit) == 2
    (error,) = ElementTree.parse(junit).getroot().iter("error")
    assert "for development" in error.attrib["message"]

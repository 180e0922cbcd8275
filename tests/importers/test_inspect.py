"""inspect's logs by its own reader: pairing, epochs, grades, and what is refused.

Its reader takes seconds to import, so that these run with the heavy ones.
"""

import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.extras import how_to_install
from evalhub.importers.kinds import read_arms
from evalhub.io.limits import COMMAND
from tests.importers.logs import FILES, change_json, counts, record, refusal

EVAL = ("inspect/base.eval", "inspect/tuned.eval")
JSON = ("inspect/base.json", "inspect/tuned.json")


@pytest.mark.heavy
def test_an_eval_log_is_compared_with_epochs_as_samples(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = record(capsys, "inspect", *EVAL)
    [criterion] = found["criteria"]
    assert (criterion["test_set"], criterion["metric"]) == ("adding", "match")
    assert counts(criterion) == (1.0, 0.75, 0, 1, 3)
    assert [each["theirs"] for each in found["imported"]["figures"]] == [1.0, 0.75]
    assert found["imported"]["status"] == "pass"
    [arm] = read_arms("inspect", FILES / EVAL[0], COMMAND)
    task = arm.tasks["adding"]
    assert sorted(each.sample for each in task.answers) == [0] * 4 + [1] * 4
    assert task.answers[0].output == "#### 8"
    assert task.items["1"].input == "What is 3 + 5?"
    assert task.items["1"].references == ["8"]


@pytest.mark.heavy
def test_a_json_log_and_a_metric_that_is_named(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = record(capsys, "inspect", *JSON, "--metric", "includes")
    assert (found["criteria"][0]["metric"], found["criteria"][0]["n"]) == ("includes", 2)
    ours = record(capsys, "inspect", *EVAL, "--metric", "numeric_match")
    assert counts(ours["criteria"][0]) == (1.0, 0.75, 0, 1, 3)


@pytest.mark.heavy
def test_other_packages_and_options_of_scorers_are_told(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(document: Any) -> None:
        document["eval"]["packages"]["inspect_ai"] = "0.3.250"
        document["eval"]["scorers"][0]["options"] = {}

    change_json(Path(JSON[1]), change)
    found = record(capsys, "inspect", *JSON)["imported"]
    assert found["status"] == "open"
    assert [each.split(" is ")[0] for each in found["cautions"]] == [
        "inspect_ai",
        "adding's scorer match",
    ]


@pytest.mark.heavy
def test_grades_and_what_could_not_be_scored(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def part(document: Any) -> None:
        document["samples"][0]["scores"]["match"]["value"] = "P"

    change_json(Path(JSON[1]), part)
    found = record(capsys, "inspect", *JSON)
    assert found["criteria"][0]["candidate"] == 0.75
    assert found["imported"]["status"] == "fail"  # its own figure is still 1

    def unscored(document: Any) -> None:
        document["samples"][0]["scores"]["match"]["value"] = float("nan")

    change_json(Path(JSON[1]), unscored)
    assert "NaN" in Path(JSON[1]).read_text()
    found = record(capsys, "inspect", *JSON)
    assert (found["verdict"], found["evidence"][0]["unscored_candidate"]) == ("invalid", 1)

    def failed(document: Any) -> None:
        document["samples"][0]["error"] = {
            "message": "context too long",
            "traceback": "",
            "traceback_ansi": "",
        }

    change_json(Path(JSON[1]), failed)
    found = record(capsys, "inspect", *JSON)
    assert found["verdict"] == "invalid"
    assert "context too long" in found["invalid"][0]


@pytest.mark.heavy
def test_the_parts_of_a_score_are_scores_with_figures_of_their_own(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def in_parts(document: Any) -> None:
        for sample in document["samples"]:
            sample["scores"]["match"]["value"] = {"sum": 1, "style": 0.5}
        [of_match, *rest] = document["results"]["scores"]
        parts = [{**of_match, "name": name} for name in ("sum", "style")]
        parts[1]["metrics"] = {"mean": {"name": "mean", "value": 0.5}}
        document["results"]["scores"] = [*parts, *rest]

    for path in JSON:
        change_json(Path(path), in_parts)
    found = record(capsys, "inspect", *JSON, "--metric", "match.style")
    assert [(each["theirs"], each["ours"]) for each in found["imported"]["figures"]] == [
        (0.5, 0.5)
    ] * 2
    assert found["imported"]["status"] == "pass"


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(status="error"), "is of a run that ended as 'error'"),
        (
            lambda d: d["samples"][1].update(id=d["samples"][0]["id"]),
            "holds sample 1 of epoch 1 twice",
        ),
        (lambda d: d["samples"].pop(), "holds 1 samples, and says that there are 2"),
        (lambda d: d["samples"][0].update(input="Else?"), "item '1' of adding isn't the one that"),
        (
            lambda d: d["samples"][0]["scores"]["match"].update(value="great"),
            "field 'sample 1, epoch 1, score match': 'great' is no number and no grade",
        ),
        (lambda d: d.pop("eval"), "inspect's reader refuses it: "),
        (lambda d: d.update(samples=[7]), "inspect's reader refuses it: "),
        (lambda d: d["eval"].update(task="other"), "has no task adding, which base.json has"),
    ],
)
def test_a_log_that_cannot_be_compared_is_refused(
    logs: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Any], Any], said: str
) -> None:
    change_json(Path(JSON[1]), change)
    assert said in refusal(capsys, "inspect", *JSON)


@pytest.mark.heavy
def test_hostile_files_are_refused_before_the_reader_sees_them(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("twice.json").write_text('{"version": 2,\n"eval": {"task": 1, "task": 2}}')
    assert "twice.json, line 2, field 'task': named twice in one object" in refusal(
        capsys, "inspect", "twice.json", "twice.json"
    )
    Path("cut.eval").write_bytes(Path(EVAL[0]).read_bytes()[:9000])
    assert "cut.eval: isn't an inspect log: " in refusal(capsys, "inspect", "cut.eval", EVAL[1])
    with zipfile.ZipFile("bomb.eval", "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(5):
            packed.writestr(f"samples/{number}.json", b" " * (60 * 1024**2))
    assert "bomb.eval: unpacks to 314,572,800 bytes, and at most 268,435,456 are read" in refusal(
        capsys, "inspect", "bomb.eval", EVAL[1]
    )
    Path("log.txt").touch()
    assert "log.txt: isn't an inspect log: .eval or .json" in refusal(
        capsys, "inspect", "log.txt", EVAL[1]
    )
    assert "openai-evals: holds no .eval and no .json" in refusal(
        capsys, "inspect", "openai-evals", EVAL[1]
    )


def test_without_the_extra_it_says_what_to_install(
    logs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    said = refusal(capsys, "inspect", *EVAL)
    reader = "base.eval: is read by inspect's own reader"
    assert f"{reader}: {how_to_install('inspect')}" in said
    assert json.loads(Path(JSON[0]).read_text())["status"] == "success"

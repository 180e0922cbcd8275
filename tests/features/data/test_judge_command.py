"""`evalhub data judge` asks a version of the project, and `data check` takes its verdicts."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from evalhub.cli.app import run
from tests.cast import Team, a_version
from tests.fakes.openai_server import OpenAIServer, http_error, saying
from tests.features.data.training_files import chat, write_jsonl

pytestmark = pytest.mark.django_db

Capture = pytest.CaptureFixture[str]
WRONG = 30
"""Of 300 sums the first ones are one too large."""


def a_file_of_sums(folder: Path) -> Path:
    rows = [chat(f"What is {i} plus {2 * i}?", str(3 * i + (i < WRONG))) for i in range(300)]
    return write_jsonl(folder / "sums.jsonl", rows)


def truth(prompt: str, attempt: int) -> web.Response | None:
    """What a judge says that can count."""
    if "Is this answer right?" not in prompt:
        return None
    material = json.loads(prompt[prompt.index("{") : prompt.index("\n}\n") + 2])
    first, second = (int(word.strip("?")) for word in material["question"].split()[2::2])
    verdict = "right" if int(material["answer"]) == first + second else "wrong"
    return saying(json.dumps({"reason": "counted again", "verdict": verdict}))


def judge(server: OpenAIServer, team: Team, folder: Path, *words: str) -> int:
    a_version(team, "judge", backend=server.backend(retries=0))
    path, out = a_file_of_sums(folder), folder / "verdicts.jsonl"
    of = ("--project", "support-desk", "--by", "judge", "--rows", "120")
    return run(["data", "judge", str(path), "--out", str(out), *of, *words])


def people(folder: Path, n: int) -> Path:
    """Labels of the first `n` rows of the judge's order, by who knows which sums are wrong."""
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in (folder / "verdicts.jsonl").read_text().splitlines()
    ]
    labels = [
        {"line": row["line"], "verdict": "wrong" if row["line"] <= WRONG else "right"}
        for row in rows
        if row["order"] < n
    ]
    return write_jsonl(folder / "labels.jsonl", labels)


def test_what_a_calibrated_judge_calls_wrong_is_in_the_report(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    with OpenAIServer() as server:
        server.misbehave = truth
        assert judge(server, team, tmp_path) == 0
        assert server.asked.total() == 120
    assert "120 verdicts of 120 rows at random" in capsys.readouterr().out
    labels = people(tmp_path, 100)

    verdicts = ("--judged", str(tmp_path / "verdicts.jsonl"), "--labelled", str(labels))
    run(["data", "check", str(tmp_path / "sums.jsonl"), "--json", *verdicts])
    report = json.loads(capsys.readouterr().out)

    [finding] = [each for each in report["findings"] if each["check"] == "judged-answers"]
    judged = {json.loads(line)["line"] for line in (tmp_path / "verdicts.jsonl").open()}
    assert set(finding["lines"]) == judged & set(range(1, WRONG + 1))
    assert finding["to_people"]
    [share] = [each for each in report["measures"] if each["name"] == "wrong-answers"]
    assert share["lower"] <= 100 * len(finding["lines"]) / 120 <= share["upper"]


def test_without_labels_the_judge_is_not_relied_on(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    with OpenAIServer() as server:
        server.misbehave = truth
        judge(server, team, tmp_path)
    capsys.readouterr()

    run(
        [
            "data",
            "check",
            str(tmp_path / "sums.jsonl"),
            "--judged",
            str(tmp_path / "verdicts.jsonl"),
        ]
    )

    assert "judged-answers: the judge isn't calibrated" in capsys.readouterr().out


def test_rows_without_an_answer_end_with_69_and_are_asked_again(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    with OpenAIServer() as server:
        server.misbehave = lambda prompt, attempt: (
            http_error(400, "no")
            if "What is 7 " in prompt and not attempt
            else truth(prompt, attempt)
        )
        assert judge(server, team, tmp_path, "--rows", "300") == 69
        assert "1 row got no answer" in capsys.readouterr().out
        asked = server.asked.total()
        assert judge(server, team, tmp_path, "--rows", "300") == 0
        assert server.asked.total() == asked + 1


def test_a_model_that_is_not_there_is_named(team: Team, tmp_path: Path, capsys: Capture) -> None:
    path, out = a_file_of_sums(tmp_path), tmp_path / "verdicts.jsonl"
    words = ["--project", "support-desk", "--by", "nobody", "--out", str(out)]

    assert run(["data", "judge", str(path), *words]) == 64

    assert "has no model 'nobody'" in capsys.readouterr().err
    assert not out.exists()

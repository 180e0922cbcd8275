"""promptfoo's results: providers are arms, and tests pair by what they ask."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.importers.kinds import read_arms
from evalhub.io.limits import COMMAND
from tests.importers.logs import (
    FOO,
    change_json,
    record,
    refusal,
)


def test_promptfoos_providers_are_arms_by_their_labels(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert {each.name for each in read_arms("promptfoo", Path(FOO[0]), COMMAND)} == {
        "base",
        "tuned",
    }
    said = refusal(capsys, "promptfoo", FOO[0])
    assert "which of its arms is meant isn't said (--base-arm NAME): there are" in said
    said = refusal(capsys, "promptfoo", *FOO[:4], "gpt")
    assert "has no arm 'gpt' (--candidate-arm NAME): there are" in said
    again = ("promptfoo/results.json", "promptfoo/results.json", *FOO[1:], "--metric", "score")
    assert record(capsys, "promptfoo", *again)["criteria"][0]["baseline"] == pytest.approx(
        0.7917, abs=1e-4
    )


def test_promptfoo_pairs_tests_of_two_files_by_what_they_ask(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def only_arm(name: str, renumber: Callable[[int], int]) -> Callable[[Any], None]:
        def change(document: Any) -> None:
            rows = document["results"]["results"]
            kept = [row for row in rows if row["provider"]["label"] == name]
            del document["results"]["stats"]
            document["results"]["results"] = [
                row | {"testIdx": renumber(row["testIdx"])} for row in kept
            ]

        return change

    before = record(capsys, "promptfoo", *FOO)["criteria"]
    for name, renumber in (("base", lambda at: at), ("tuned", lambda at: 11 - at)):
        Path(f"{name}.json").write_text(Path(FOO[0]).read_text())
        change_json(Path(f"{name}.json"), only_arm(name, renumber))
    assert record(capsys, "promptfoo", "base.json", "tuned.json")["criteria"] == before


def test_a_failed_assertion_is_a_score_and_an_error_is_none(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_answer(document: Any) -> None:
        row = next(r for r in document["results"]["results"] if r["provider"]["label"] == "base")
        row |= {"failureReason": 2, "error": "API error: 500", "success": False, "score": 0}
        del row["response"]["output"]

    change_json(Path(FOO[0]), no_answer)
    found = record(capsys, "promptfoo", *FOO)
    assert found["verdict"] == "invalid"
    assert "API error: 500" in found["invalid"][0]
    worst = record(capsys, "promptfoo", *FOO, "--failures", "worst")
    assert worst["failures"]["test_sets"][0]["baseline"] == 1
    score = ("--metric", "score", "--failures", "worst")
    assert "the log doesn't say the least and the most that score can be" in refusal(
        capsys, "promptfoo", *FOO, *score, code=64
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda rows: rows[0].update(success="yes"),
            "field 'success': a score is a number, true",
        ),
        (lambda rows: rows[0].pop("vars"), "field 'vars': missing"),
        (lambda rows: rows[0].update(score=1e400), "is not a number that JSON has"),
        (lambda rows: rows[0]["response"].pop("output"), "field 'response.output': missing"),
        (lambda rows: rows.pop(), "field 'results.results': holds 23 results of 24: is it cut"),
        (lambda rows: rows.clear(), "field 'results.results': holds no results"),
        (lambda rows: rows.insert(0, 7), "an object with fields was expected"),
    ],
)
def test_promptfoo_results_that_are_wrong_are_refused(
    logs: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Any], None], said: str
) -> None:
    change_json(Path(FOO[0]), lambda document: change(document["results"]["results"]))
    assert said in refusal(capsys, "promptfoo", *FOO)

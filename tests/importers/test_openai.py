"""OpenAI's output items and chats: what pairs, what is refused, and with which reason."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.importers.logs import (
    OPENAI,
    Values,
    arm,
    change_rows,
    record,
    refusal,
)


def test_openai_output_items_come_as_lines_as_an_array_and_as_a_page(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = record(capsys, "openai-evals", *OPENAI)["criteria"]
    rows = [json.loads(line) for line in Path(OPENAI[1]).read_text().splitlines()]
    Path("array.json").write_text(json.dumps(rows))
    page = {"object": "list", "data": rows, "has_more": False}
    Path("page.json").write_text(json.dumps(page))
    for other in ("array.json", "page.json"):
        assert record(capsys, "openai-evals", OPENAI[0], other)["criteria"] == before
    Path("page.json").write_text(json.dumps(page | {"has_more": True}))
    assert "field 'has_more': is true: this is one page of several" in refusal(
        capsys, "openai-evals", OPENAI[0], "page.json"
    )


def test_openai_output_items_pair_on_the_item_though_ids_and_order_are_a_runs_own(
    logs: Path,
) -> None:
    base, tuned = (arm("openai-evals", path).tasks["items"] for path in OPENAI)
    assert base.items.keys() == tuned.items.keys()
    assert [each.key for each in base.answers] != [each.key for each in tuned.answers]
    assert list(base.metrics) == ["right-sum", "brief", "passed"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda rows: [*rows, rows[0]],
            "line 13, field 'datasource_item_id': stands on line 1 already, in the same run",
        ),
        (
            lambda rows: [rows[0] | {"results": rows[0]["results"][:1]}, *rows[1:]],
            "line 1, field 'results': has no result of the grader 'brief', which other items have",
        ),
        (
            lambda rows: [rows[0] | {"results": 2 * rows[0]["results"]}, *rows[1:]],
            "line 1, field 'results[2].name': 'right-sum' has graded it already",
        ),
        (
            lambda rows: [row | {"run_id": f"run-{i % 2}"} for i, row in enumerate(rows)],
            "which of its arms is meant isn't said (--candidate-arm NAME): there are "
            "acme/tuned (run-0), acme/tuned (run-1)",
        ),
        (
            lambda rows: [rows[0] | {"object": "eval.run"}, *rows[1:]],
            "line 1, field 'object': isn't 'eval.run.output_item'",
        ),
        (
            lambda rows: [rows[0] | {"sample": None}, *rows[1:]],
            "line 1, field 'sample': an object with fields was expected, not None",
        ),
    ],
)
def test_openai_output_items_that_are_wrong_are_refused(
    logs: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[list[Values]], list[Values]],
    said: str,
) -> None:
    change_rows(Path(OPENAI[1]), change)
    assert said in refusal(capsys, "openai-evals", *OPENAI)


def test_an_openai_item_that_failed_has_no_score(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def failed(rows: list[Values]) -> list[Values]:
        error = {"code": "rate_limit", "message": "too many requests"}
        sample = rows[0]["sample"] | {"error": error}
        return [rows[0] | {"status": "error", "sample": sample}, *rows[1:]]

    change_rows(Path(OPENAI[1]), failed)
    found = record(capsys, "openai-evals", *OPENAI)
    assert found["verdict"] == "invalid"
    assert "too many requests" in found["invalid"][0]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (
            [{"role": "user", "content": "2+2"}],
            "field 'messages': ends with the assistant's",
        ),
        (
            [{"role": "tool", "content": ""}, {"role": "assistant", "content": "4"}],
            "field 'messages[0].role': is one of system, developer, user and assistant",
        ),
        (
            [{"role": "user", "content": [{"type": "image_url"}]}, {"role": "assistant"}],
            "field 'messages[0].content': a text was expected: calls and images aren't read",
        ),
        ("2+2", "field 'messages': a list was expected"),
    ],
)
def test_chats_that_do_not_end_in_an_answer_are_refused(
    logs: Path, capsys: pytest.CaptureFixture[str], messages: Any, said: str
) -> None:
    Path("chat.jsonl").write_text(json.dumps({"messages": messages}) + "\n")
    assert f"chat.jsonl, line 1, {said}" in refusal(
        capsys, "openai-chat", "chat.jsonl", "chat.jsonl", "--metric", "exact_match"
    )


def dashboard(arm_name: str) -> list[Values]:
    """The output items as the dashboard exports them."""
    rows = [json.loads(line) for line in Path(OPENAI[arm_name == "tuned"]).read_text().splitlines()]
    return [
        {
            "run_id": row["run_id"],
            "data_source_idx": row["datasource_item_id"],
            "item": row["datasource_item"],
            "grades": {each["name"]: each["score"] for each in row["results"]},
            "passes": {each["name"]: each["passed"] for each in row["results"]},
            "sample": {
                "input": row["sample"]["input"],
                "outputs": row["sample"]["output"],
                "model": row["sample"]["model"],
                "token_usage": row["sample"]["usage"],
            },
        }
        for row in rows
    ]


def test_the_dashboards_export_is_read_as_the_api_has_it(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = record(capsys, "openai-evals", *OPENAI, "--metric", "right-sum")
    files = []
    for name in ("base", "tuned"):
        files.append(f"eval_items_{name}.jsonl")
        Path(files[-1]).write_text("".join(f"{json.dumps(each)}\n" for each in dashboard(name)))
    after = record(capsys, "openai-evals", *files, "--metric", "right-sum")
    assert after["criteria"] == before["criteria"]
    for arm_name in ("baseline", "candidate"):
        assert after["arms"][arm_name]["digest"] == before["arms"][arm_name]["digest"]
    all_passed = record(capsys, "openai-evals", *files)["criteria"][0]
    assert (all_passed["metric"], all_passed["candidate"]) == ("passed", 0.0)  # none is brief

    def ungraded(rows: list[Values]) -> list[Values]:
        return [{name: each for name, each in row.items() if name != "passes"} for row in rows]

    for file in files:
        change_rows(Path(file), ungraded)
    assert "items has several metrics: say --metric 'right-sum'" in refusal(
        capsys, "openai-evals", *files
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"grades": [1]}, "field 'grades': an object with fields was expected"),
        ({"grades": {"right-sum": "1", "brief": 0}}, "field 'results[0].score': a score is a"),
        ({"passes": {"right-sum": 1}}, "field 'passes.right-sum': true or false was expected"),
        ({"item": None}, "field 'item': an object with fields was expected"),
        ({"data_source_idx": "0"}, "field 'data_source_idx': a whole number of 0 or more"),
        ({"run_id": None}, "field 'run_id': a text was expected"),
    ],
)
def test_a_dashboards_export_that_is_wrong_is_refused(
    logs: Path, capsys: pytest.CaptureFixture[str], change: Values, said: str
) -> None:
    first, *rest = dashboard("base")
    rows = [first | change, *rest]
    Path("items.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    found = refusal(capsys, "openai-evals", "items.jsonl", "items.jsonl")
    assert found.startswith(f"evalhub: items.jsonl, line 1, {said}")

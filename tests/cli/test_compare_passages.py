"""`evalhub compare` of two retrievers by the passages that their files of answers hold."""

import json
from pathlib import Path

import pytest

from evalhub.cli.app import run
from tests.cli.scorefiles import write

ITEMS = 300


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Items of which each names one passage; the new arm finds it first 60 times more often."""
    monkeypatch.chdir(tmp_path)
    write("items.jsonl", [{"id": i, "input": f"Q{i}", "relevant": [f"p{i}"]} for i in range(ITEMS)])
    for name, found in (("base", 100), ("tuned", 160)):
        write(name + ".jsonl", [answer(i, found=i < found) for i in range(ITEMS)])


def answer(i: int, *, found: bool) -> dict[str, object]:
    others = [{"id": f"x{i}", "text": "x"}]
    relevant = [{"id": f"p{i}", "text": "p"}]
    passages = relevant + others if found else others
    return {"id": i, "output": f"By {found}", "passages": passages}


@pytest.mark.parametrize("metric", ["context_recall", "context_precision"])
def test_the_better_retriever_ships(metric: str, capsys: pytest.CaptureFixture[str]) -> None:
    compare = ["compare", "base.jsonl", "tuned.jsonl", "--test-set", "items.jsonl", "--json"]
    assert run([*compare, "--metric", metric]) == 0
    (criterion,) = json.loads(capsys.readouterr().out)["criteria"]
    assert criterion["difference"] == pytest.approx(60 / ITEMS)


def test_a_passage_of_another_shape_is_named_with_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("tuned.jsonl", [{"id": 0, "output": "x", "passages": ["p0"]}])
    compare = ["compare", "base.jsonl", "tuned.jsonl", "--test-set", "items.jsonl"]
    assert run([*compare, "--metric", "context_recall"]) == 65
    message = capsys.readouterr().err
    assert "tuned.jsonl, line 1, field 'passages': passage 1 is no object {id, text" in message

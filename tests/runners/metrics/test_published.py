"""Published figures, from the real outputs beside the project."""

import json
from pathlib import Path

import pytest

from evalhub.io.answers import read_answers
from evalhub.io.rows import read_rows
from runners.metrics import Answer, MetricScore, scorer

CHAIN_OF_THOUGHT = r"(?s).*the answer is (.*?)\.?\s*$"


def scores(
    folder: Path, arm: str, metric: str, reference: str, extract: str | None = None
) -> dict[str, MetricScore]:
    references = {
        row.values["id"]: row.values[reference] for row in read_rows(folder / "testset.jsonl")
    }
    score = scorer(metric, extract=extract)
    return {
        answer.item_id: score(Answer(answer.text or ""), [references[answer.item_id]])
        for answer in read_answers(folder / f"outputs_{arm}.jsonl")
    }


def gsm8k(shared_data: Path, size: str) -> dict[str, bool]:
    found = scores(shared_data / "gsm8k", f"{size}_finetuning", "numeric_match", "answer")
    return {identity: score.value == 1 for identity, score in found.items()}


@pytest.mark.parametrize(("size", "accuracy"), [("6b", 0.21683), ("175b", 0.34723)])
def test_gsm8k_is_scored_as_its_authors_scored_it(
    shared_data: Path, size: str, accuracy: float
) -> None:
    path = shared_data / "gsm8k" / f"outputs_{size}_finetuning.jsonl"
    theirs = {row.values["id"]: row.values["is_correct"] for row in read_rows(path)}
    ours = gsm8k(shared_data, size)
    assert len(ours) == 1319
    assert ours == theirs
    assert round(sum(ours.values()) / len(ours), 5) == accuracy


def test_the_two_arms_of_gsm8k_disagree_as_published(shared_data: Path) -> None:
    small, large = (gsm8k(shared_data, size) for size in ("6b", "175b"))
    assert sum(small[identity] and not large[identity] for identity in small) == 88
    assert sum(large[identity] and not small[identity] for identity in small) == 260


@pytest.mark.parametrize(("arm", "extract"), [("direct", None), ("cot", CHAIN_OF_THOUGHT)])
def test_big_bench_hard_reaches_its_published_accuracies(
    shared_data: Path, arm: str, extract: str | None
) -> None:
    published = json.loads((shared_data / "bbh" / "published_accuracy.json").read_text())
    measured = {}
    for task in published:
        found = scores(shared_data / "bbh" / task, arm, "exact_match", "target", extract)
        assert len(found) == 250
        measured[task] = round(100 * sum(score.value or 0 for score in found.values()) / 250, 2)
    assert measured == {task: accuracies[arm] for task, accuracies in published.items()}


def test_outputs_without_the_pattern_are_counted_and_stand_whole(shared_data: Path) -> None:
    folder = shared_data / "bbh" / "word_sorting"
    found = scores(folder, "cot", "exact_match", "target", CHAIN_OF_THOUGHT)
    missed = [
        row.values["id"]
        for row in read_rows(folder / "outputs_cot.jsonl")
        if "the answer is " not in row.values["output"]
    ]
    assert sorted(missed) == sorted(i for i, score in found.items() if not score.extracted)
    assert missed

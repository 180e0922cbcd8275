"""lm-eval's results and samples: what pairs, what is refused, and with which reason."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.importers.logs import (
    LM,
    Values,
    arm,
    change_each,
    change_json,
    change_rows,
    counts,
    only,
    record,
    refusal,
    results,
    samples,
)


def test_lm_eval_has_a_metric_for_each_filter_and_an_answer_for_each_document() -> None:
    found = arm("lm-eval", "lm-eval/base")
    assert found.name == "acme/base"
    sums = found.tasks["sums"]
    assert list(sums.metrics) == ["exact_match,strict-match", "exact_match,flexible-extract"]
    first = sums.answers[0]
    assert (first.output, first.scores) == (
        "#### 8",
        {"exact_match,strict-match": 1.0, "exact_match,flexible-extract": 1.0},
    )
    item = sums.items[first.key]
    assert item.input == [{"role": "user", "content": "What is 3 + 5?"}]
    assert (item.references, item.fields["question"]) == (["8"], "What is 3 + 5?")


def test_lm_eval_takes_lists_of_responses_whatever_a_filter_keeps_of_them() -> None:
    votes = arm("lm-eval", "lm-eval/base").tasks["votes"]
    assert votes.answers[0].output == '["#### 8","#### 8","#### 8"]'
    guesses = only("lm-eval", "lm-eval/base-guesses")
    assert str(guesses.answers[0].output).startswith('[[["-0.')
    assert guesses.items[guesses.answers[0].key].input == "Is 2 odd or even?"


def test_lm_eval_pairs_on_the_document_and_not_on_its_number(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = record(capsys, "lm-eval", *LM)["criteria"]
    change_each(samples("tuned", "sums"), lambda row: row | {"doc_id": 11 - row["doc_id"]})
    change_rows(samples("tuned", "votes"), lambda rows: rows[::-1])
    assert record(capsys, "lm-eval", *LM)["criteria"] == before


def test_lm_eval_pairs_a_document_that_comes_twice_in_order_and_as_one_cluster(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def twice(rows: list[Values]) -> list[Values]:
        first = rows[0]["doc_hash"]
        return [row | ({"doc_hash": first} if row["doc_id"] == 3 else {}) for row in rows]

    for name in ("base", "tuned"):
        change_rows(samples(name, "sums"), twice)
    found = record(capsys, "lm-eval", *LM)["criteria"][0]
    assert (found["n"], found["clusters"]) == (12, 11)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[:-1], "holds 23 rows of 12 documents by 2 filters: is it cut off?"),
        (
            lambda rows: [row for row in rows if row["doc_id"] < 5],
            ".json says 12: is it cut off?",
        ),
        (lambda rows: [*rows, rows[0]], "line 25, field 'doc_id': 0 with the filter strict-match"),
        (
            lambda rows: [*rows[:3], rows[3] | {"doc_hash": "another"}, *rows[4:]],
            "field 'doc_hash': doc_id 3 is another document on another line",
        ),
        (
            lambda rows: [rows[0] | {"exact_match": "yes"}, *rows[1:]],
            "exact_match,strict-match: what it says of one document isn't a number",
        ),
        (
            lambda rows: [rows[0] | {"doc_id": "0"}, *rows[1:]],
            "line 1, field 'doc_id': a whole number of 0 or more was expected, not '0'",
        ),
        (
            lambda rows: [{k: v for k, v in rows[0].items() if k != "doc_hash"}, *rows[1:]],
            "line 1, field 'doc_hash': missing",
        ),
        (
            lambda rows: [rows[0] | {"filtered_resps": "8"}, *rows[1:]],
            "line 1, field 'filtered_resps': a list was expected, not '8'",
        ),
        (
            lambda rows: [rows[0] | {"resps": [["other"]]}, *rows[1:]],
            "field 'resps': aren't those of the same document on line 1",
        ),
        (
            lambda rows: [row | {"doc_hash": f"x{row['doc_id']}"} for row in rows],
            "has no item in common with",
        ),
        (
            lambda rows: [row | {"target": "9"} for row in rows],
            "what is asked, or what is right, differs",
        ),
    ],
)
def test_lm_eval_samples_that_cannot_be_paired_are_refused(
    logs: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[list[Values]], list[Values]],
    said: str,
) -> None:
    change_rows(samples("tuned", "sums"), change)
    found = refusal(capsys, "lm-eval", *LM)
    assert found.startswith("evalhub: lm-eval/tuned/acme__tuned/samples_sums_")
    assert said in found


def test_lm_eval_needs_the_one_results_file_of_a_run(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = str(results("tuned"))
    assert record(capsys, "lm-eval", LM[0], alone, *LM[2:])["verdict"] == "need-more-data"
    assert "isn't a run's results_" in refusal(
        capsys, "lm-eval", LM[0], str(samples("tuned", "sums"))
    )
    assert "lm-eval: holds 4 runs: name one of them" in refusal(capsys, "lm-eval", LM[0], "lm-eval")
    assert "json: holds no run (results_" in refusal(capsys, "lm-eval", LM[0], "json")
    samples("tuned", "votes").unlink()
    assert "tuned: has no task votes, which base has; it has sums" in refusal(
        capsys, "lm-eval", *LM
    )
    samples("tuned", "sums").unlink()
    assert "run lm_eval with --log_samples" in refusal(capsys, "lm-eval", *LM)


def test_lm_eval_does_not_guess_whether_more_is_better(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    better = {"exact_match": None}
    change_json(results("tuned"), lambda d: d["higher_is_better"].update({"sums": better}))
    assert "don't say alike whether more exact_match,strict-match is better" in refusal(
        capsys, "lm-eval", *LM
    )
    for name in ("base", "tuned"):
        change_json(
            results(name), lambda d: d["higher_is_better"].update({"sums": {"exact_match": False}})
        )
    found = record(capsys, "lm-eval", *LM)["criteria"][0]
    assert not found["higher_is_better"]
    assert counts(found) == (0.583, 0.667, 2, 3, 7)

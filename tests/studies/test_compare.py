"""Two files of answers: real ones, and every way in which they can't be compared."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalhub.io.rows import DataError
from evalhub.studies.files.compare import CompareRequest, FileComparison, compare_files
from evalhub.studies.files.terms import Terms
from runners.metrics import MetricError


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


class Desk:
    """A folder with a test set and two arms' answers, each written as a test likes."""

    def __init__(self, folder: Path, items: int = 300) -> None:
        self.folder = folder
        self.base, self.tuned = folder / "base.jsonl", folder / "tuned.jsonl"
        self.test_set = folder / "triage.jsonl"
        self.questions = [
            {"id": f"q{i:03}", "reference": "right", "tags": [f"t{i % 2}"], "case": f"c{i // 3}"}
            for i in range(items)
        ]
        write(self.test_set, self.questions)
        self.answer(self.base, ["wrong"] * items)
        self.answer(self.tuned, ["right"] * 30 + ["wrong"] * (items - 30))

    def answer(self, path: Path, texts: Iterable[str]) -> None:
        write(path, ({"id": f"q{i:03}", "output": text} for i, text in enumerate(texts)))

    def compared(self, **question: Any) -> FileComparison:
        terms = {name: question.pop(name) for name in Terms.__slots__ if name in question}
        asked = CompareRequest(**{"metric": "exact_match"} | question, terms=Terms(**terms))
        return compare_files(self.base, self.tuned, self.test_set, asked)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_gsm8k_is_what_its_authors_found(shared_data: Path) -> None:
    folder = shared_data / "gsm8k"
    record = compare_files(
        folder / "outputs_6b_finetuning.jsonl",
        folder / "outputs_175b_finetuning.jsonl",
        folder / "testset.jsonl",
        CompareRequest(metric="numeric_match", reference="answer"),
    ).record.as_json()
    assert record["verdict"] == "ship"
    (criterion,) = record["criteria"]
    assert criterion["n"] == 1319
    assert round(criterion["baseline"], 5) == 0.21683
    assert round(criterion["candidate"], 5) == 0.34723
    assert (criterion["wins"], criterion["losses"], criterion["ties"]) == (260, 88, 971)
    assert criterion["p_value"] < 1e-15
    assert criterion["method"] == "Tango score interval"
    assert criterion["test"] == "mid-p McNemar"


def test_scores_made_elsewhere_are_compared_and_less_may_be_better(desk: Desk) -> None:
    for path, rate in ((desk.base, 0.4), (desk.tuned, 0.1)):
        rows = enumerate(desk.questions)
        said = f"said by {path.stem}"
        write(
            path,
            (
                {"id": each["id"], "output": said, "scores": {"wer": rate + i % 3 / 10}}
                for i, each in rows
            ),
        )
    options = (("score", "wer"), ("higher_is_better", False), ("bounds", [0, 1]))
    record = desk.compared(metric="recorded", options=options).record
    (criterion,) = record.criteria
    assert record.verdict == "ship"
    assert round(criterion.difference, 6) == 0.3
    assert "fewer points of wer" in record.headline
    with pytest.raises(MetricError, match="a difference of 2 is none to look for"):
        desk.compared(metric="recorded", options=options, min_gain=2.0)


def test_a_score_of_all_answers_together_is_compared_too(desk: Desk) -> None:
    """300 items, of which every third is the right "yes" and the rest "no": the base says "no" to
    all, the tuned arm is wrong on each tenth."""
    golds = ["yes" if i % 3 == 0 else "no" for i in range(300)]
    write(
        desk.test_set,
        ({"id": f"q{i:03}", "reference": gold} for i, gold in enumerate(golds)),
    )
    desk.answer(desk.base, ["no"] * 300)
    desk.answer(desk.tuned, ["maybe" if i % 10 == 0 else gold for i, gold in enumerate(golds)])
    options = (("score", "balanced_accuracy"), ("labels", ["yes", "no"]))
    compared = desk.compared(metric="classification", options=options)
    (criterion,) = compared.record.criteria
    assert compared.record.verdict == "ship"
    assert (criterion.baseline, criterion.candidate) == pytest.approx((0.5, 0.9))
    assert criterion.unit == "linearised balanced_accuracy"
    assert criterion.n == 300
    f1 = desk.compared(metric="classification", options=(("score", "macro_f1"), options[1]))
    alike = sum(gold == "no" and i % 10 != 0 for i, gold in enumerate(golds))
    assert f1.record.criteria[0].ties == alike == 180
    assert [each["outcome"] for each in f1.items].count("same") == alike
    one_label = (*options[1:], ("score", "recall"), ("label", "yes"))
    (of_label,) = desk.compared(metric="classification", options=one_label).record.criteria
    assert (of_label.baseline, of_label.candidate) == pytest.approx((0, 0.9))


def test_too_few_items_for_a_score_of_all_answers_are_no_evidence(tmp_path: Path) -> None:
    desk = Desk(tmp_path, items=100)
    options = (("score", "macro_f1"), ("labels", ["right", "wrong"]))
    record = desk.compared(metric="classification", options=options).record
    assert record.verdict == "invalid"
    assert "macro_f1 needs 200 items for an interval that holds, and has 100" in str(
        record.as_json()
    )


def test_one_tuned_arm_of_word_sorting_is_harmed_as_a_guard(shared_data: Path) -> None:
    folder = shared_data / "bbh" / "word_sorting"
    record = compare_files(
        folder / "outputs_direct.jsonl",
        folder / "outputs_cot.jsonl",
        folder / "testset.jsonl",
        CompareRequest(
            metric="exact_match",
            reference="target",
            extract=r"(?s).*the answer is (.*?)\.?\s*$",
            terms=Terms(role="guard"),
        ),
    ).record.as_json()
    assert record["verdict"] == "hold"
    assert record["criteria"][0]["baseline"] == 0.504
    assert record["criteria"][0]["candidate"] == 0.404
    assert record["evidence"][0]["extraction_misses_baseline"] == 250
    assert record["evidence"][0]["extraction_misses_candidate"] == 146


def test_a_gain_ships_and_the_record_says_what_it_rests_on(desk: Desk) -> None:
    record = desk.compared().record.as_json()
    assert (record["schema"], record["verdict"]) == ("evalhub.decision/2", "ship")
    assert record["arms"]["candidate"]["name"] == "tuned"
    assert len(record["arms"]["candidate"]["digest"]) == 64
    assert record["evidence"][0]["items"] == 300
    assert record["policy"]["criteria"]["triage"]["metric"] == "exact_match"
    assert record["study"] is None
    json.dumps(record, allow_nan=False)


def test_a_guard_that_gains_nothing_needs_more_data_or_passes(desk: Desk) -> None:
    desk.answer(desk.base, ["right"] * 300)
    desk.answer(desk.tuned, ["right "] * 300)
    record = desk.compared(role="guard", margin=0.02).record.as_json()
    assert (record["verdict"], record["criteria"][0]["status"]) == ("ship", "pass")
    record = desk.compared(role="guard", margin=0.01).record.as_json()
    assert record["verdict"] == "need-more-data"
    assert record["needed_n"] == 679
    assert record["criteria"][0]["margin"] == 0.01
    assert record["criteria"][0]["min_gain"] is None


def test_items_are_listed_worst_loss_first(desk: Desk) -> None:
    desk.answer(desk.base, ["right"] + ["wrong"] * 299)
    desk.answer(desk.tuned, ["wrong"] + ["right"] * 20 + ["wrong too"] * 279)
    items = desk.compared().items
    assert [item["outcome"] for item in items].count("won") == 20
    assert (items[0]["key"], items[0]["outcome"]) == ("q000", "lost")
    assert items[0]["baseline_text"] == "right"
    assert items[0]["reference"] == ["right"]


def test_the_result_is_broken_down_by_tag(desk: Desk) -> None:
    record = desk.compared(tag="tags").record.as_json()
    assert [(row["tag"], row["n"], row["wins"]) for row in record["breakdown"]] == [
        ("t0", 150, 15),
        ("t1", 150, 15),
    ]


def test_items_of_one_cluster_belong_together(desk: Desk) -> None:
    alone, together = (
        desk.compared().record.as_json(),
        desk.compared(cluster="case").record.as_json(),
    )
    assert alone["criteria"][0]["clusters"] is None
    assert together["criteria"][0]["clusters"] == 100
    assert together["criteria"][0]["lower"] < alone["criteria"][0]["lower"]


def test_several_samples_an_item_are_averaged_within_it(desk: Desk) -> None:
    for path, texts in ((desk.base, ("wrong", "wrong")), (desk.tuned, ("right", "wrong"))):
        write(
            path,
            (
                {"id": f"q{i:03}", "sample": k, "output": text}
                for i in range(300)
                for k, text in enumerate(texts)
            ),
        )
    (criterion,) = desk.compared().record.as_json()["criteria"]
    assert (criterion["n"], criterion["wins"], criterion["candidate"]) == (300, 300, 0.5)


def test_several_samples_say_how_surely_right_answers_come_again(desk: Desk) -> None:
    for path, right in ((desk.base, 1), (desk.tuned, 3)):
        write(
            path,
            (
                {"id": f"q{i:03}", "sample": k, "output": "right" if k < right else f"wrong {k}"}
                for i in range(300)
                for k in range(4)
            ),
        )
    section = desk.compared().record.consistency
    assert section is not None
    two, four = section.test_sets[0].passes
    assert (two.all_baseline.value, two.all_candidate.value) == (0, 0.5)
    assert (four.any_baseline.value, four.all_candidate.value) == (1, 0)
    assert section.sentences[0].startswith("triage: all of 4 answers to an item are right on 0.00")


def test_unequal_samples_are_invalid(desk: Desk) -> None:
    with desk.tuned.open("a") as file:
        file.write('{"id": "q000", "sample": 1, "output": "right"}\n')
    record = desk.compared().record.as_json()
    assert record["verdict"] == "invalid"
    assert record["reasons"] == [
        "tuned.jsonl has fewer than 2 answers to 299 of 300 items of triage, first 'q001': "
        "sample every item equally often"
    ]


def test_identical_answers_are_invalid_and_not_a_pass(desk: Desk) -> None:
    desk.answer(desk.tuned, ["wrong"] * 300)
    for role in ("primary", "guard"):
        record = desk.compared(role=role).record.as_json()
        assert record["verdict"] == "invalid"
        assert "hold the same answers to every item" in record["reasons"][0]


def test_the_same_file_twice_is_invalid(desk: Desk) -> None:
    same = compare_files(desk.base, desk.base, desk.test_set, CompareRequest(metric="exact_match"))
    assert same.record.as_json()["verdict"] == "invalid"


def test_missing_answers_are_invalid(desk: Desk) -> None:
    desk.answer(desk.tuned, ["right"] * 290)
    record = desk.compared().record.as_json()
    assert record["verdict"] == "invalid"
    assert record["reasons"] == [
        "tuned.jsonl has no answer to 10 of 300 items of triage, first 'q290': "
        "both arms must answer the same items"
    ]
    assert record["criteria"] == []


def test_arms_on_different_items_are_invalid(desk: Desk) -> None:
    write(desk.base, ({"id": f"q{i:03}", "output": "x"} for i in range(150)))
    write(desk.tuned, ({"id": f"q{i:03}", "output": "y"} for i in range(150, 300)))
    record = desk.compared().record.as_json()
    assert (record["verdict"], record["criteria"]) == ("invalid", [])
    assert len(record["reasons"]) == 2


def test_recorded_errors_are_invalid_and_name_the_first(desk: Desk) -> None:
    rows: list[dict[str, Any]] = [{"id": f"q{i:03}", "output": "right"} for i in range(300)]
    rows[7] = {"id": "q007", "error": "timed out"}
    write(desk.tuned, rows)
    record = desk.compared().record.as_json()
    assert record["verdict"] == "invalid"
    assert record["reasons"] == [
        "tuned.jsonl holds 1 error in place of an answer to triage, on line 8 "
        "(timed out): answer this item again"
    ]
    assert record["evidence"][0]["unscored_candidate"] == 1


def test_answers_without_a_score_are_invalid_with_the_reason(desk: Desk) -> None:
    record = desk.compared(metric="latency").record.as_json()
    assert record["verdict"] == "invalid"
    assert (
        "300 answers of triage have no score by latency, first that to 'q000'"
        in record["reasons"][0]
    )


def test_a_faster_answer_is_better(desk: Desk) -> None:
    for path, ms in ((desk.base, 200), (desk.tuned, 150)):
        write(
            path,
            ({"id": f"q{i:03}", "output": path.stem, "latency_ms": ms + i % 7} for i in range(300)),
        )
    (criterion,) = desk.compared(metric="latency").record.as_json()["criteria"]
    assert criterion["baseline"] > criterion["candidate"]
    assert criterion["difference"] == 50
    assert (criterion["higher_is_better"], criterion["status"]) == (False, "pass")


def test_an_answer_to_no_item_names_its_line(desk: Desk) -> None:
    with desk.tuned.open("a") as file:
        file.write('{"id": "q999", "output": "right"}\n')
    with pytest.raises(DataError, match=r"tuned\.jsonl, line 301, field 'id': 'q999' isn't in"):
        desk.compared()


def test_an_id_that_stands_twice_in_the_test_set_names_both_lines(desk: Desk) -> None:
    write(desk.test_set, [*desk.questions, desk.questions[4]])
    with pytest.raises(DataError, match=r"line 301, field 'id': 'q004' stands on line 5 already"):
        desk.compared()


def test_an_empty_reference_names_its_line(desk: Desk) -> None:
    desk.questions[2]["reference"] = ""
    write(desk.test_set, desk.questions)
    with pytest.raises(DataError, match=r"line 3, field 'reference': exact_match needs a ref"):
        desk.compared()


def test_a_metric_without_references_asks_for_none(desk: Desk) -> None:
    write(desk.test_set, ({"id": each["id"]} for each in desk.questions))
    assert desk.compared(metric="json_valid").record.as_json()["criteria"][0]["n"] == 300


def test_unknown_metrics_options_and_patterns_are_named(desk: Desk) -> None:
    with pytest.raises(MetricError, match="did you mean exact_match"):
        desk.compared(metric="exact_mach")
    with pytest.raises(MetricError, match="'tolerence': isn't known here; did you mean tolerance"):
        desk.compared(metric="numeric_match", options=(("tolerence", 1),))
    with pytest.raises(MetricError, match="'extract': is not a regular expression"):
        desk.compared(extract="(")


def test_one_item_is_too_little_for_a_verdict_but_no_error(tmp_path: Path) -> None:
    desk = Desk(tmp_path, items=1)
    desk.answer(desk.tuned, ["right"])
    record = desk.compared().record.as_json()
    assert record["verdict"] == "need-more-data"
    assert record["needed_n"] is not None


def test_answers_may_come_as_csv_and_stand_in_any_order(desk: Desk) -> None:
    csv = desk.folder / "tuned.csv"
    lines = [f"q{i:03},{'right' if i < 30 else 'no'}" for i in reversed(range(300))]
    csv.write_text("id,output\n" + "\n".join(lines) + "\n")
    record = compare_files(
        desk.base, csv, desk.test_set, CompareRequest(metric="exact_match")
    ).record.as_json()
    assert (record["verdict"], record["criteria"][0]["wins"]) == ("ship", 30)

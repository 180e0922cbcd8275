"""`evalhub decide` on evidence that is thin, unfit or wrong: a named state, or an error."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.decision.policy import read_policy
from evalhub.studies.file.schemas import schema_of
from evalhub.studies.files.evidence import read_source
from tests.cli.scorefiles import (
    DOCS,
    SUMS,
    TRIAGE,
    Rows,
    criteria,
    decide,
    error,
    evidence,
    policy,
    record,
    rows,
    rows_of,
)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_items_need_more_data_whatever_they_show(
    here: Path, capsys: pytest.CaptureFixture[str], n: int
) -> None:
    rows(rows_of("triage", [0] * n, [1] * n) + rows_of("sums", [1] * n, [0] * n))
    found = record(capsys)
    assert found["verdict"] == "need-more-data"
    assert all(each["n"] == n for each in found["criteria"])
    assert found["needed_n"] > n


def test_a_criterion_without_evidence_is_invalid_and_says_what_is_there(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows(TRIAGE)
    assert record(capsys)["invalid"] == [
        "criterion 'sums' asks for exact on sums, and the evidence has none: "
        "the rows' test sets are triage"
    ]


def test_identical_arms_are_invalid(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = rows_of("triage", [0, 1] * 200, [0, 1] * 200)
    rows(same + SUMS)
    found = record(capsys)
    assert found["invalid"] == [
        "baseline and candidate have the same scores on every item: was the adapter applied?"
    ]
    answers = [row | {"output": f"{row['arm']} says"} for row in same]
    rows(answers + SUMS)
    assert record(capsys)["verdict"] == "need-more-data"
    rows([row | {"output": "the same"} for row in TRIAGE])
    assert "gave the same answers to every item" in record(capsys)["headline"]


def test_a_few_yes_or_no_scores_may_be_alike_by_chance_and_grades_may_not(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy(criteria={"triage": {"role": "primary", "metric": "exact"}})
    rows(rows_of("triage", [0, 1] * 25, [0, 1] * 25))
    found = record(capsys)
    assert found["verdict"] == "need-more-data"
    assert found["pending"] == [
        "Both arms have the same scores on every item; 50 items don't prove that they are one (688 "
        "would). Was the adapter applied? The answers (`output`) would tell"
    ]
    grades = [i / 50 for i in range(50)]
    rows(rows_of("triage", grades, grades))
    assert "have the same scores on every item" in record(capsys)["headline"]


def test_arms_that_get_everything_right_may_well_be_two(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy(criteria={"sums": {"role": "guard", "metric": "exact", "margin": 0.02}})
    assert record(capsys)["verdict"] == "ship"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda found: found[:-1],
            "candidate has no answer to 1 of 300 items of triage, first 'q299'",
        ),
        (
            lambda found: [found[0] | {"value": None}, *found[1:]],
            "baseline: 1 answer of triage has no score by exact, first that to 'q0'",
        ),
        (
            lambda found: [*found, found[0] | {"sample": 1}],
            "baseline has fewer than 2 answers to 299 of 300 items of triage, first 'q1'",
        ),
        (
            lambda found: [found[0] | {"weight": 2}, *found[1:]],
            "triage: 299 of 300 items have no weight",
        ),
    ],
)
def test_arms_that_cannot_be_compared_are_invalid(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Rows], Rows],
    says: str,
) -> None:
    rows(change(list(TRIAGE)) + SUMS)
    found = record(capsys)
    assert found["verdict"] == "invalid"
    assert says in found["invalid"][0]


def test_items_that_do_not_fit_the_mix_are_invalid(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    criteria(triage={"role": "primary", "metric": "exact", "mix": {"a": 0.5, "b": 0.5}})
    assert (
        "triage can't be weighted to its mix: the mix divides items by a, b, and item 0 has none"
        in record(capsys)["invalid"][0]
    )
    rows(rows_of("triage", [0] * 9, [1] * 9, tags=lambda i: "ab"[i % 2], weight=lambda i: 1) + SUMS)
    assert "items have weights and the policy a mix" in record(capsys)["invalid"][0]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"item": "a", "arm": "candidate", "value": NaN}', "line 601, field 'value': nan is not"),
        (
            '{"item": "a", "arm": "candidate", "value": "much"}',
            "line 601, field 'value': a finite number was expected, not 'much'",
        ),
        ('{"item": "a", "arm": "candidate"}', "line 601, field 'value': missing"),
        ('{"item": "a", "value": 1}', "line 601, field 'arm': missing"),
        ('{"arm": "candidate", "value": 1}', "line 601, field 'item': missing"),
        (
            '{"test_set": "triage", "metric": "exact", "item": "q0", "arm": "candidate", '
            '"value": 1}',
            "line 601, field 'item': 'q0' of candidate has its exact on line 301 of rows.jsonl",
        ),
        (
            '{"item": "a", "arm": "candidate", "value": 1, "sample": 0.5}',
            "line 601, field 'sample': counts 0, 1, …, and this is 0.5",
        ),
        (
            '{"item": "a", "arm": "candidate", "value": 1, "weight": 0}',
            "line 601, field 'weight': is above 0",
        ),
        (
            '{"item": "a", "arm": "candidate", "value": 1, "latency_ms": -1}',
            "line 601, field 'latency_ms': is 0 or more",
        ),
    ],
)
def test_what_cannot_be_read_is_an_error_with_line_and_field(
    here: Path, capsys: pytest.CaptureFixture[str], line: str, says: str
) -> None:
    rows(TRIAGE)
    with Path("rows.jsonl").open("a") as file:
        file.write(f"{line}\n")
    assert f"rows.jsonl, {says}" in error(capsys)


def test_rows_that_contradict_each_other_about_an_item_are_an_error(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, values, says in (
        ("cluster", ("a", "b"), "'q0' is of 'a' on another row"),
        ("weight", (1, 2), "'q0' weighs 1 on another row"),
        ("tags", (["a"], ["b"]), "'q0' has other tags on another row"),
    ):
        first, second = (
            TRIAGE[i] | {name: value} for i, value in zip((0, 300), values, strict=True)
        )
        rows([first, second])
        assert f"line 2, field '{name}': {says}" in error(capsys)
    one = TRIAGE[0] | {"latency_ms": 5}
    rows([one, one | {"metric": "words", "latency_ms": 6}, TRIAGE[300]])
    assert "line 2, field 'latency_ms': 'q0' has 5 on another row" in error(capsys)


def test_an_arm_that_is_not_there_is_an_error(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows([row | {"arm": "tuned"} if row["arm"] == "candidate" else row for row in TRIAGE])
    said = error(capsys)
    assert "no row's arm is 'candidate'; there are baseline, tuned; an evidence document" in said
    evidence()
    assert "no row's arm is 'candidate'; there are baseline, tuned\n" in error(
        capsys, of="evidence.yaml"
    )


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"schema": "evalhub.evidence/2"}, "field 'schema': \"evalhub.evidence/2\" isn't one of"),
        ({"candidate": "baseline"}, "field 'candidate': is the baseline itself"),
        ({"scores": []}, "field 'scores'"),
        ({"scores": ["a.jsonl", "a.jsonl"]}, "field 'scores.1': 'a.jsonl' is named twice"),
        ({"files": "a.jsonl"}, "field 'files': isn't known here; did you mean fields?"),
        ({"judgments": {"test_set": "triage"}}, "field 'judgments.file': missing"),
    ],
)
def test_an_evidence_document_is_refused_with_its_field(
    here: Path, capsys: pytest.CaptureFixture[str], fields: dict[str, Any], says: str
) -> None:
    evidence(**fields)
    said = error(capsys, of="evidence.yaml")
    assert said.startswith("evalhub: evidence.yaml, line ")
    assert says in said


def test_files_that_are_not_there_are_errors(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "none.jsonl: no such file" in error(capsys, of="none.jsonl")
    assert "none.yaml: can't be read" in error(capsys, of="none.yaml")
    evidence(judgments={"file": "none.csv"})
    assert "none.csv: no such file" in error(capsys, of="evidence.yaml")
    Path("policy.yaml").unlink()
    assert "policy.yaml: can't be read" in error(capsys)


def test_a_policy_that_is_wrong_is_an_error_with_its_line(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    criteria(sums={"role": "guard", "margin": -0.02})
    assert "policy.yaml, line 8, field 'criteria.sums.margin': must be 0 or more" in error(capsys)


def test_a_record_that_cannot_be_written_is_wrong_usage(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert decide("--out", "no/such/folder/record.json") == 65
    printed = capsys.readouterr()
    assert (printed.out, "can't be written" in printed.err) == ("", True)


def test_an_unknown_option_is_wrong_usage(here: Path) -> None:
    assert decide("--strict") == 64
    assert run(["decide", "policy.yaml"]) == 64


def test_the_examples_of_both_pages_are_read_and_name_every_field(tmp_path: Path) -> None:
    page = "".join(
        (DOCS / f"reference/{name}.md").read_text("utf-8") for name in ("policy", "evidence")
    )
    first, second = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "policy.yaml").write_text(first)
    (tmp_path / "evidence.yaml").write_text(second)
    found = read_policy(tmp_path / "policy.yaml")
    assert list(found.criteria) == [
        "triage",
        "arithmetic",
        "rare-languages",
        "verbosity",
    ]
    source = read_source(tmp_path / "evidence.yaml")
    assert (source.arms, len(source.scores)) == (("base", "adapter-r8"), 3)
    named = set(re.findall(r"(\w+):", first + second)) | set(re.findall(r"`(\w+)`", page))
    for document in (schema_of("evidence"), schema_of("policy")):
        for part in (document, *document["$defs"].values(), *document["properties"].values()):
            assert set(part.get("properties", {})) <= named

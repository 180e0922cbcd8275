"""`evalhub decide` as a pipeline runs it: files in, a verdict and its exit code out."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from jsonschema import Draft202012Validator

from evalhub.cli.app import run
from evalhub.gate.policy import read_policy
from evalhub.studies.evidence import read_source, schema

DOCS = Path(__file__).resolve().parents[2] / "docs"
VALID = Draft202012Validator(json.loads((DOCS / "verdict.schema.json").read_text("utf-8")))

Rows = list[dict[str, Any]]
GAINS = ["triage", "sums"]


def rows_of(test_set: str, base: list[Any], tuned: list[Any], **more: Callable[[int], Any]) -> Rows:
    """A row an arm and item; `more` are fields made of the item's number."""
    return [
        {"test_set": test_set, "metric": "exact", "item": f"q{i}", "arm": arm, "value": value}
        | {name: made(i) for name, made in more.items()}
        for arm, values in (("baseline", base), ("candidate", tuned))
        for i, value in enumerate(values)
    ]


POLICY: dict[str, Any] = {
    "schema": "evalhub.policy/1",
    "criteria": {
        "triage": {"role": "primary", "metric": "exact"},
        "sums": {"role": "guard", "metric": "exact", "margin": 0.02},
    },
}
TRIAGE = rows_of("triage", [0] * 300, [1] * 30 + [0] * 270)
SUMS = rows_of("sums", [1] * 300, [1] * 300)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a policy and 300 items of which the candidate gains 30."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    policy()
    rows(TRIAGE + SUMS)
    return tmp_path


def policy(**changed: Any) -> None:
    Path("policy.yaml").write_text(yaml.safe_dump(POLICY | changed, sort_keys=False))


def criteria(**changed: Any) -> None:
    policy(criteria=POLICY["criteria"] | changed)


def rows(found: Rows, name: str = "rows.jsonl") -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in found))


def evidence(**fields: Any) -> None:
    document = {
        "schema": "evalhub.evidence/1",
        "baseline": "baseline",
        "candidate": "candidate",
        "scores": "rows.jsonl",
    }
    Path("evidence.yaml").write_text(yaml.safe_dump(document | fields, sort_keys=False))


def decide(*more: str, of: str = "rows.jsonl") -> int:
    return run(["decide", "policy.yaml", "--evidence", of, *more])


def record(capsys: pytest.CaptureFixture[str], *more: str, of: str = "rows.jsonl") -> Any:
    """The record that is printed, after looking that nothing else is, and that it verifies."""
    code = decide("--json", "--out", "record.json", *more, of=of)
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert printed.err == ""
    assert code == {"ship": 0, "hold": 1, "need-more-data": 2, "invalid": 3}[found["verdict"]]
    VALID.validate(found)
    assert json.loads(Path("record.json").read_text("utf-8")) == found
    assert run(["decision", "verify", "record.json"]) == 0
    capsys.readouterr()
    return found


def error(capsys: pytest.CaptureFixture[str], code: int = 65, of: str = "rows.jsonl") -> str:
    """What is said on standard error, after looking that nothing is on standard output."""
    assert decide("--json", of=of) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def test_a_ship_ends_with_0(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert decide() == 0
    printed = capsys.readouterr()
    assert printed.out.strip().startswith(
        "Ship candidate gains 0.10 on triage and passes its guard."
    )
    assert printed.err == ""


def test_a_hold_ends_with_1(desk: Path) -> None:
    rows(TRIAGE + rows_of("sums", [1] * 300, [0] * 60 + [1] * 240))
    assert decide() == 1


def test_too_little_ends_with_2(desk: Path) -> None:
    rows(rows_of("triage", [0] * 300, [1] * 3 + [0] * 297) + SUMS)
    assert decide() == 2


def test_invalid_evidence_ends_with_3(desk: Path) -> None:
    rows(TRIAGE[:-1] + SUMS)
    assert decide() == 3


def test_the_record_is_whole_and_verifies(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = record(capsys)
    assert (found["verdict"], found["study"], found.get("others")) == (
        "ship",
        None,
        None,
    )
    assert [each["name"] for each in found["criteria"]] == ["triage", "sums"]
    assert [each["items"] for each in found["evidence"]] == [300, 300]
    assert found["policy"] == read_policy(Path("policy.yaml")).as_json()
    assert found["arms"]["candidate"]["name"] == "candidate"
    assert found["arms"]["candidate"]["digest"] != found["arms"]["baseline"]["digest"]


def test_the_arms_digests_are_of_the_scores_and_not_of_the_file(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = record(capsys)["arms"]
    rows(list(reversed(TRIAGE + SUMS)))
    other = record(capsys)
    assert one == other["arms"]


def test_csv_and_parquet_say_the_same_as_jsonl(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    everything = TRIAGE + SUMS
    with Path("rows.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(everything[0]))
        writer.writeheader()
        writer.writerows(everything)
    pq.write_table(pa.Table.from_pylist(everything), "rows.parquet")
    jsonl, comma, parquet = (
        record(capsys, of=f"rows.{kind}") for kind in ("jsonl", "csv", "parquet")
    )
    assert jsonl["criteria"] == comma["criteria"] == parquet["criteria"]
    digests = [each["arms"]["baseline"]["digest"] for each in (jsonl, comma, parquet)]
    assert len(set(digests)) == 1


def test_a_document_names_arms_files_and_fields(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    renamed = {"baseline": "base", "candidate": "r8", "value": "right", "item": "id"}

    def called(found: Rows) -> Rows:
        return [
            {
                renamed.get(name, name): renamed.get(value, value) if name == "arm" else value
                for name, value in row.items()
            }
            for row in found
        ]

    other = [row | {"arm": "another", "right": 0} for row in called(TRIAGE)[:300]]
    rows(called(TRIAGE) + other, "triage.jsonl")
    rows(called(SUMS), "sums.jsonl")
    evidence(
        baseline="base",
        candidate="r8",
        scores=["triage.jsonl", "sums.jsonl"],
        fields={"value": "right", "item": "id"},
    )
    found = record(capsys, of="evidence.yaml")
    assert found["headline"] == "r8 gains 0.10 on triage and passes its guard."
    assert found["evidence"][0]["version"] == "triage.jsonl + sums.jsonl"
    Path("evidence.json").write_text(json.dumps(yaml.safe_load(Path("evidence.yaml").read_text())))
    assert record(capsys, of="evidence.json")["criteria"] == found["criteria"]


def test_no_database_is_touched_and_django_is_not_loaded(desk: Path) -> None:
    code = (
        "import sys; from evalhub.cli.app import run; "
        "code = run(['decide', 'policy.yaml', '--evidence', 'rows.jsonl']); "
        "assert 'django' not in sys.modules; sys.exit(code)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert not Path(".evalhub").exists()


def test_a_relative_guard_is_judged_in_shares_of_the_baseline(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A baseline of .05: a loss of .02 is two fifths of it."""
    base = [1] * 100 + [0] * 1900
    rows(TRIAGE + rows_of("sums", base, [0] * 40 + [1] * 60 + [0] * 1900))
    criteria(sums={"role": "guard", "metric": "exact", "margin": 0.05})
    assert record(capsys)["verdict"] == "ship"
    criteria(sums={"role": "guard", "metric": "exact", "relative_margin": 0.1})
    found = record(capsys)
    guard = found["criteria"][1]
    assert (found["verdict"], guard["ratio"]) == ("hold", pytest.approx(0.6))
    assert guard["ratio_lower"] < 0.6 < guard["ratio_upper"] < 0.9
    assert guard["margin"] == pytest.approx(0.005)
    assert "of the baseline's 0.05: harm shown, beyond the 10% of it" in guard["sentence"]


def test_a_supporting_guard_in_doubt_keeps_no_ship_back_but_its_harm_does(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doubt = rows_of("sums", [1] * 30, [1] * 29 + [0])
    rows(TRIAGE + doubt)
    assert record(capsys)["verdict"] == "need-more-data"
    criteria(sums={"role": "guard", "metric": "exact", "margin": 0.02, "tier": "supporting"})
    found = record(capsys)
    assert found["verdict"] == "ship"
    assert found["reasons"][-1].endswith("(supporting: doubt keeps no ship back)")
    rows(TRIAGE + rows_of("sums", [1] * 30, [0] * 20 + [1] * 10))
    assert record(capsys)["verdict"] == "hold"


def test_an_advisory_guard_decides_nothing(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows(TRIAGE + rows_of("sums", [1] * 300, [0] * 200 + [1] * 100))
    criteria(sums={"role": "guard", "metric": "exact", "margin": 0.02, "tier": "advisory"})
    found = record(capsys)
    assert (found["verdict"], found["criteria"][1]["status"]) == ("ship", "fail")
    assert found["reasons"][-1].startswith("✗ sums −0.67")
    assert found["reasons"][-1].endswith("(advisory: decides nothing)")


def test_one_primary_of_two_is_enough_with_any_of_at_half_the_level(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = {name: {"role": "primary", "metric": "exact"} for name in GAINS}
    flat = rows_of("sums", [1] * 5 + [0] * 295, [0] * 5 + [1] * 5 + [0] * 290)
    rows(TRIAGE + flat)
    policy(criteria=two)
    assert record(capsys)["verdict"] == "need-more-data"
    policy(criteria=two, primaries="any-of")
    found = record(capsys)
    assert found["verdict"] == "ship"
    assert [each["level"] for each in found["criteria"]] == [pytest.approx(0.975)] * 2
    assert found["rule"] == {"primaries": "any-of", "harm_alpha": 0.05, "alphas": {}}
    assert found["reasons"][-1].endswith("(one primary is enough)")


def test_with_any_of_a_primary_that_loses_holds(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = {name: {"role": "primary", "metric": "exact"} for name in GAINS}
    policy(criteria=two, primaries="any-of")
    rows(TRIAGE + rows_of("sums", [1] * 300, [0] * 40 + [1] * 260))
    assert record(capsys)["verdict"] == "hold"


def test_a_budget_of_latency_is_kept_or_not(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def timed(slower: float) -> Rows:
        return [
            row
            | {
                "latency_ms": (100 + int(row["item"][1:]) % 17)
                * (slower if row["arm"] == "candidate" else 1)
            }
            for row in TRIAGE
        ]

    policy(budgets={"latency": {"max_ratio": 1.2}})
    rows(timed(1.1) + SUMS)
    found = record(capsys)
    assert found["verdict"] == "ship"
    assert found["headline"].endswith("passes its guard and stays within its budget.")
    assert found["criteria"][2]["ratio"] == pytest.approx(1.1)
    rows(timed(1.5) + SUMS)
    found = record(capsys)
    assert found["verdict"] == "hold"
    assert found["reasons"][0].startswith("✗ latency 150% [150%, 150%] of the baseline's 108")
    assert "takes 150% of the baseline's latency, over the budget of 120%" in found["headline"]
    assert decide() == 1
    assert "ratio < 1.2" in capsys.readouterr().out


def test_a_budget_without_its_column_is_invalid(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy(budgets={"cost": {"max_ratio": 1.2}})
    found = record(capsys)
    assert found["invalid"] == [
        "criterion 'cost' asks for cost on triage, and the evidence has none: its rows hold exact"
    ]


def votes(choices: dict[str, list[str]]) -> None:
    lines = [f"q{i},{who},{each}" for who, all_ in choices.items() for i, each in enumerate(all_)]
    Path("votes.csv").write_text("\n".join(["item,reviewer,choice", *lines]) + "\n")


def test_people_are_heard_counted_and_must_agree(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = {"min_reviewers": 2, "min_agreement": 0.3}
    policy(preference=rule)
    found = record(capsys)
    assert (found["verdict"], found["people"]) == ("need-more-data", None)
    assert found["pending"] == ["Reviewers haven't been asked about these answers"]

    evidence(judgments={"file": "votes.csv", "test_set": "triage"})
    ann = ["candidate"] * 40 + ["baseline"] * 5
    votes({"ann": ann})
    found = record(capsys, of="evidence.yaml")
    assert found["pending"] == ["1 of at least 2 reviewers have judged"]

    votes({"ann": ann, "bea": ["candidate"] * 38 + ["tie"] * 7})
    found = record(capsys, of="evidence.yaml")
    assert found["verdict"] == "ship"
    assert found["people"]["reviewers"] == 2
    assert [each["role"] for each in found["criteria"]] == ["primary", "guard", "preference"]

    votes({"ann": ann, "bea": ["baseline"] * 30 + ["candidate"] * 15})
    found = record(capsys, of="evidence.yaml")
    assert found["verdict"] == "invalid"
    assert "below the floor of 0.3" in found["invalid"][0]


def test_judgments_that_were_planned_and_are_not_there_are_waited_for(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy(preference={})
    evidence(judgments={"file": "votes.csv", "planned": 90})
    votes({"ann": ["candidate"] * 45})
    found = record(capsys, of="evidence.yaml")
    assert found["pending"] == ["Reviewers have given 45 of 90 judgments"]


def test_clusters_samples_tags_and_weights_are_used(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = record(capsys)["criteria"][0]
    base, tuned = [0] * 300, [int(i % 10 == 0) for i in range(300)]
    rows(rows_of("triage", base, tuned, cluster=lambda i: f"c{i // 10}") + SUMS)
    clustered = record(capsys)["criteria"][0]
    assert (plain["clusters"], clustered["clusters"]) == (None, 30)

    tags = rows_of("triage", base, tuned, tags=lambda i: ["rare" if i % 10 else "usual"])
    rows(tags + SUMS)
    found = record(capsys)
    assert {row["tag"] for row in found["breakdown"]} == {"rare", "usual"}
    mix = {"rare": 0.5, "usual": 0.5}
    criteria(triage={"role": "primary", "metric": "exact", "mix": mix})
    mixed = record(capsys)["criteria"][0]
    assert mixed["difference"] == pytest.approx(0.5)
    assert "weighted" in mixed["method"]

    criteria()
    rows(rows_of("triage", base, tuned, weight=lambda i: 1 if i % 10 else 9) + SUMS)
    assert record(capsys)["criteria"][0]["difference"] == pytest.approx(0.5)

    second = [row | {"sample": 1, "value": 0} for row in TRIAGE]
    rows(TRIAGE + second + SUMS)
    sampled = record(capsys)["criteria"][0]
    assert (sampled["n"], sampled["difference"]) == (300, pytest.approx(0.05))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_items_need_more_data_whatever_they_show(
    desk: Path, capsys: pytest.CaptureFixture[str], n: int
) -> None:
    rows(rows_of("triage", [0] * n, [1] * n) + rows_of("sums", [1] * n, [0] * n))
    found = record(capsys)
    assert found["verdict"] == "need-more-data"
    assert all(each["n"] == n for each in found["criteria"])
    assert found["needed_n"] > n


def test_a_criterion_without_evidence_is_invalid_and_says_what_is_there(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows(TRIAGE)
    assert record(capsys)["invalid"] == [
        "criterion 'sums' asks for exact on sums, and the evidence has none: "
        "the rows' test sets are triage"
    ]


def test_identical_arms_are_invalid(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = rows_of("triage", [0, 1] * 150, [0, 1] * 150)
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


def test_arms_that_get_everything_right_may_well_be_two(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy(criteria={"sums": {"role": "guard", "metric": "exact", "margin": 0.02}})
    assert record(capsys)["verdict"] == "ship"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda found: found[:-1],
            "candidate has no exact of 1 of 300 items of triage, first 'q299'",
        ),
        (
            lambda found: [found[0] | {"value": None}, *found[1:]],
            "baseline: 1 items of triage have no exact, first 'q0'",
        ),
        (
            lambda found: [*found, found[0] | {"sample": 1}],
            "baseline has 1 scores of some items of triage and 2 of others",
        ),
        (
            lambda found: [found[0] | {"weight": 2}, *found[1:]],
            "triage: 299 of 300 items have no weight",
        ),
    ],
)
def test_arms_that_cannot_be_compared_are_invalid(
    desk: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Rows], Rows],
    says: str,
) -> None:
    rows(change(list(TRIAGE)) + SUMS)
    found = record(capsys)
    assert found["verdict"] == "invalid"
    assert says in found["invalid"][0]


def test_items_that_do_not_fit_the_mix_are_invalid(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    criteria(triage={"role": "primary", "metric": "exact", "mix": {"a": 0.5, "b": 0.5}})
    assert (
        "triage: the mix divides items by a, b, and item 0 has none" in record(capsys)["invalid"][0]
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
    desk: Path, capsys: pytest.CaptureFixture[str], line: str, says: str
) -> None:
    rows(TRIAGE)
    with Path("rows.jsonl").open("a") as file:
        file.write(f"{line}\n")
    assert f"rows.jsonl, {says}" in error(capsys)


def test_rows_that_contradict_each_other_about_an_item_are_an_error(
    desk: Path, capsys: pytest.CaptureFixture[str]
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
    desk: Path, capsys: pytest.CaptureFixture[str]
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
        ({"schema": "evalhub.evidence/2"}, "field 'schema': 'evalhub.evidence/1' was expected"),
        ({"candidate": "baseline"}, "field 'candidate': is the baseline itself"),
        ({"scores": []}, "field 'scores'"),
        ({"scores": ["a.jsonl", "a.jsonl"]}, "field 'scores.1': 'a.jsonl' is named twice"),
        ({"files": "a.jsonl"}, "field 'files': isn't known here; known are baseline, candidate"),
        ({"judgments": {"test_set": "triage"}}, "field 'judgments': 'file' is a required property"),
    ],
)
def test_an_evidence_document_is_refused_with_its_field(
    desk: Path, capsys: pytest.CaptureFixture[str], fields: dict[str, Any], says: str
) -> None:
    evidence(**fields)
    said = error(capsys, of="evidence.yaml")
    assert said.startswith("evalhub: evidence.yaml, line ")
    assert says in said


def test_files_that_are_not_there_are_errors(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "none.jsonl: no such file" in error(capsys, of="none.jsonl")
    assert "none.yaml: can't be read" in error(capsys, of="none.yaml")
    evidence(judgments={"file": "none.csv"})
    assert "none.csv: no such file" in error(capsys, of="evidence.yaml")
    Path("policy.yaml").unlink()
    assert "policy.yaml: can't be read" in error(capsys)


def test_a_policy_that_is_wrong_is_an_error_with_its_line(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    criteria(sums={"role": "guard", "margin": -0.02})
    assert "policy.yaml, line 8, field 'criteria.sums.margin': -0.02 is less than" in error(capsys)


def test_a_record_that_cannot_be_written_is_wrong_usage(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert decide("--out", "no/such/folder/record.json") == 64
    printed = capsys.readouterr()
    assert (printed.out, "can't be written" in printed.err) == ("", True)


def test_an_unknown_option_is_wrong_usage(desk: Path) -> None:
    assert decide("--strict") == 64
    assert run(["decide", "policy.yaml"]) == 64


def test_the_published_schema_of_evidence_is_the_packaged_one() -> None:
    Draft202012Validator.check_schema(schema())
    assert json.loads((DOCS / "evidence.schema.json").read_text("utf-8")) == schema()


def test_the_examples_of_the_page_are_read_and_name_every_field(tmp_path: Path) -> None:
    page = (DOCS / "policy.md").read_text("utf-8")
    first, second = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "policy.yaml").write_text(first)
    (tmp_path / "evidence.yaml").write_text(second)
    found = read_policy(tmp_path / "policy.yaml")
    assert [each.name for each in found.criteria] == [
        "triage",
        "arithmetic",
        "rare-languages",
        "verbosity",
    ]
    source = read_source(tmp_path / "evidence.yaml")
    assert (source.arms, len(source.scores)) == (("base", "adapter-r8"), 3)
    named = set(re.findall(r"(\w+):", first + second)) | set(re.findall(r"`(\w+)`", page))
    for document in (schema(), json.loads((DOCS / "policy.schema.json").read_text("utf-8"))):
        for part in (document, *document["$defs"].values(), *document["properties"].values()):
            assert set(part.get("properties", {})) <= named

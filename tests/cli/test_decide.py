"""`evalhub decide` as a pipeline runs it: files in, a verdict and its exit code out."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from evalhub.decision.policy import read_policy
from tests.cli.scorefiles import (
    GAINS,
    SUMS,
    TRIAGE,
    Rows,
    criteria,
    decide,
    evidence,
    policy,
    record,
    rows,
    rows_of,
)


def test_a_ship_ends_with_0(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert decide() == 0
    printed = capsys.readouterr()
    assert printed.out.strip().startswith(
        "Ship Unregistered: candidate gains 0.10 on triage and passes its guard."
    )
    assert printed.err == ""


def test_a_hold_ends_with_1(here: Path) -> None:
    rows(TRIAGE + rows_of("sums", [1] * 300, [0] * 60 + [1] * 240))
    assert decide() == 1


def test_too_little_ends_with_2(here: Path) -> None:
    rows(rows_of("triage", [0] * 300, [1] * 3 + [0] * 297) + SUMS)
    assert decide() == 2


def test_invalid_evidence_ends_with_3(here: Path) -> None:
    rows(TRIAGE[:-1] + SUMS)
    assert decide() == 3


def test_the_record_is_whole_and_verifies(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = record(capsys)["arms"]
    rows(list(reversed(TRIAGE + SUMS)))
    other = record(capsys)
    assert one == other["arms"]


def test_csv_and_parquet_say_the_same_as_jsonl(
    here: Path, capsys: pytest.CaptureFixture[str]
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
    here: Path, capsys: pytest.CaptureFixture[str]
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
    assert found["headline"] == "Unregistered: r8 gains 0.10 on triage and passes its guard."
    assert found["evidence"][0]["version"] == "triage.jsonl + sums.jsonl"
    Path("evidence.json").write_text(json.dumps(yaml.safe_load(Path("evidence.yaml").read_text())))
    assert record(capsys, of="evidence.json")["criteria"] == found["criteria"]


def test_no_database_is_touched_and_django_is_not_loaded(here: Path) -> None:
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
    here: Path, capsys: pytest.CaptureFixture[str]
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
    assert "of the baseline's 0.05: loses more than the 10% of it" in guard["sentence"]


def test_a_supporting_guard_in_doubt_keeps_no_ship_back_but_its_harm_does(
    here: Path, capsys: pytest.CaptureFixture[str]
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


def test_an_advisory_guard_decides_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows(TRIAGE + rows_of("sums", [1] * 300, [0] * 200 + [1] * 100))
    criteria(sums={"role": "guard", "metric": "exact", "margin": 0.02, "tier": "advisory"})
    found = record(capsys)
    assert (found["verdict"], found["criteria"][1]["status"]) == ("ship", "fail")
    assert found["reasons"][-1].startswith("✗ sums −0.67")
    assert found["reasons"][-1].endswith("(advisory: decides nothing)")


def test_one_primary_of_two_is_enough_with_any_of_at_half_the_level(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = {name: {"role": "primary", "metric": "exact"} for name in GAINS}
    flat = rows_of("sums", [1] * 5 + [0] * 295, [0] * 5 + [1] * 5 + [0] * 290)
    rows(TRIAGE + flat)
    policy(criteria=two)
    assert record(capsys)["verdict"] == "need-more-data"
    policy(criteria=two, primaries="any-of")
    found = record(capsys)
    assert found["verdict"] == "ship"
    assert [each["alpha"] for each in found["criteria"]] == [0.0125] * 2
    assert [each["harm_alpha"] for each in found["criteria"]] == [0.025] * 2
    assert found["rule"] == {
        "primaries": "any-of",
        "alpha": 0.025,
        "harm_alpha": 0.025,
        "alphas": {},
    }
    assert found["reasons"][-1].endswith("(one primary is enough)")


def test_with_any_of_a_primary_that_loses_holds(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = {name: {"role": "primary", "metric": "exact"} for name in GAINS}
    policy(criteria=two, primaries="any-of")
    rows(TRIAGE + rows_of("sums", [1] * 300, [0] * 40 + [1] * 260))
    assert record(capsys)["verdict"] == "hold"


def test_a_budget_of_latency_is_kept_or_not(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
    assert "below 120%" in capsys.readouterr().out


def test_a_budget_may_be_of_the_slowest_answers(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 300 answers one in twelve takes ten times as long for the candidate: the mean rises by
    three quarters, the 95% quantile to ten times the baseline's."""

    def timed(slower: float) -> Rows:
        return [
            row
            | {
                "latency_ms": (100 + int(row["item"][1:]) % 17)
                * (slower if row["arm"] == "candidate" and int(row["item"][1:]) % 12 == 0 else 1)
            }
            for row in TRIAGE
        ]

    policy(budgets={"latency": {"max_ratio": 3}, "latency_p95": {"max_ratio": 1.2}})
    rows(timed(1.0) + SUMS)
    assert record(capsys)["verdict"] == "ship"
    rows(timed(10.0) + SUMS)
    found = record(capsys)
    assert found["verdict"] == "hold"
    mean, slowest = found["criteria"][2:]
    assert (mean["status"], mean["quantile"]) == ("pass", None)
    assert (slowest["status"], slowest["quantile"]) == ("fail", 0.95)
    assert slowest["baseline"] == 116
    assert slowest["ratio"] == pytest.approx(10, rel=0.1)


def test_too_few_answers_for_a_quantile_say_how_many_would_do(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy(budgets={"latency_p95": {"max_ratio": 1.2, "test_set": "sums"}})
    rows(TRIAGE + [row | {"latency_ms": 100} for row in SUMS if int(row["item"][1:]) < 60])
    found = record(capsys)
    assert found["verdict"] == "need-more-data"
    slowest = found["criteria"][2]
    assert "no interval of a 95% quantile from fewer than 72 items" in slowest["sentence"]


def test_a_budget_without_its_column_is_invalid(
    here: Path, capsys: pytest.CaptureFixture[str]
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
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = {"min_reviewers": 2, "min_agreement": 0.3}
    policy(preference=rule)
    found = record(capsys)
    assert (found["verdict"], found["people"]) == ("need-more-data", None)
    assert found["pending"] == ["No review has these answers"]

    evidence(judgments={"file": "votes.csv", "test_set": "triage"})
    ann = ["candidate"] * 40 + ["baseline"] * 5
    votes({"ann": ann})
    found = record(capsys, of="evidence.yaml")
    assert "1 of at least 2 reviewers have judged" in found["pending"][0]

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
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy(preference={})
    evidence(judgments={"file": "votes.csv", "planned": 90})
    votes({"ann": ["candidate"] * 45})
    found = record(capsys, of="evidence.yaml")
    assert found["pending"] == ["Reviewers have given 45 of 90 judgments"]


def test_clusters_samples_tags_and_weights_are_used(
    here: Path, capsys: pytest.CaptureFixture[str]
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


def test_a_mean_of_nothing_but_rounding_errors_is_printed_as_0(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = [-1e-17] * 300
    rows(TRIAGE + rows_of("sums", nothing, nothing))
    decide()
    printed = capsys.readouterr().out.replace("−", "-")
    assert " 0.000 " in printed
    assert "-0.000" not in printed

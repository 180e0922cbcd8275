"""What leaves as files: answers, decisions, a report, a card, Every Eval Ever."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from evalhub.accounts.models import LogEntry, ResultsSeen, User
from evalhub.cli.app import run
from evalhub.decision.verify import verify
from evalhub.features.exporters.answers import SCHEMA, export_answers
from evalhub.features.exporters.decisions import export_decisions
from evalhub.features.exporters.every_eval_ever import export_every_eval_ever
from evalhub.features.exporters.model_card import export_model_index
from evalhub.features.exporters.report import export_report
from evalhub.features.exporters.rows import ExportError
from evalhub.features.lifecycle.promotion import promote
from evalhub.io.full_disk import full_path
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.ledger.signoff import sign_off
from evalhub.registry.models import Output
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.cli.test_full_disk import files_of_at_most
from tests.features.exporters.desk import a_decision

pytestmark = pytest.mark.django_db

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def decision(team: Team) -> Decision:
    found = a_decision(team)
    assert found.verdict == "ship"
    return found


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_answer_of_every_arm_is_a_row_in_both_forms(
    decision: Decision, tmp_path: Path
) -> None:
    study = decision.study
    calls = [{"name": "add", "arguments": {"a": 1}}]
    Output.objects.filter(item__key="q0000").update(reasoning="Hm.", tool_calls=calls)
    for form in ("jsonl", "parquet"):
        assert export_answers(study=study, by=None, to=tmp_path / form, form=form) == 160
    rows = lines(tmp_path / "jsonl")
    table = pq.read_table(tmp_path / "parquet")
    assert table.column_names == [name for name, _ in SCHEMA] == list(rows[0])
    assert {(each["test_set"], each["arm"]) for each in rows} == {
        ("questions", "base"),
        ("questions", "tuned"),
        ("sums", "base"),
        ("sums", "tuned"),
    }
    assert sum(each["score"] for each in rows if each["arm"] == "tuned") == 42 + 18
    first, same = rows[0], table.slice(0, 1).to_pylist()[0]
    assert (first["item"], first["output"], first["score"]) == ("q0000", "right", 1.0)
    assert first["references"] == ["right"] == json.loads(same["references"])
    assert (first["reasoning"], first["tool_calls"]) == ("Hm.", calls)
    assert (same["reasoning"], json.loads(same["tool_calls"])) == ("Hm.", calls)
    assert rows[1]["tool_calls"] is None
    assert (same["item"], same["sealed"], same["score"]) == ("q0000", False, 1.0)


def test_sealed_scores_stay(team: Team, tmp_path: Path) -> None:
    questions = a_test_set(team, items=20)
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    a_run(base, questions, scores=[1.0] * 20)
    a_run(tuned, questions, scores=[1.0] * 19 + [None])
    study = a_study(team, baseline=base, candidate=tuned, primary=questions)
    export_answers(study=study, by=None, to=tmp_path / "rows", form="jsonl")
    rows = lines(tmp_path / "rows")
    assert {(each["score"], each["sealed"]) for each in rows} == {(None, True)}
    assert rows[-1]["unscored"] == "the item has no reference"
    assert {each["output"] for each in rows} >= {"right"}


def test_decisions_come_with_who_stands_by_them(
    team: Team, decision: Decision, tmp_path: Path
) -> None:
    sign_off(decision=decision, by=team.eva, reason="Read it.")
    promote(decision=decision, by=team.olga, reason="Ran a week.")
    out = tmp_path / "rows"
    assert export_decisions(project=team.project, by=None, to=out, form="jsonl") == 1
    (row,) = lines(out)
    assert (row["verdict"], row["digest"]) == ("ship", decision.digest)
    assert verify(row["record"], digest=decision.digest, content=row["content"]).verified
    assert [each["reason"] for each in row["sign_offs"]] == ["Read it."]
    assert (row["promotions"][0]["by"], row["promotions"][0]["how"]) == (team.olga.pk, "promoted")
    assert '"eva"' not in out.read_text()
    assert export_decisions(project=team.project, by=None, to=out, form="parquet") == 1
    assert json.loads(pq.read_table(out).to_pylist()[0]["record"]) == decision.record


def test_the_log_says_what_left_and_who_took_it_has_seen_results(
    team: Team, decision: Decision, tmp_path: Path
) -> None:
    root = User.objects.create_superuser("root")
    export_answers(study=decision.study, by=root, to=tmp_path / "rows", form="jsonl")
    entry = LogEntry.objects.filter(action="exported").get()
    assert (entry.by, entry.what) == (root, "answers of Shall we ship as jsonl")
    assert ResultsSeen.objects.filter(user=root, project=team.project).exists()


def test_the_report_is_one_file_that_loads_nothing(decision: Decision) -> None:
    page = export_report(decision=decision, by=None)
    assert decision.document.headline in page
    assert decision.digest in page
    assert "Won (30)" in page
    assert "the largest 25 are shown" in page
    assert not re.search(r"<(script|img|form|iframe|link rel=.stylesheet)\b", page)
    assert re.findall(r'(?:href|src)="(?!#)([^"]*)"', page) == ["data:,"]
    assert not re.search(r"url\((?!data:)", page)


def test_a_model_card_begins_with_the_results(decision: Decision) -> None:
    text = export_model_index(decision=decision, by=None)
    assert text.startswith("---\nmodel-index:\n")
    (model,) = yaml.safe_load(text.strip("-\n"))["model-index"]
    assert model["name"] == "tuned v1"
    primary, guard = model["results"]
    (metric,) = primary["metrics"]
    assert (metric["type"], metric["value"]) == ("exact_match", 0.7)
    assert metric["args"]["interval"][0] > 0
    assert metric["args"]["decision"] == decision.digest
    assert guard["dataset"]["type"] == "support-desk/sums"


def test_every_eval_ever_on_a_full_disk_leaves_no_file(decision: Decision, tmp_path: Path) -> None:
    whole = export_every_eval_ever(decision=decision, by=None, to=tmp_path / "whole")
    sizes = [path.stat().st_size for path in whole]
    to = tmp_path / "full"
    full = pytest.raises(OSError, match="File too large")
    with files_of_at_most(max(sizes) - 1), full as caught:  # the others fit
        export_every_eval_ever(decision=decision, by=None, to=to)
    largest = whole[sizes.index(max(sizes))].relative_to(tmp_path / "whole")
    assert full_path(caught.value) == str(to / largest)
    assert min(sizes) < max(sizes)
    assert [path for path in to.rglob("*") if path.is_file()] == []


def test_every_eval_ever_has_our_intervals(decision: Decision, tmp_path: Path) -> None:
    written = export_every_eval_ever(decision=decision, by=None, to=tmp_path)
    aggregates = [json.loads(each.read_text()) for each in written if each.suffix == ".json"]
    base, tuned = aggregates
    assert [each["evaluation_result_id"] for each in base["evaluation_results"]] == [
        "questions",
        "sums",
    ]
    own, gain, *_ = tuned["evaluation_results"]
    assert own["score_details"]["score"] == 0.7
    interval = own["score_details"]["uncertainty"]["confidence_interval"]
    assert interval["lower"] < 0.7 < interval["upper"]
    criterion = decision.document.criteria[0]
    judged = gain["score_details"]["uncertainty"]["confidence_interval"]
    assert (gain["evaluation_name"], gain["score_details"]["score"]) == (
        "questions: gain over base v1",
        criterion.difference,
    )
    assert (judged["lower"], judged["upper"], judged["method"]) == (
        criterion.lower,
        criterion.upper,
        criterion.method,
    )
    detailed = tuned["detailed_evaluation_results"]
    samples = tmp_path / detailed["file_path"]
    assert hashlib.sha256(samples.read_bytes()).hexdigest() == detailed["checksum"]
    rows = lines(samples)
    assert len(rows) == detailed["total_rows"] == 80
    assert {each["evaluation_id"] for each in rows} == {tuned["evaluation_id"]}
    assert sum(each["evaluation"]["is_correct"] for each in rows) == 42 + 18
    again = export_every_eval_ever(decision=decision, by=None, to=tmp_path)
    assert again == written


def test_invalid_evidence_has_no_card(team: Team, tmp_path: Path) -> None:
    questions = a_test_set(team, items=20)
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    a_run(base, questions, scores=[1.0] * 20)
    a_run(tuned, questions, scores=[1.0] * 19 + [None])
    study = a_study(team, baseline=base, candidate=tuned, primary=questions)
    invalid = decide_study(study=study)[0]
    assert invalid.verdict == "invalid"
    with pytest.raises(ExportError, match="is invalid: there is no result to show"):
        export_model_index(decision=invalid, by=None)
    with pytest.raises(ExportError, match="is invalid"):
        export_every_eval_ever(decision=invalid, by=None, to=tmp_path)
    assert "the item has no reference" in export_report(decision=invalid, by=None)


def test_the_command_writes_it(
    decision: Decision, tmp_path: Path, capsys: Capture, subtests: pytest.Subtests
) -> None:
    study = "--study", "shall-we-ship"
    number = "--decision", str(decision.pk)
    for arguments, name in (
        (["answers", *study], "a.parquet"),
        (["answers", *study, "--format", "parquet"], "a.jsonl"),
        (["decisions"], "d.jsonl"),
        (["report", *study], "r.html"),
        (["model-index", *number], "card.md"),
        (["every-eval-ever", *number], "eee"),
    ):
        with subtests.test(name):
            out = tmp_path / name
            asked = ["export", *arguments, "--project", "support-desk", "--out", str(out)]
            assert run([*asked, "--json"]) == 0
            assert json.loads(capsys.readouterr().out)["what"] == arguments[0]
            assert out.exists()
            if "parquet" in (out.suffix.strip("."), *arguments):
                assert pq.read_table(out).num_rows == 160


def test_the_command_says_what_is_wrong(
    decision: Decision,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    subtests: pytest.Subtests,
) -> None:
    monkeypatch.chdir(tmp_path)
    for words, said in (
        ("answers --out x", "is needed: the study's slug"),
        ("answers --study other --out x", "there is no study 'other'"),
        ("answers --study shall-we-ship", "says where: --out"),
        ("report --decision 0 --out x", "there is no decision 0 in support-desk"),
        ("judgments --out x", "is needed: the review's number"),
        ("dpo --review 0 --out x", "there is no review 0"),
        ("mlflow --decision 1 --out x", "goes to a server: --to URL"),
        ("report --decision 1 --out x --to http://x", "of mlflow alone"),
    ):
        with subtests.test(words):
            assert run(["export", *words.split(), "--project", "support-desk"]) == 64
            assert said in capsys.readouterr().err
            assert list(tmp_path.iterdir()) == []

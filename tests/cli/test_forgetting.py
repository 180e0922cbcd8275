"""What `compare`, `decide` and a study say of a fine-tune that lost what a guard guards."""

import html
from pathlib import Path

import pytest
from django.urls import reverse

from evalhub.cli.app import run
from evalhub.declare.remedies import GENERAL_DATA, LOWER_RANK
from evalhub.ledger.decide import decide_study
from tests.cast import Team
from tests.cli.scorefiles import SUMS, TRIAGE, fill, rows, rows_of, write
from tests.studies.desks import Desk, ran

MIXED_IN = "Mix general data into the training data: with 1% of each earlier task's data"
COMPARE = [
    *("compare", "base.jsonl", "tuned.jsonl", "--test-set", "items.jsonl"),
    *("--metric", "exact_match", "--role", "guard", "--margin", "0.05"),
]


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def answers(name: str, right: int) -> None:
    write(name, [{"id": i, "output": "right" if i < right else "wrong"} for i in range(300)])


def test_compare_says_what_is_usually_done_and_its_report_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write("items.jsonl", [{"id": i, "reference": "right"} for i in range(300)])
    answers("base.jsonl", 270)
    answers("tuned.jsonl", 180)
    assert run([*COMPARE, "--report", "report.html"]) == 1
    told = printed(capsys)
    assert "tuned fails items: if it was fine-tuned, it may have forgotten what base could" in told
    assert MIXED_IN in told
    assert html.escape(GENERAL_DATA.sentence) in Path("report.html").read_text(encoding="utf-8")


def test_decide_says_it_too_and_not_where_the_guard_is_undecided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path, monkeypatch)
    decided = ["decide", "policy.yaml", "--evidence", "rows.jsonl"]
    rows(TRIAGE + SUMS)
    assert run(decided) == 0
    assert MIXED_IN not in printed(capsys)
    rows(TRIAGE + rows_of("sums", [1] * 300, [0] * 60 + [1] * 240))
    assert run(decided) == 1
    assert MIXED_IN in printed(capsys)
    rows(TRIAGE + rows_of("sums", [1] * 300, [0] * 5 + [1] * 295))
    assert run(decided) == 2
    assert MIXED_IN not in printed(capsys)


@pytest.mark.django_db
def test_a_study_s_page_says_it_by_the_arm_s_kind(tmp_path: Path, team: Team) -> None:
    desk = Desk(tmp_path)
    desk.study["project"] = team.project.slug
    desk.answers("tuned", "sums", ["right"] * 200 + ["wrong"] * 100)
    (decision,) = decide_study(study=ran(desk))
    assert decision.verdict == "hold"
    olga = team.signed_in(team.olga)
    study = olga.get(reverse("site:study", args=[decision.study_id]), {"tab": "evidence"}).text
    record = olga.get(reverse("site:record", args=[decision.pk])).text
    for sentence in (GENERAL_DATA.sentence, LOWER_RANK.sentence):
        assert html.escape(sentence) in study
    assert "tuned fails sums: by its tuning it may have forgotten what base could" in record + study

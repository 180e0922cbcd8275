"""A live experiment's record through everything that reads records."""

import io
import json
from html import unescape
from pathlib import Path

import pytest
from rich.console import Console

from evalhub.cli.app import run
from evalhub.decision.content import content_digest
from evalhub.features.exporters.decisions import export_decisions
from evalhub.features.exporters.every_eval_ever import export_every_eval_ever
from evalhub.features.exporters.mlflow import decision_tags, ships
from evalhub.features.exporters.model_card import export_model_index
from evalhub.features.exporters.report import export_report
from evalhub.features.exporters.rows import ExportError
from evalhub.frames.command.printing import print_record
from evalhub.ledger.models import Decision
from evalhub.ledger.verification import verify_at_home
from evalhub.report.criterion_page import criterion_page
from evalhub.report.decision_page import decision_page
from evalhub.report.github import annotations
from evalhub.report.junit import junit
from evalhub.report.markdown import markdown
from evalhub.report.one_file import render_report
from tests.cast import Team
from tests.features.experiments.decisions_of import USERS, a_live_decision

pytestmark = pytest.mark.django_db


@pytest.fixture(params=USERS)
def decision(team: Team, request: pytest.FixtureRequest) -> Decision:
    return a_live_decision(team, request.param)


def test_it_verifies_here_and_from_its_file(
    decision: Decision, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify_at_home(decision).verified
    file = tmp_path / "record.json"
    file.write_text(json.dumps(decision.record))
    assert run(["decision", "verify", str(file), "--digest", decision.digest]) == 0
    assert decision.verdict in capsys.readouterr().out


def test_every_rendering_has_its_headline_and_its_users(decision: Decision) -> None:
    record = decision.document
    terminal = Console(file=io.StringIO(), width=200)
    print_record(record, terminal)
    texts = [terminal.file.getvalue(), markdown(record), render_report(record, [])]  # type: ignore[attr-defined]
    for text in texts:
        plain = " ".join(unescape(text).replace("\\", "").split())
        assert record.headline in plain
        assert f"exposed: {record.exposure.exposed:,} users" in plain  # type: ignore[union-attr]
    assert record.headline in junit(record).decode()
    assert annotations(record)
    assert content_digest(record)
    assert [each.title for each in decision_page(record).sections][:4] == [
        "Allocation",
        "Exposure",
        "Stages",
        *([] if record.invalid else ["Users' sums"]),
    ]
    for number, _ in enumerate(record.criteria, 1):
        assert criterion_page(record, number).advice is not None


def test_what_leaves_as_files_knows_it(decision: Decision, tmp_path: Path) -> None:
    assert export_decisions(
        project=decision.study.project, by=None, to=tmp_path / "decisions", form="jsonl"
    )
    assert decision.document.headline in unescape(export_report(decision=decision, by=None))
    assert decision_tags(decision)["evalhub.verdict"] == decision.verdict
    assert ships(decision) == (decision.verdict == "ship")
    with pytest.raises(ExportError, match=r"live experiment|invalid"):
        export_model_index(decision=decision, by=None)
    with pytest.raises(ExportError, match=r"live experiment|invalid"):
        export_every_eval_ever(decision=decision, by=None, to=tmp_path / "every")


HEADLINES = {
    "ship": "challenger has 0.08 fewer errors per request.",
    "hold": "challenger has 0.13 more errors per request.",
}


@pytest.mark.parametrize(("verdict", "headline"), HEADLINES.items())
def test_a_headline_names_its_metric_once(team: Team, verdict: str, headline: str) -> None:
    assert a_live_decision(team, verdict).document.headline == headline


def test_it_says_where_each_end_is_narrowest_and_what_it_cannot_see(decision: Decision) -> None:
    """Of 1,000 planned users; an eighth of them are 125."""
    text = markdown(decision.document)
    assert "the load of one arm slows the other" in text
    assert "novelty" in text
    if not decision.document.invalid:
        narrowest = "Its lower end is narrowest at 1,000 users, its upper end, which shows harm, at"
        assert f"{narrowest} 125." in text
        assert "the difference is likely too large; its interval holds all the same" in text

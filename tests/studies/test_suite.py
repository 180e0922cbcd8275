"""`suite: general`: a regression guard over eight skills by one line of a study file."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.cli.app import run
from evalhub.features.exporters.report import export_report
from evalhub.ledger.models import Decision
from evalhub.registry.models import Study, TestSetVersion
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.file.suite import MARGIN
from evalhub.studies.web.bundle_upload import bundle_of
from runners.suites import SUITES
from tests.studies.desks import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Its test sets are the suite's alone."""
    desk = Desk(tmp_path)
    desk.study |= {"project": "support-desk", "suite": "general"}
    del desk.study["test_sets"]
    return desk


def answered(
    desk: Desk, items: int, lost: tuple[str, ...] = (), bare: tuple[str, ...] = ()
) -> None:
    """The base answers every skill right but those that are `bare`; so does the tuned arm, but
    for those that it lost."""
    for skill, suite in SUITES.items():
        for arm, wrong in (("base", {bare}), ("tuned", {lost, bare})):
            said = (
                {"id": each["id"], "output": "\x1b[2J?" if skill in wrong else each["reference"]}
                for each in suite.generate(1, items)
            )
            desk.rows(f"{arm}.general-{skill}.jsonl", said)


def test_one_line_is_eight_guards_with_the_suites_own_metrics(desk: Desk) -> None:
    found = read_study(desk.write(), OperatorFile()).test_sets
    assert list(found) == [f"general-{skill}" for skill in SUITES]
    for (skill, suite), asked in zip(SUITES.items(), found.values(), strict=True):
        assert (asked.role, asked.tier, asked.margin) == ("guard", "critical", MARGIN)
        assert asked.metric.name == suite.metric
        assert asked.metric.options.get("extract") == suite.extract
        assert asked.suite
        assert (asked.suite.skill, asked.suite.items) == (skill, 100)


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_what_was_lost_is_told_by_skill_with_examples(
    desk: Desk, capsys: pytest.CaptureFixture[str], olga: Client
) -> None:
    desk.study["suite"] = {"name": "general", "items": 30, "margin": 0.25}
    answered(desk, 30, lost="formats", bare="dates")
    assert run(["study", "run", str(desk.write())]) == 1
    said = capsys.readouterr().out
    assert (
        "General capability: 6 of 8 skills are kept. Lost: formats. Too low to tell: dates." in said
    )
    first = SUITES["formats"].generate(1, 30)[0]
    assert f"general-formats, {first['id']}, lost:" in said
    assert "tuned: [2J?" in said, "without the control character"
    assert "\x1b[2J" not in said
    assert said.count(", lost:") == 2
    assert run(["study", "run", str(desk.file), "--json"]) == 1, "the same again"
    criteria = json.loads(capsys.readouterr().out)["criteria"]
    assert {each["name"]: each["status"] for each in criteria}["general-formats"] == "fail"
    assert TestSetVersion.objects.count() == 8
    report = export_report(decision=Decision.objects.get(), by=None)
    assert "7 other criteria don’t fail: 6 hold, 1 open" in report
    assert "<strong>formats</strong> lost: 1.00 → 0.00" in report
    examples = report.partition("Examples of what was lost")[2].partition("</section>")[0]
    assert examples.count(">general-formats · formats-") == 3
    page = olga.get(reverse("site:study", args=[Study.objects.get().pk])).text
    assert "tab=answers&amp;test_set=general-formats&amp;outcome=lost#panel" in page


def test_skills_items_seed_and_margin_can_be_said(desk: Desk) -> None:
    desk.study["suite"] = {
        "name": "general",
        "skills": ["facts", "dates"],
        "items": 20,
        "seed": 8,
        "margin": 0.2,
        "tier": "supporting",
    }
    desk.study["test_sets"] = {
        "sums": {"suite": {"skill": "arithmetic", "items": 500}, "role": "primary"}
    }
    spec = read_study(desk.write(), OperatorFile())
    assert list(spec.test_sets) == ["sums", "general-facts", "general-dates"]
    assert spec.test_sets["general-dates"].tier == "supporting"
    assert spec.test_sets["sums"].metric.name == "numeric_match"
    with spec.items_file("general-dates") as path:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert rows == SUITES["dates"].generate(8, 20)
    assert not path.exists()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"suite": "genral"}, "field 'suite"),
        ({"suite": {"items": 1000}}, "fewer than 1000 different"),
        ({"suite": {"skills": ["poetry"]}}, "field 'suite.skills.0'"),
        ({"suite": {"skills": []}}, "field 'suite.skills': is empty"),
        ({"suite": {"margin": -1}}, "field 'suite.margin'"),
        ({"suite": None}, "name a test set, or say suite: general"),
        (
            {"test_sets": {"general-facts": {"suite": {"skill": "facts"}, "role": "guard"}}},
            "field 'test_sets.general-facts': is a skill of the suite already",
        ),
        ({"test_sets": {"own": {"role": "guard"}}}, "field 'test_sets.own.metric': missing"),
        (
            {"test_sets": {"own": {"role": "guard", "metric": {"name": "contains"}}}},
            "field 'test_sets.own.file': says where the items come from",
        ),
        (
            {"test_sets": {"own": {"role": "guard", "file": "x", "suite": {"skill": "facts"}}}},
            "field 'test_sets.own.file': says where the items come from",
        ),
        (
            {"test_sets": {"own": {"role": "guard", "suite": {"skill": "facts", "items": 900}}}},
            "field 'test_sets.own.suite.items': suite facts: fewer than 900 different",
        ),
        (
            {"test_sets": {"own": {"role": "guard", "suite": ["facts"]}}},
            "field 'test_sets.own",
        ),
    ],
)
def test_what_the_suite_has_not_is_refused_by_its_field(
    desk: Desk, said: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.study |= said
    assert run(["study", "run", str(desk.write())]) == 65
    assert message in capsys.readouterr().err


def test_a_site_is_handed_the_line_and_no_file(desk: Desk) -> None:
    answered(desk, 2)
    found = bundle_of(read_study(desk.write(), OperatorFile()))
    assert found.document["suite"] == "general"
    assert len(found.files) == 8, "the recorded answers, which are the same for both arms"
    assert "test_sets" not in found.document

"""Names that are words of Python's dictionaries, markup, a path or emoji, over every page and file.

Django's templates read a dictionary's key before its method, so a test set called `items` hid
`.items()`: its study's page was an error for good.
"""

import csv
import json
import re
import zipfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils.html import escape

import reviews
from evalhub.accounts.models import Scope, User
from evalhub.accounts.tokens import add_token
from evalhub.cli.app import run as evalhub
from evalhub.decision.outcomes import Outcome
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.review import Design
from evalhub.features.exporters.answers import export_answers
from evalhub.features.exporters.decisions import export_decisions
from evalhub.features.exporters.every_eval_ever import export_every_eval_ever
from evalhub.features.exporters.model_card import export_model_index
from evalhub.features.exporters.report import export_report
from evalhub.features.exporters.study import export_study
from evalhub.io.rows import DataError
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion, Run, Study, TestSet
from evalhub.report.junit import junit
from evalhub.report.markdown import markdown
from evalhub.report.one_file import render_report
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.run.register import register_study
from reviews.models import Assignment, AssignmentState, Campaign
from reviews.planning.campaign import close_campaign, open_campaign
from reviews.results.export import as_csv, as_jsonl
from reviews.results.export import rows as judgment_rows
from tests.cast import (
    Team,
    a_run,
    a_score_audit,
    a_study,
    a_team,
    a_test_set,
    a_version,
    a_working_set,
)
from tests.e2e.test_access_matrix import routes
from tests.reviews.assignments.test_assign import answer, deal
from tests.reviews.judged import judge_all

SLUGS = ["items", "keys", "values", "get", "count", "index", "0"]
"""What a name in an address may be: of test sets, models, arms, studies and projects."""
EMOJI = "\N{TEST TUBE}" * 80
FREE = [*SLUGS, "<b>", "..", EMOJI, "a|b", 'say "so", =1+1', "*c* `d` @all"]
"""What tags, clusters, keys and names for people may be."""
NOT_FOR_SLUGS = ["<b>", "..", EMOJI, "a b", ""]
RECORDED_ARM = {"kind": "base", "backend": {"recorded": "a.{test_set}.jsonl"}}
STUDY = {
    "schema": "evalhub.study/1",
    "project": "support",
    "name": "Shall we?",
    "baseline": "base",
    "arms": {"base": RECORDED_ARM, "tuned": RECORDED_ARM},
    "test_sets": {"t": {"file": "items.jsonl", "metric": "exact_match", "role": "primary"}},
}
TEMPLATES = sorted(
    path
    for folder in ("evalhub", "reviews", "runners")
    for path in (Path(reviews.__file__).resolve().parents[1] / folder).rglob("templates/**/*.*")
    if path.suffix in {".html", ".txt", ".md", ".xml"}
)
PAIRS_OF_A_DICTIONARY = re.compile(
    r"{%\s*for\s+\w+\s*,[^%]*?\sin\s+[\w.]*\.(?:items|keys|values)\b"  # for a, b in x.items
    r"|{%\s*for\s+\w+\s+in\s+[\w.]*\.values\b"  # for a in x.values
    r"|{%\s*for\s+\w+\s+in\s+(?!chart\.keys\b)[\w.]*\.keys\b"  # a chart's legend is a typed list
)


@pytest.fixture
def team(db: None) -> Team:
    """A project of such a name."""
    return a_team(EMOJI, "items")


@pytest.fixture
def study(team: Team) -> Study:
    """Each of seven test sets has such a name, each of seven arms, and each item's tag and key."""
    rows = [{"key": f"{i}{FREE[i % len(FREE)]}", "cluster": FREE[i % len(FREE)]} for i in range(39)]
    rows = [each | {"tags": [FREE[i % len(FREE)]]} for i, each in enumerate(rows)]
    sets = [a_test_set(team, slug, items=rows) for slug in SLUGS]
    base = a_version(team, SLUGS[0])
    arms = [base, *(a_version(team, slug, parent=base) for slug in SLUGS[1:])]
    for number, arm in enumerate(arms):
        for test_set in sets:
            a_run(arm, test_set, scores=[i % 7 <= number for i in range(39)])
    return a_study(
        team,
        baseline=base,
        candidate=arms[1],
        primary=sets[0],
        guards=sets[1:],
        alternatives=arms[2:],
        slug="items",
        policy={"alpha": 0.025, "planned_gain": 0.05},
    )


@pytest.fixture
def decision(study: Study) -> Decision:
    return decide_study(study=study)[0]


@pytest.fixture
def reviews(team: Team, study: Study) -> list[Campaign]:
    """One that goes on, one that has ended: of reviewers who are called so, by such strata."""
    runs = [
        Run.objects.get(version__model__slug=arm, test_set_version__test_set__slug="items")
        for arm in ("items", "keys")
    ]
    going, ended = (
        open_campaign(
            runs=runs,
            design=Design(items=items, reviewers_per_item=3),
            study=study,
            by=None,
            name=name,
        )
        for name, items in ((EMOJI, 5), ("<b>", 6))
    )
    answer(deal(going, team.rui), team.rui)
    deal(going, team.rui)
    judge_all(ended, {"items": lambda _: "candidate", "keys": lambda _: "baseline"})
    judge_all(ended, {"..": lambda _: "candidate"})
    close_campaign(campaign=ended, by=None)
    return [going, ended]


def filled(route: str, ids: dict[str, list[Any]]) -> Iterator[str]:
    """The route once for each test set, version, run and review that it may name."""
    first = route.strip("/").split("/")[0 if not route.startswith("/api/") else 4 : 5]
    of = next((ids[part] for part in first if part in ids), ids["other"])
    for pk in of:
        yield re.sub(
            r"<(?:\w+:)?(\w+)>",
            lambda found, pk=pk: str(ids[found[1]][0] if found[1] in ids else pk),
            route,
        )


def everything(
    team: Team, study: Study, decision: Decision, reviews: list[Campaign]
) -> dict[str, list[Any]]:
    """What the addresses' parts stand for, with one of everything else that has a page."""
    task = Run.objects.get(version__model__slug="keys", test_set_version__test_set__slug="items")
    audit = a_score_audit(team, task)
    working = a_working_set(team, task.test_set_version)
    return {
        "runs": [task.pk],
        "versions": list(ModelVersion.objects.values_list("pk", flat=True)),
        "test-sets": list(TestSet.objects.values_list("pk", flat=True)),
        "studies": [study.pk],
        "decisions": [decision.pk],
        "campaigns": [each.pk for each in reviews],
        "reviews": [each.pk for each in reviews],
        "score-audits": [audit.pk],
        "working-sets": [working.pk],
        "other": [1],
        "slug": ["items"],
        "project": ["items"],
        "test_set": ["items"],
        "item_key": ["0items"],
        "metric": [audit.metric_id],
        "output": [audit.drawn[0]],
        "item": [working.items.all()[0].pk],
        "number": [1],
        "key": ["wrong"],
        "name": ["reference/policy.md"],
        "form": ["jsonl"],
        "token": [Assignment.objects.get(state=AssignmentState.LEASED).token],
        "reviewer": [reviews[0].reviewers.get(user=team.rui).pk],
    }


@pytest.mark.heavy
def test_every_page_opens_whatever_things_are_called(
    team: Team, study: Study, decision: Decision, reviews: list[Campaign]
) -> None:
    ids = everything(team, study, decision, reviews)
    token = add_token(project=team.project, user=team.olga, name="<b>", scopes=[*Scope], by=None)
    root = Client()
    root.force_login(User.objects.create_superuser("root", email="root@example.org"))
    doors = {"api": Client(headers={"Authorization": f"Bearer {token.secret}"}), "admin": root}
    doors |= {"reviews": team.signed_in(team.rui)}
    owner, opened_pages, faults = team.signed_in(team.olga), set[str](), list[str]()
    for route in dict.fromkeys(routes()):
        if route.startswith("/admin/") and "<" in route:
            continue
        door = doors.get(route.split("/")[1], owner)
        query = f"?study={study.pk}" if route == "/campaigns/new/" else ""
        for address in filled(route, ids):
            response: Any = door.get(address + query)
            body = b"".join(response) if response.streaming else response.content
            if response.status_code == 200 and b"<html" in body:
                opened_pages.add(route)
            # the gate of a study that isn't decided answers 503 with a problem document
            undecided = response.status_code == 503 and b'"passing"' in body
            if response.status_code >= 500 and not undecided:
                faults.append(f"{response.status_code} {address}")
            if "html" in response.headers.get("Content-Type", "") and b"<b>" in body:
                faults.append(f"markup {address}")
    assert faults == []
    assert len([each for each in opened_pages if not each.startswith("/admin/")]) > 60
    for route in ("/studies/<int:pk>/", "/campaigns/<int:pk>/results/", "/campaigns/new/"):
        assert route in opened_pages


@pytest.mark.heavy
def test_a_decision_is_written_as_it_is_called(
    team: Team, decision: Decision, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As HTML, Markdown and JUnit: the names are there, and none is markup."""
    record = decision.document
    page = render_report(record, [])
    assert "<b>" not in page
    assert all(f">{name}</th>" in page for name in SLUGS)  # the breakdown's groups
    assert all(escape(tag) in page for tag in FREE)
    flips = [
        {"key": tag, "test_set": "items", "input": tag, "reference": tag, "outcome": Outcome.LOST}
        | {"baseline_text": tag, "candidate_text": tag, "baseline": 1.0, "candidate": 0.0}
        | {"difference": -1.0}
        for tag in FREE
    ]
    text = markdown(record, flips)
    outside = re.sub(r"(?s)```text\n.*?\n```", "", text)
    assert not [markup for markup in ("<b>", "@all", "a|b") if markup in outside]
    rows = [line for line in outside.splitlines() if line.startswith("| ") and "criterion" in line]
    assert {row.count("|") for row in rows} <= {9}
    suite = ElementTree.fromstring(junit(record))
    assert {*SLUGS} <= {case.attrib["name"].split()[0] for case in suite.iter("testcase")}


@pytest.mark.heavy
def test_what_is_exported_holds_every_name(
    team: Team, study: Study, decision: Decision, reviews: list[Campaign], tmp_path: Path
) -> None:
    """By each verb that writes a file; a study's comes back as the same study."""
    assert "<b>" not in export_report(decision=decision, by=None)
    assert export_model_index(decision=decision, by=None)
    assert export_every_eval_ever(decision=decision, by=None, to=tmp_path / "eee")
    assert export_answers(study=study, by=None, to=tmp_path / "answers.jsonl", form="jsonl")
    assert export_decisions(project=team.project, by=None, to=tmp_path / "d.jsonl", form="jsonl")
    export_study(study=study, by=None, to=tmp_path / "study.zip")
    with zipfile.ZipFile(tmp_path / "study.zip") as archive:
        archive.extractall(tmp_path / "study")
    (file,) = (tmp_path / "study").rglob("*.yaml")
    assert register_study(read_study(file, OperatorFile())) == study

    records = list(judgment_rows(reviews[1]))
    table = list(csv.DictReader(StringIO("".join(as_csv(records)), newline="")))
    assert [row["stratum"].removeprefix("'") for row in table] == [r["stratum"] for r in records]
    assert {row["reviewer"] for row in table} == {"items", "keys", ".."}
    assert not any(value.startswith(("=", "+", "@")) for row in table for value in row.values())
    lines = [json.loads(line) for line in as_jsonl(records)]
    assert [line["stratum"] for line in lines] == [record["stratum"] for record in records]


@pytest.mark.django_db
@pytest.mark.parametrize("name", NOT_FOR_SLUGS)
def test_another_name_is_refused_with_what_a_name_may_be(
    name: str, team: Team, tmp_path: Path
) -> None:
    """Of a test set, a model, an arm, a study and a project."""
    may_be = "letters, digits, - and _, and a letter or a digit first"
    with pytest.raises(DeclarationError, match=may_be):
        a_version(team, name)
    for changed in (
        {"project": name},
        {"slug": name},
        {"arms": {name: RECORDED_ARM, "tuned": RECORDED_ARM}, "baseline": name},
        {"test_sets": {name: {"file": "items.jsonl", "metric": "exact_match"}}},
    ):
        file = tmp_path / "study.yaml"
        file.write_text(json.dumps(STUDY | changed, ensure_ascii=False), encoding="utf-8")
        with pytest.raises(DataError, match=f"study.yaml, line 1, field .*{may_be}"):
            read_study(file, OperatorFile())


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["<b>", EMOJI, "a b"])
def test_a_person_is_called_by_letters_digits_and_a_few_signs(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evalhub(["user", "add", name]) == 64
    assert "may contain only letters, numbers, and @/./+/-/_" in capsys.readouterr().err


def test_no_template_takes_pairs_from_a_dictionary() -> None:
    """`x.items` in a template is the value of a key `items`, where there is one."""
    assert len(TEMPLATES) > 100
    for example in ("{% for a, b in page.rows.items %}", "{%for k in x.y.keys%}"):
        assert PAIRS_OF_A_DICTIONARY.search(example)
    hits = {
        path.name: found[0]
        for path in TEMPLATES
        if (found := PAIRS_OF_A_DICTIONARY.search(path.read_text(encoding="utf-8")))
    }
    assert hits == {}

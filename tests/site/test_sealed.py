"""Scores become readable by a decision alone: before it, by no door, and after an invalid one."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.cli.app import run as command
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Metric, Run, RunMetric, Study
from evalhub.site.study.tabs import LABELS
from runners.launch import resume
from tests.cast import Team, a_metric, a_run, a_study, a_test_set, a_version, opened
from tests.studies.desks import Desk

# No other number on any page is one of these.
BASE, TUNED = 0.37, 0.8125
SHOWN = ("0.37", "0.81")


@pytest.fixture
def root(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return client


def a_sealed_study(team: Team, *, failed: int = 0) -> Study:
    """Two arms with scores of their own; of the candidate's answers `failed` are errors."""
    metric, items = a_metric("token_f1"), 40
    over = a_test_set(team, items=items)
    base = a_version(team, "base")
    lora = a_version(team, "lora", parent=base)
    said = [None] * failed + [f"Tuned answer {i}." for i in range(failed, items)]
    values = [None] * failed + [TUNED] * (items - failed)
    a_run(base, over, scores=[BASE] * items, metric=metric)
    a_run(lora, over, scores=values, answers=said, metric=metric)
    return a_study(team, baseline=base, candidate=lora, primary=over, metric=metric)


def tabs(study: Study) -> list[tuple[str, Mapping[str, Any]]]:
    """Every tab of the study's page, as the page asks for it."""
    return [(reverse("site:study_panel", args=[study.pk]), {"tab": tab}) for tab in LABELS]


def addresses(study: Study) -> list[tuple[str, Mapping[str, Any]]]:
    """Every page that could show a score, with what an address can ask of it."""
    runs = Run.objects.order_by("pk")
    pages = [
        (reverse("site:runs"), {}),
        (reverse("site:studies"), {}),
        (reverse("site:study", args=[study.pk]), {"tab": "answers", "sort": "high"}),
        (reverse("site:test_set", args=[runs[0].test_set_version.test_set_id]), {}),
        (reverse("site:study_items", args=[study.pk]), {"sort": "worst"}),
        (reverse("site:study_items", args=[study.pk]), {"outcome": "won"}),
        (reverse("site:study_item", args=[study.pk, "questions", "q0007"]), {}),
    ]
    for run in runs:
        pages += [
            (reverse("site:run", args=[run.pk]), {"show": show})
            for show in ("", "errors", "unscored")
        ]
        pages.append((reverse("site:run_items", args=[run.pk]), {}))
        pages.append((reverse("site:run_item", args=[run.pk, "q0007"]), {}))
        both = {"left": runs[0].version_id, "right": run.version_id}
        pages.append((reverse("site:versions_beside"), both))
        pages.append((reverse("site:version", args=[run.version_id]), {}))
    return pages


def of_the_admin() -> list[tuple[str, Mapping[str, Any]]]:
    lists = [
        (reverse(f"admin:registry_{name}_changelist"), {})
        for name in ("run", "runmetric", "score", "output", "metric")
    ]
    rows = [
        (reverse(f"admin:registry_{each._meta.model_name}_change", args=[each.pk]), {})
        for run in Run.objects.all()
        for each in (run, run.outputs.last(), run.metrics.first())
        if each
    ]
    return lists + rows


def shown(client: Client, pages: list[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """The pages on which a score stands."""
    return [
        page
        for page, query in pages
        if any(
            score in client.get(page, query, headers={"HX-Request": "true"}).text for score in SHOWN
        )
    ]


@pytest.mark.heavy
def test_before_a_decision_no_page_shows_a_score(olga: Client, team: Team, root: Client) -> None:
    study = a_sealed_study(team)
    assert shown(olga, [*addresses(study), *tabs(study)]) == []
    assert shown(olga, [(reverse("site:study", args=[study.pk]), {})]) == []
    assert shown(root, of_the_admin()) == []
    last = Run.objects.latest("pk")
    page = olga.get(reverse("site:run", args=[last.pk])).text
    assert "sealed" in page
    assert "Tuned answer 7." in page, "answers are always open"
    page = olga.get(reverse("site:study", args=[study.pk])).text
    assert "questions: look 1, at level 0.015. 40 items find a gain of 0.1" in page


@pytest.mark.heavy
def test_a_decision_opens_what_it_read(olga: Client, team: Team, root: Client) -> None:
    study = a_sealed_study(team)
    unread = a_metric("chrf")
    for run in Run.objects.all():
        run.metrics.create(metric=unread, mean=0.4444)
    assert decide_study(study=study)[0].verdict == "ship"
    pages = addresses(study)
    first = reverse("site:run", args=[Run.objects.earliest("pk").pk])
    assert {reverse("site:runs"), first, pages[-1][0]} <= set(shown(olga, pages))
    assert shown(root, of_the_admin()[1:3]) == [each for each, _ in of_the_admin()[1:3]]
    again = olga.get(first).text
    assert "0.44" not in again, "another metric is another look"
    assert "sealed" in again


@pytest.mark.heavy
def test_invalid_evidence_opens_nothing(olga: Client, team: Team, root: Client) -> None:
    study = a_sealed_study(team, failed=1)
    decision = decide_study(study=study)[0]
    assert decision.verdict == "invalid"
    of_it = [("site:study", study.pk), ("site:decision", decision.pk)]
    pages = [(reverse(name, args=[pk]), {}) for name, pk in of_it]
    assert shown(olga, [*addresses(study), *tabs(study), *pages]) == []
    assert shown(root, of_the_admin()) == []
    last = Run.objects.latest("pk")
    page = olga.get(reverse("site:run", args=[last.pk]), {"show": "errors"}).text
    assert "No answer: timed out" in page, "errors are always open"


@pytest.mark.parametrize(
    ("rows", "query"),
    [
        ("score", {"value__gt": 0.5}),
        ("runmetric", {"mean__gt": 0.5}),
        ("runmetric", {"o": "3"}),
        ("output", {"scores__value__gt": 0.5}),
        ("run", {"metrics__mean__gt": 0.5}),
        ("run", {"outputs__scores__value__gt": 0.5}),
        ("metric", {"scores__value__gt": 0.5}),
    ],
)
def test_an_address_of_the_admin_finds_no_row_by_a_sealed_score(
    team: Team, root: Client, rows: str, query: Mapping[str, Any]
) -> None:
    a_sealed_study(team)
    page = root.get(reverse(f"admin:registry_{rows}_changelist"), query)
    assert page.status_code in (302, 400) or page.context["cl"].result_count == 0


def test_other_answers_are_sealed_again(team: Team) -> None:
    run = a_run(
        a_version(team, backend={"type": "recorded"}), a_test_set(team, items=2), scores=[0, 1]
    )
    opened(run)
    Run.objects.update(state="failed")
    resume(run, by=None)
    assert run.metrics.get().opened, "recorded answers stay what they are"
    run.version.backend = {"type": "openai", "url": "http://127.0.0.1:9/v1", "model": "m"}
    run.version.save()
    Run.objects.update(state="failed")
    resume(run, by=None)
    assert run.metrics.get().opened is None
    assert Metric.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_command_shows_no_score_of_invalid_evidence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path)
    desk.answers("tuned", "triage", ["right"] * 29 + ["wrong"] * 30)
    study = ["study", "run", str(desk.write())]
    assert command(study) == 3
    said = " ".join(capsys.readouterr().out.split())
    assert "tuned has no answer to 1 of 60 items of triage" in said
    assert not re.search(r"\d\.\d", said), said
    assert command([*study, "--json"]) == 3
    record = json.loads(capsys.readouterr().out)
    shown = ("criteria", "breakdown", "alternatives", "noise_floor", "leakage", "baseline_choice")
    assert not any(record[name] for name in shown)
    assert not RunMetric.objects.readable().exists()

"""A study's prices and budgets, from its file to where it stops and goes on."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.cli.app import run
from evalhub.judges.models import JudgeVote
from evalhub.registry.models import Output, Run, Spending, StudyBudget
from tests.fakes.openai_server import OpenAIServer
from tests.studies.desks import Desk
from tests.studies.judging import a_judged_desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(tmp_path: Path, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Whose candidate is asked, at 9 and so many tokens a question, and is sold by nobody."""
    monkeypatch.setattr(settings, "HOME", tmp_path / "home")
    settings.HOME.mkdir()
    desk = Desk(tmp_path)
    sums = ({"id": f"q{i}", "input": f"Sum number {i}?", "reference": "right"} for i in range(300))
    desk.rows("sums.jsonl", sums)  # every question is asked once
    tuned = desk.study["arms"]["tuned"]
    tuned["backend"] = {"openai": {"url": server.url, "model": "echo", "concurrency": 2}}
    tuned["sampling"] = {"max_tokens": 10}
    return desk


def a_table(server: OpenAIServer, **prices: Any) -> None:
    """The operator's own table, in which somebody sells the model that is asked."""
    provider = {
        "hosts": [f"127.0.0.1:{server.port}"],
        "source": "https://models.example.org/prices",
        "models": [{"names": ["echo"], "prices": [{"since": "2026-01-01", **prices}]}],
    }
    table = {"schema": "evalhub.prices/1", "providers": {"ours": provider}}
    (settings.HOME / "prices.yaml").write_text(json.dumps(table))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    found = capsys.readouterr()
    return " ".join((found.out + found.err).split())


def test_an_arm_is_priced_by_a_table_and_by_its_own_price_before_that(
    desk: Desk, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    a_table(server, prompt=2, completion=8)
    assert run(["study", "run", str(desk.write()), "--dry-run"]) == 0
    told = said(capsys)
    assert (
        "Price of tuned: 2 and 8 a million tokens, ours's price of echo since 2026-01-01 by the "
        "table of this home (https://models.example.org/prices)" in told
    )
    desk.study["arms"]["tuned"]["price"] = {"prompt": 1, "completion": 1}
    assert run(["study", "run", str(desk.write()), "--dry-run"]) == 0
    assert "Price of tuned: 1 and 1 a million tokens, as the study says" in said(capsys)


def test_an_arm_that_nobody_sells_has_no_price_and_none_is_guessed(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.study["arms"]["tuned"]["backend"]["openai"]["model"] = "gpt-4.1-mini"  # at another host
    assert run(["study", "run", str(desk.write()), "--dry-run"]) == 0
    assert "no price" in said(capsys)


def test_a_budget_of_money_needs_prices(
    desk: Desk, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.study["budget"] = {"money": 5}
    for more in ([], ["--dry-run"]):
        assert run(["study", "run", str(desk.write()), *more]) == 65
        told = said(capsys)
        assert "study.yaml" in told
        assert "line" in told
        assert "field 'arms.tuned.price': missing: there is a budget of money" in told
    assert server.requests == []
    desk.study["budget"] = {"tokens": 5000}
    desk.study["arms"]["tuned"]["budget"] = {"money": 5}
    assert run(["study", "run", str(desk.write()), "--dry-run"]) == 65
    assert "arms.tuned.price" in said(capsys)


def test_what_is_wrong_with_a_budget_is_said_with_its_line(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    for budget, why in (
        ({}, "tokens, money or both"),
        ({"tokens": 0}, "must be 1 or more, not 0"),
        ({"eur": 1}, ""),
    ):
        desk.study["budget"] = budget
        assert run(["study", "run", str(desk.write())]) == 65
        told = said(capsys)
        assert "field 'budget" in told
        assert why in told
    del desk.study["budget"]
    desk.study["arms"]["base"]["budget"] = {"tokens": 5}
    assert run(["study", "run", str(desk.write())]) == 65
    assert "its answers are recorded, and nobody is asked" in said(capsys)


@pytest.mark.heavy
def test_a_study_stops_at_its_budget_and_goes_on_once_it_is_raised(
    desk: Desk, server: OpenAIServer, capsys: pytest.CaptureFixture[str], client: Client
) -> None:
    desk.study["budget"] = {"tokens": 300}
    assert run(["study", "run", str(desk.write())]) == 69
    told = said(capsys)
    assert "more than is left: it stops where that is used up" in told, "before anything is asked"
    budget = StudyBudget.objects.get()
    asked_for = len(server.requests)
    assert "of 300 tokens spent, so that nothing more is asked: raise tokens; run again" in told
    answers = Output.objects.filter(run__budget=budget, prompt_tokens__gt=0)
    dearest = max(each.prompt_tokens + each.completion_tokens for each in answers)
    assert 300 <= budget.spent_tokens < 300 + dearest, "a part of one answer, over all workers"

    client.force_login(User.objects.create_superuser("root"))
    row = Run.objects.filter(spending__prompt_tokens__gt=0).first()
    assert row is not None
    page = client.get(reverse("site:run", args=[row.pk])).content.decode()
    assert f"The budget of {budget.study}: {budget.spent_tokens} of 300 tokens spent" in page
    assert run(["run", "show", str(row.pk)]) == 0
    assert "no price of it is known" in said(capsys)

    assert run(["study", "run", str(desk.file)]) == 69, "nothing is asked as long as it isn't"
    assert len(server.requests) == asked_for
    said(capsys)
    assert run(["study", "run", str(desk.file), "--budget-tokens", "100000"]) in (0, 1, 2)
    assert set(server.asked.values()) == {1}, "nothing twice"
    budget.refresh_from_db()
    spent = Spending.objects.filter(run__budget=budget)
    assert budget.spent_tokens == sum(each.prompt_tokens + each.completion_tokens for each in spent)
    study = row.studies.get().arm.study
    page = client.get(reverse("site:study", args=[study.pk]), {"tab": "runs"}).text
    assert f"{budget.spent_tokens:,} of 100,000 tokens spent" in page


@pytest.mark.heavy
def test_answers_that_are_stored_before_count_on_the_study_s_budget(
    desk: Desk, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    a_table(server, prompt=1, completion=1)
    command = ["record", str(desk.write()), "--arm", "tuned", "--yes", "--budget-money", "0.0003"]
    assert run(command) == 69
    stored = len(server.requests)
    assert "raise money; run again to go on" in said(capsys)
    assert run([*command[:-1], "1"]) == 0
    budget = StudyBudget.objects.get()
    assert budget.spent_money == pytest.approx(budget.spent_tokens / 1e6)
    assert len(server.requests) > stored
    assert set(server.asked.values()) == {1}
    before = budget.spent_tokens
    desk.study["budget"] = {"money": 1}
    assert run(["study", "run", str(desk.write())]) in (0, 1, 2)
    budget.refresh_from_db()
    assert budget.spent_tokens == before, "what was stored isn't asked again"


def test_an_arm_s_budget_stops_that_arm_alone(
    desk: Desk, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {**desk.study["arms"]["tuned"], "kind": "prompted", "prompt": {"system": "Be brief."}}
    desk.study["arms"]["other"] = other
    desk.study["arms"]["tuned"]["budget"] = {"tokens": 50}
    assert run(["study", "run", str(desk.write())]) == 69
    assert "arm tuned: " in said(capsys)
    states = dict(Run.objects.exclude(source__gt="").values_list("version__model__slug", "state"))
    assert states == {"tuned": "failed", "other": "done"}


def test_a_judge_of_pairs_keeps_to_the_study_s_budget(
    tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = a_judged_desk(tmp_path, server)
    desk.study["judges"]["grader"]["sampling"] = {"max_tokens": 50}
    desk.study["budget"] = {"tokens": 200}
    assert run(["study", "run", str(desk.write())]) == 69
    assert "of 200 tokens spent, so that nothing more is asked" in said(capsys)
    budget = StudyBudget.objects.get()
    dearest = max(each.prompt_tokens + each.completion_tokens for each in JudgeVote.objects.all())
    assert 200 <= budget.spent_tokens < 200 + dearest
    assert JudgeVote.objects.count() == len(server.requests), "what was under way is kept"
    assert run(["study", "run", str(desk.file), "--budget-tokens", "100000"]) in (0, 1, 2)
    assert JudgeVote.objects.count() == len(server.requests) == 32

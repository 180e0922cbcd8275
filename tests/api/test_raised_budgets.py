"""A run that its budget stopped goes on with a higher one, by the command and over REST."""

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.accounts.models import LogEntry
from evalhub.cli.app import run as evalhub
from evalhub.declare.prices import Price, UsedPrice
from evalhub.registry.models import Run, StudyBudget
from runners.launch import launch
from runners.spending import Charges
from tests.api.conftest import Program
from tests.cast import OPERATOR, Team, a_metric, a_test_set, a_version
from tests.fakes.openai_server import OpenAIServer
from tests.runners.test_launch import worked_through

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]
Programs = Callable[..., Program]


@pytest.fixture
def stopped(team: Team, server: OpenAIServer) -> Run:
    """By the budget of its arm, of 50 tokens; that of the study has 10,000."""
    return a_stopped_run(team, server, price=Price(prompt=1, completion=1))


def a_stopped_run(team: Team, server: OpenAIServer, *, price: Price | None) -> Run:
    make = StudyBudget.objects.create
    charges = Charges(
        price=None if price is None else UsedPrice(price=price),
        budget=make(project=team.project, study="q", tokens=10_000),
        arm_budget=make(project=team.project, study="q", arm="tuned", tokens=50),
    )
    made = launch(
        version=a_version(team, "live", backend=server.backend(), sampling={"max_tokens": 10}),
        test_set_version=a_test_set(team, items=20),
        metrics=[a_metric("length")],
        reach=OPERATOR,
        charges=charges,
    )
    found = worked_through(made)
    assert "the budget of q, arm tuned" in found.error
    return found


def said(capsys: Capture) -> str:
    found = capsys.readouterr()
    return " ".join((found.out + found.err).replace("│", " ").split())


def test_the_command_raises_the_budget_that_is_used_up(
    stopped: Run, server: OpenAIServer, capsys: Capture
) -> None:
    spent = StudyBudget.objects.get(arm="tuned").spent_tokens
    assert evalhub(["run", "retry", str(stopped.pk), "--budget-tokens", "5000"]) == 0
    assert f"arm tuned: {spent} of 5,000 tokens spent" in said(capsys)
    assert worked_through(stopped).state == "done"
    assert len(server.requests) == 20, "nothing is asked twice"
    assert StudyBudget.objects.get(arm="").tokens == 10_000, "which wasn't used up"
    noted = LogEntry.objects.get(action="budget-set")
    assert noted.what == f"the budget of q, arm tuned, by run {stopped.pk}"
    assert noted.by is None
    assert noted.detail["tokens"] == 5000
    assert f"{spent} of 50 tokens spent" in noted.detail["was"]


def test_rest_raises_it_too_and_says_what_is_wrong(
    stopped: Run,
    program: Programs,
    server: OpenAIServer,
) -> None:
    spent = StudyBudget.objects.get(arm="tuned").spent_tokens
    asks, path = program(), f"/runs/{stopped.pk}/resume"
    for body, field, why in [
        ({"tokens": spent}, "budget.tokens", f"{spent} are spent already"),
        ({"tokens": -1}, "budget.tokens", "must be 1 or more, not -1"),
        ({"money": "5 EUR"}, "budget.money", "number"),
        ({"tokens": 10, "of": "team"}, "budget.of", "study"),
        ({"eur": 5}, "budget.eur", ""),
        ({}, "budget", "tokens, money or both"),
    ]:
        answer = asks.post(path, {"budget": body})
        assert answer.status_code == 400, body
        assert answer.json()["errors"][0]["field"] == field
        assert why in answer.json()["errors"][0]["message"]
    nan = asks.client.post(
        asks.at(path),
        '{"budget": {"money": NaN}}',
        content_type="application/json",
        headers={"Idempotency-Key": "n"},
    )
    assert nan.status_code == 400
    stopped.refresh_from_db()
    assert stopped.state == "failed"
    assert StudyBudget.objects.get(arm="tuned").tokens == 50
    asked = len(server.requests)

    assert asks.post(path, {"budget": {"tokens": 5000}}).json()["state"] == "pending"
    assert worked_through(stopped).state == "done"
    assert len(server.requests) == 20 > asked
    assert LogEntry.objects.get(action="budget-set").by is not None


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("fields", [{}, {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": "0"}])
def test_without_a_body_it_goes_on_as_it_is(
    stopped: Run, program: Programs, fields: dict[str, Any]
) -> None:
    asks = program()
    path = asks.at(f"/runs/{stopped.pk}/resume")
    form = asks.client.post(path, "budget=5", FORM, headers={"Idempotency-Key": "a"})
    assert form.status_code == 415
    answer = asks.client.generic("POST", path, headers={"Idempotency-Key": "b"}, **fields)
    assert answer.status_code == 200
    assert not LogEntry.objects.filter(action="budget-set").exists()


@pytest.mark.parametrize(
    ("options", "option", "why"),
    [
        (["--budget-tokens", "50"], "--budget-tokens", "are spent already"),
        (["--budget-tokens", "-5"], "--budget-tokens", ""),
        (["--budget-money", "-5"], "--budget-money", "must be above 0, not -5"),
        (["--budget-money", "nan"], "--budget-money", ""),
        (["--budget-money", "5EUR"], "--budget-money", "valid number"),
        (["--budget-tokens", "500", "--budget-of", "team"], "--budget-of", "study"),
        (["--budget-of", "arm"], "--budget", "tokens, money or both"),
    ],
)
def test_what_is_wrong_with_a_budget_is_said_with_its_option(
    stopped: Run, capsys: Capture, options: list[str], option: str, why: str
) -> None:
    assert evalhub(["run", "retry", str(stopped.pk), *options]) == 64
    told = said(capsys)
    assert option in told
    assert why in told
    stopped.refresh_from_db()
    assert stopped.state == "failed"
    assert StudyBudget.objects.get(arm="tuned").tokens == 50


def test_which_of_two_is_meant_is_asked_where_it_is_not_clear(
    stopped: Run, capsys: Capture
) -> None:
    StudyBudget.objects.filter(arm="").update(tokens=20)
    command = ["run", "retry", str(stopped.pk), "--budget-tokens", "5000"]
    assert evalhub(command) == 64
    assert "--budget-of" in said(capsys)
    assert evalhub([*command, "--budget-of", "study"]) == 0
    assert StudyBudget.objects.get(arm="").tokens == 5000


def test_money_is_no_budget_where_no_price_is_known(
    team: Team, server: OpenAIServer, capsys: Capture
) -> None:
    stopped = a_stopped_run(team, server, price=None)
    assert evalhub(["run", "retry", str(stopped.pk), "--budget-money", "5"]) == 64
    assert "no price of live v1 is known" in said(capsys)


def test_a_run_on_no_budget_takes_none(team: Team, server: OpenAIServer, capsys: Capture) -> None:
    server.misbehave = lambda prompt, attempt: "drop"
    made = launch(
        version=a_version(team, "live", backend=server.backend(retries=0)),
        test_set_version=a_test_set(team, items=2),
        metrics=[a_metric("length")],
        reach=OPERATOR,
    )
    assert worked_through(made).state == "failed"
    assert evalhub(["run", "retry", str(made.pk), "--budget-tokens", "5"]) == 64
    assert "counts on no budget" in said(capsys)


def test_a_run_that_goes_on_keeps_its_budget(team: Team, server: OpenAIServer) -> None:
    budget = StudyBudget.objects.create(project=team.project, study="q", tokens=50)
    made = launch(
        version=a_version(team, "live", backend=server.backend()),
        test_set_version=a_test_set(team, items=2),
        metrics=[a_metric("length")],
        reach=OPERATOR,
        charges=Charges(budget=budget),
    )
    assert evalhub(["run", "retry", str(made.pk), "--budget-tokens", "500"]) == 0
    budget.refresh_from_db()
    assert budget.tokens == 50

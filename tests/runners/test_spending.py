"""What asking costs: counted as answers come, priced request by request, held to a budget."""

from typing import Any

import pytest
from aiohttp import web

from evalhub.declare.prices import LongPromptRates, Price, UsedPrice
from evalhub.registry.models import Run, Spending, StudyBudget
from runners.backends.asking import Paid, Reply
from runners.backends.masking import Secret
from runners.backends.replies import replies
from runners.launch import launch, resume
from runners.spending import Charges, money_of, tokens_billed
from tests.cast import OPERATOR, Team, a_metric, a_test_set, a_version
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.runners.test_launch import worked_through

SONNET = Price(
    prompt=3,
    completion=15,
    long_prompts=(LongPromptRates(above=200_000, prompt=6, completion=22.5),),
)
"""Claude Sonnet 4.5, as its provider listed it in 2025."""
MINI = Price(prompt=0.4, cached_prompt=0.1, completion=1.6)
"""gpt-4.1-mini, likewise."""


def asked(
    team: Team,
    server: OpenAIServer,
    items: int,
    *,
    budget: StudyBudget | None = None,
    price: Price | None = MINI,
    sampling: dict[str, Any] | None = None,
    **backend: Any,
) -> Run:
    """A run of that many items is launched; every prompt takes 9 tokens here, every answer 4."""
    used = None if price is None else UsedPrice(price=price)
    return launch(
        version=a_version(team, "live", backend=server.backend(**backend), sampling=sampling or {}),
        test_set_version=a_test_set(team, items=items),
        metrics=[a_metric("length")],
        reach=OPERATOR,
        charges=Charges(price=used, budget=budget),
    )


def of(tokens: int | None = None, money: float | None = None) -> dict[str, Any]:
    return {"study": "q", "tokens": tokens, "money": money}


def usage(prompt: int, completion: int, choices: int = 1, cached: int | None = None) -> bytes:
    said: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion}
    if cached is not None:
        said["prompt_tokens_details"] = {"cached_tokens": cached}
    message = {"message": {"content": "yes"}, "finish_reason": "stop"}
    answer = {"choices": [message] * choices, "usage": said}
    return web.json_response(answer).body  # type: ignore[return-value]


def paid(content: bytes) -> list[Paid | None]:
    return [tokens_billed(each) for each in replies(content, 1.0, Secret(""))]


def test_a_request_is_priced_by_its_own_prompt_and_a_sum_of_requests_is_not() -> None:
    # 1M + 1M as one request: 6 + 22.5. As five requests of 200,000 + 200,000: 5 × (.6 + 3).
    assert money_of(Paid(1_000_000, 1_000_000), SONNET) == pytest.approx(28.5)
    assert 5 * money_of(Paid(200_000, 200_000), SONNET) == pytest.approx(18.0)
    assert money_of(Paid(200_001, 0), SONNET) == pytest.approx(200_001 * 6 / 1e6)


def test_what_the_server_had_read_before_costs_what_it_costs() -> None:
    # 600 fresh at .4, 400 read before at .1, 100 back at 1.6 a million
    assert money_of(Paid(1000, 100, cached=400), MINI) == pytest.approx(440e-6)
    plain = Price(prompt=0.4, completion=1.6)
    assert money_of(Paid(1000, 100, cached=400), plain) == pytest.approx(560e-6)


def test_several_answers_to_one_request_pay_for_its_prompt_once() -> None:
    assert paid(usage(50, 30, choices=3)) == [Paid(50, 30), Paid(0, 0), Paid(0, 0)]
    assert paid(usage(50, 30)) == [Paid(50, 30)]
    assert paid(usage(50, 30, cached=20)) == [Paid(50, 30, 20)]
    assert paid(usage(50, 30, cached=90)) == [Paid(50, 30, 50)]  # no more than there are


def test_an_error_that_came_with_tokens_was_paid_for_and_one_without_was_not() -> None:
    empty = b'{"choices": [{"message": {}}], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}'
    (reply,) = replies(empty, 1.0, Secret(""))
    assert (reply.text, tokens_billed(reply)) == (None, Paid(7, 2))
    assert tokens_billed(Reply(error="no answer within 60 s")) is None


@pytest.mark.django_db
def test_a_run_counts_what_its_answers_cost(team: Team, server: OpenAIServer) -> None:
    run = worked_through(asked(team, server, 20))
    row = Spending.objects.get(run=run)
    said = run.outputs.values_list("prompt_tokens", "completion_tokens")
    prompt, completion = (sum(each[at] for each in said) for at in (0, 1))
    assert (row.prompt_tokens, row.completion_tokens, row.untold) == (prompt, completion, 0)
    assert row.money == pytest.approx((0.4 * prompt + 1.6 * completion) / 1e6)
    (shown,) = run.spent
    assert "0.4 (0.1 where cached) and 1.6 a million tokens, as the study says" in shown.sentence


@pytest.mark.django_db
def test_samples_of_one_request_are_counted_as_they_were_paid(
    team: Team, server: OpenAIServer
) -> None:
    run = worked_through(asked(team, server, 5, sampling={"samples": 4}))
    assert len(server.requests) == 5
    row = Spending.objects.get(run=run)
    one = run.outputs.filter(sample=0)
    assert row.prompt_tokens == sum(one.values_list("prompt_tokens", flat=True))
    assert row.completion_tokens == sum(run.outputs.values_list("completion_tokens", flat=True))


@pytest.mark.django_db
def test_an_unpriced_run_counts_tokens_and_knows_no_money(team: Team, server: OpenAIServer) -> None:
    run = worked_through(asked(team, server, 2, price=None))
    (shown,) = run.spent
    assert shown.money is None
    assert shown.sentence.endswith("no price of it is known")


@pytest.mark.django_db
def test_a_budget_that_is_reached_stops_the_run_and_raised_it_goes_on(
    team: Team, server: OpenAIServer
) -> None:
    budget = StudyBudget.objects.create(project=team.project, **of(tokens=100))
    run = worked_through(asked(team, server, 40, budget=budget, concurrency=2))
    budget.refresh_from_db()
    assert (run.state, run.unreachable) == ("failed", True)
    spent, asked_for = budget.spent_tokens, len(server.requests)
    assert run.error == (
        f"the budget of q: {spent} of 100 tokens spent, so that nothing more is asked: raise "
        "tokens; run again to go on"
    )
    each = spent // asked_for
    assert 100 <= spent < 100 + each, "exceeded by a part of one answer"
    assert run.outputs.count() == asked_for

    resume(run, by=None)  # as it is: nobody is asked
    assert worked_through(run).state == "failed"
    assert len(server.requests) == asked_for

    StudyBudget.objects.update(tokens=10_000)
    resume(run, by=None)
    assert worked_through(run).state == "done"
    assert len(server.requests) == 40  # nothing twice
    assert set(server.asked.values()) == {1}
    row = Spending.objects.get(run=run)
    budget.refresh_from_db()
    assert budget.spent_tokens == row.prompt_tokens + row.completion_tokens == 40 * each


@pytest.mark.django_db
def test_a_budget_of_money_stops_where_it_is_reached(team: Team, server: OpenAIServer) -> None:
    budget = StudyBudget.objects.create(project=team.project, **of(money=100e-6))
    run = worked_through(asked(team, server, 40, budget=budget, concurrency=2))
    budget.refresh_from_db()
    assert budget.spent_money >= 100e-6
    assert "raise money; run again" in run.error
    assert 0 < run.outputs.count() < 40


@pytest.mark.django_db
def test_attempts_that_fail_cost_nothing_that_anybody_tells(
    team: Team, server: OpenAIServer
) -> None:
    server.misbehave = lambda prompt, attempt: http_error(400, "no")
    budget = StudyBudget.objects.create(project=team.project, **of(tokens=1))
    run = worked_through(asked(team, server, 3, budget=budget))
    budget.refresh_from_db()
    assert budget.spent_tokens == 0
    assert len(server.requests) >= 3
    assert "failed" in run.error


@pytest.mark.django_db
def test_no_budget_is_held_on_a_server_that_tells_no_tokens(
    team: Team, server: OpenAIServer
) -> None:
    server.misbehave = lambda prompt, attempt: web.json_response(
        {"choices": [{"message": {"content": "yes"}}]}
    )
    budget = StudyBudget.objects.create(project=team.project, **of(tokens=1000))
    run = worked_through(asked(team, server, 40, budget=budget, concurrency=2))
    assert "doesn't tell how many tokens its answers take" in run.error
    assert run.outputs.count() < 40
    assert "without those of" in run.spent[0].sentence


@pytest.mark.django_db
def test_answers_taken_over_from_another_run_cost_nothing(team: Team, server: OpenAIServer) -> None:
    first = worked_through(asked(team, server, 5))
    grown = a_test_set(team, items=6)
    again = launch(
        version=first.version,
        test_set_version=grown,
        metrics=[a_metric("length")],
        reach=OPERATOR,
        charges=Charges(price=UsedPrice(price=MINI)),
    )
    again = worked_through(again)
    assert again.reused == 5
    assert len(server.requests) == 6
    row = Spending.objects.get(run=again)
    assert row.prompt_tokens == again.outputs.order_by("-pk")[0].prompt_tokens

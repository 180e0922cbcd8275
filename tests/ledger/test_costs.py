"""Latency and cost as budgets, items weighted to production's mix, and who must have judged."""

from typing import Any

import pytest

from evalhub.decision.verify import verify
from evalhub.declare.prices import Listed, Price, UsedPrice
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion, Output, Run, Spending, Study, StudyTestSet
from tests.cast import Team, a_run, a_study, a_test_set, a_version, decided

pytestmark = pytest.mark.django_db


class Desk:
    """A tuned arm that gains 50 of 200 questions, all of which take 100 ms and 20 + 5 tokens."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.questions = a_test_set(team, "questions", items=200, tags=["en", "de"])
        self.base, self.tuned = a_version(team, "base"), a_version(team, "tuned")
        a_run(self.base, self.questions, scores=[1.0] * 50 + [0.0] * 150)
        a_run(self.tuned, self.questions, scores=[1.0] * 100 + [0.0] * 100)

    def tuned_outputs(self, **values: Any) -> None:
        Output.objects.filter(run__version=self.tuned).update(**values)

    def study(self, **policy: Any) -> Study:
        return a_study(
            self.team,
            baseline=self.base,
            candidate=self.tuned,
            primary=self.questions,
            policy=policy,
        )


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


def budget(decision: Decision, name: str = "latency") -> dict[str, Any]:
    (found,) = [row for row in decision.record["criteria"] if row["name"] == name]
    assert found["role"] == "budget"
    return found


LATENCY = {"latency": {"max_ratio": 1.2}}
COST = {"cost": {"max_ratio": 1.2}}


def test_a_candidate_within_its_budget_ships(desk: Desk) -> None:
    desk.tuned_outputs(latency_ms=110.0)
    decision = decided(desk.study(budgets=LATENCY))
    assert decision.verdict == "ship"
    row = budget(decision)
    assert (row["baseline"], row["candidate"], row["status"]) == (100.0, 110.0, "pass")
    assert row["ratio"] == pytest.approx(1.1)


def test_one_over_its_budget_is_held_whatever_it_gains(desk: Desk) -> None:
    desk.tuned_outputs(latency_ms=150.0)
    decision = decided(desk.study(budgets=LATENCY))
    assert decision.verdict == "hold"
    assert budget(decision)["status"] == "fail"


def test_a_slow_tail_is_a_budget_of_its_own(desk: Desk) -> None:
    """A quarter of the answers take four times as long: 175 ms in the mean, 400 at p95."""
    slow = Output.objects.filter(run__version=desk.tuned).order_by("pk")[:50].values_list("pk")
    Output.objects.filter(pk__in=[pk for (pk,) in slow]).update(latency_ms=400.0)
    asked = {"latency": {"max_ratio": 3}, "latency_p95": {"max_ratio": 3}}
    decision = decided(desk.study(budgets=asked))
    assert decision.verdict == "hold"
    assert budget(decision)["status"] == "pass"
    row = budget(decision, "latency_p95")
    assert (row["baseline"], row["candidate"], row["ratio"]) == (100.0, 400.0, 4.0)
    assert row["status"] == "fail"
    assert verify(decision.record).verified


def test_an_advisory_budget_decides_nothing(desk: Desk) -> None:
    desk.tuned_outputs(latency_ms=150.0)
    budgets = {"latency": {"max_ratio": 1.2, "tier": "advisory"}}
    assert decided(desk.study(budgets=budgets)).verdict == "ship"


def test_a_latency_that_was_not_recorded_is_not_0(desk: Desk) -> None:
    some = Output.objects.filter(run__version=desk.tuned)[:30].values_list("pk", flat=True)
    Output.objects.filter(pk__in=list(some)).update(latency_ms=None)
    decision = decided(desk.study(budgets=LATENCY))
    assert decision.verdict == "need-more-data"
    assert decision.record["pending"] == [
        "The latency of tuned isn't known for 30 of 200 items of questions"
    ]
    assert [row["name"] for row in decision.record["criteria"]] == ["questions"]


def test_without_prices_a_cost_is_its_tokens(desk: Desk) -> None:
    desk.tuned_outputs(completion_tokens=25)
    row = budget(decided(desk.study(budgets=COST)), "cost")
    assert (row["baseline"], row["candidate"]) == pytest.approx((25e-6, 45e-6))
    assert row["status"] == "fail"


def test_prices_weigh_tokens_in_and_out(desk: Desk) -> None:
    """20·1 + 5·4 = 40 millionths against 20·.5 + 25·1 = 35."""
    desk.tuned_outputs(completion_tokens=25)
    prices = {
        "base": {"prompt": 1.0, "completion": 4.0},
        "tuned": {"prompt": 0.5, "completion": 1.0},
    }
    row = budget(decided(desk.study(budgets=COST, prices=prices)), "cost")
    assert (row["baseline"], row["candidate"]) == pytest.approx((40e-6, 35e-6))
    assert row["status"] == "pass"


def test_money_is_not_compared_with_tokens(desk: Desk) -> None:
    prices = {"base": {"prompt": 1.0, "completion": 4.0}}
    decision = decided(desk.study(budgets=COST, prices=prices))
    assert decision.verdict == "need-more-data"
    assert decision.record["pending"] == [
        "The cost of tuned isn't known: no price of it is. Say arms.tuned.price in the study's "
        "file, or put its model into prices.yaml, and run the study again"
    ]
    assert [row["name"] for row in decision.record["criteria"]] == ["questions"]
    assert "No price of tuned is known." in decision.record["prices"]["sentences"]
    assert verify(decision.record).verified


def listed(prompt: float, completion: float, since: str) -> UsedPrice:
    return UsedPrice(
        price=Price(prompt=prompt, completion=completion),
        listed=Listed(
            provider="ours",
            model="small",
            since=since,
            source="https://example.org/prices",
            table="home",
        ),
    )


def asked_at(version: ModelVersion, price: UsedPrice) -> None:
    """The version's run was asked at that price."""
    run = Run.objects.get(version=version)
    Spending.objects.update_or_create(run=run, version=version, defaults={"price": price})


def test_the_price_at_which_a_run_was_asked_is_taken_where_the_study_says_none(desk: Desk) -> None:
    """20·1 + 5·4 = 40 millionths, said by the study, against 20·.5 + 25·1 = 35 by a table."""
    desk.tuned_outputs(completion_tokens=25)
    asked_at(desk.tuned, listed(0.5, 1.0, "2026-01-01"))
    asked_at(desk.base, listed(9.0, 9.0, "2026-01-01"))
    study = desk.study(budgets=COST, prices={"base": {"prompt": 1.0, "completion": 4.0}})
    decision = decided(study)
    row = budget(decision, "cost")
    assert (row["baseline"], row["candidate"]) == pytest.approx((40e-6, 35e-6))
    assert decision.record["prices"]["sentences"] == [
        "base costs 1 and 4 a million tokens, as the study says.",
        "tuned costs 0.5 and 1 a million tokens, ours's price of small since 2026-01-01 by the "
        "table of this home (https://example.org/prices), as it was when it was asked.",
    ]
    assert verify(decision.record).verified

    kept = decision.record
    asked_at(desk.tuned, listed(5.0, 10.0, "2026-10-01"))
    decision.refresh_from_db()
    assert decision.record == kept
    later = decided(study)
    assert later.pk != decision.pk, "another price is another decision, and says so"
    assert "since 2026-10-01" in later.record["prices"]["sentences"][1]
    assert budget(later, "cost")["status"] == "fail"


def test_without_a_budget_of_cost_prices_decide_nothing(desk: Desk) -> None:
    asked_at(desk.tuned, listed(0.5, 1.0, "2026-01-01"))
    assert decided(desk.study(budgets=LATENCY)).record["prices"] is None


def test_a_price_that_is_not_the_study_s_is_found(desk: Desk) -> None:
    prices = {"base": {"prompt": 1.0, "completion": 4.0}, "tuned": {"prompt": 1.0, "completion": 4}}
    record = decided(desk.study(budgets=COST, prices=prices)).record
    record["prices"]["candidate"]["price"]["completion"] = 0.5
    fields = [each.field for each in verify(record).differences]
    assert "prices.candidate.price" in fields


def test_an_answer_to_a_long_prompt_costs_what_those_do(desk: Desk) -> None:
    """20·1 + 5·2 = 30 millionths; where the prompt has 21, 21·10 + 5·20 = 310."""
    long = {"above": 20, "prompt": 10.0, "completion": 20.0}
    price = {"prompt": 1.0, "completion": 2.0, "long_prompts": [long]}
    desk.tuned_outputs(prompt_tokens=21)
    study = desk.study(budgets=COST, prices={"base": price, "tuned": price})
    row = budget(decided(study), "cost")
    assert (row["baseline"], row["candidate"]) == pytest.approx((30e-6, 310e-6))


def test_items_are_weighted_to_the_mix_of_production(desk: Desk) -> None:
    """Of the even (en) 100 questions 25 are gained; of de, a twentieth of production, too."""
    study = desk.study()
    gained = Output.objects.filter(run__version=desk.tuned, item__tags=["en"], scores__value=1)
    for output in gained:
        output.scores.update(value=0.0)
    plain = decided(study).record["criteria"][0]
    StudyTestSet.objects.filter(study=study).update(mix={"en": 0.95, "de": 0.05})
    weighted = decided(study).record["criteria"][0]
    assert plain["difference"] == pytest.approx((0.25 - 0.25) / 2)
    assert weighted["difference"] == pytest.approx(-0.25 * 0.95 + 0.25 * 0.05)
    assert "weighted" in weighted["method"]


def test_a_mix_that_the_items_do_not_have_is_invalid(desk: Desk) -> None:
    study = desk.study()
    StudyTestSet.objects.filter(study=study).update(mix={"en": 0.5, "fr": 0.5})
    decision = decided(study)
    assert decision.verdict == "invalid"
    assert "can't be weighted to its mix" in decision.record["invalid"][0]


def test_a_supporting_guard_in_doubt_keeps_no_ship_back_and_a_critical_one_does(
    desk: Desk,
) -> None:
    sums = a_test_set(desk.team, "sums", items=40)
    a_run(desk.base, sums, scores=[1.0] * 20 + [0.0] * 20)
    a_run(desk.tuned, sums, scores=[1.0] * 20 + [0.0] * 20)
    study = a_study(
        desk.team,
        baseline=desk.base,
        candidate=desk.tuned,
        primary=desk.questions,
        guards=[sums],
    )
    study.test_sets.filter(name="sums").update(tier="supporting")
    assert decided(study).verdict == "ship"
    study.test_sets.filter(name="sums").update(tier="critical")
    assert decided(study).verdict == "need-more-data"


def test_a_relative_margin_is_a_share_of_what_the_baseline_scores(desk: Desk) -> None:
    sums = a_test_set(desk.team, "sums", items=400)
    a_run(desk.base, sums, scores=[1.0] * 40 + [0.0] * 360)
    a_run(desk.tuned, sums, scores=[1.0] * 34 + [0.0] * 366)
    study = a_study(
        desk.team,
        baseline=desk.base,
        candidate=desk.tuned,
        primary=desk.questions,
        guards=[sums],
    )
    study.test_sets.filter(name="sums").update(relative_margin=0.5)
    guard = decided(study).record["criteria"][1]
    assert (guard["margin"], guard["relative_margin"]) == (pytest.approx(0.05), 0.5)
    assert guard["ratio"] == pytest.approx(0.85)

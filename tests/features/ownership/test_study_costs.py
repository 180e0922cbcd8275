"""What a study knows of what its candidate costs, from its own runs, reviews and records."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from evalhub.cli.app import run
from evalhub.declare.cost_sheet import CostLine, CostSheet
from evalhub.declare.declaration import validate
from evalhub.declare.ownership import Ownership
from evalhub.declare.prices import Price
from evalhub.declare.review import Design
from evalhub.features.ownership.study_costs import cost_of
from evalhub.registry.models import Output, Spending, Study
from reviews.planning.campaign import open_campaign
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.reviews.judged import judge_all

pytestmark = pytest.mark.django_db
Capture = pytest.CaptureFixture[str]

KEPT = {"traffic": 100_000, "upkeep": {"monthly": 0}, "retraining": {"times_a_year": 0}}
PRICES = {
    "base": {"prompt": 10.0, "completion": 10.0},
    "tuned": {"prompt": 1.0, "completion": 1.0},
}


class Owned:
    """A tuned arm of which 200 questions take 25 tokens of both: 20 sent and 5 back."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.questions = a_test_set(team, "questions", items=200)
        self.base, self.tuned = a_version(team, "base"), a_version(team, "tuned", kind="lora")
        self.before = a_run(self.base, self.questions, scores=[1.0] * 50 + [0.0] * 150)
        self.after = a_run(self.tuned, self.questions, scores=[1.0] * 100 + [0.0] * 100)

    def study(self, ownership: dict[str, Any] | None = None, **policy: Any) -> Study:
        study = a_study(
            self.team,
            baseline=self.base,
            candidate=self.tuned,
            primary=self.questions,
            policy={"prices": PRICES, "ownership": KEPT | (ownership or {})} | policy,
        )
        self.names = [each.name for each in study.arms.all()]
        return study


@pytest.fixture
def owned(team: Team) -> Owned:
    return Owned(team)


def line(found: CostSheet, part: str) -> CostLine:
    return next(each for each in found.lines if each.part == part)


def test_requests_are_measured_on_the_arms_own_answers(owned: Owned) -> None:
    Output.objects.filter(run=owned.before, item__position__lt=100).update(prompt_tokens=220)
    found = cost_of(owned.study())
    cost = line(found, "present").figures[1]
    # a half of 225 tokens and a half of 25 at 10 millionths; the candidate's 25 at 1
    assert cost.value == pytest.approx(1250e-6)
    assert cost.low < cost.value < cost.high
    assert cost.origin == "measured"
    assert "as the study says" in cost.source
    assert line(found, "serving").figures[1].value == pytest.approx(25e-6)
    # 100,000 · (1250 − 25) millionths, with the interval of the paired differences
    assert found.net_monthly is not None
    assert found.net_monthly.value == pytest.approx(122.5)
    # sd of ±1000 millionths over 200 items: 1.96 · 1000e-6 / √200 = 139 millionths, 13.9 a month
    assert found.net_monthly.low == pytest.approx(122.5 - 13.9, abs=0.3)
    assert found.net_monthly.high == pytest.approx(122.5 + 13.9, abs=0.3)
    (note,) = found.notes
    assert "have 20 tokens on the average where those of base have 120" in note
    assert "83% shorter" in note


def test_a_long_prompt_is_priced_by_itself_and_never_on_sums(owned: Owned) -> None:
    tiered = PRICES["base"] | {"long_prompts": [{"above": 200, "prompt": 100, "completion": 100}]}
    Output.objects.filter(run=owned.before, item__position=0).update(prompt_tokens=220)
    found = cost_of(owned.study(prices=PRICES | {"base": tiered}))
    # 199 of 25 tokens at 10 millionths and one of 225 at 100; by sums all would cost 10 or 100
    mean = (199 * 250e-6 + 22_500e-6) / 200
    assert line(found, "present").figures[1].value == pytest.approx(mean)


def test_nothing_is_known_of_what_nobody_priced_or_told(owned: Owned) -> None:
    found = cost_of(owned.study(prices={"base": PRICES["base"]}))
    assert line(found, "present").amount is not None
    assert line(found, "serving").amount is None
    assert "no price of tuned is known" in line(found, "serving").missing
    assert found.net_monthly is None
    assert found.break_even.sentence.startswith("Not known yet. Missing: serving tuned")


def test_tokens_that_were_not_told_are_not_nought(owned: Owned) -> None:
    Output.objects.filter(run=owned.after, item__position__lt=3).update(prompt_tokens=None)
    found = cost_of(owned.study())
    assert "the tokens of tuned's answers aren't known of 3 items" in line(found, "serving").missing


def test_what_a_failed_answer_cost_is_not_counted(owned: Owned) -> None:
    lost = {"text": None, "error": "too long", "prompt_tokens": None, "completion_tokens": None}
    Output.objects.filter(run=owned.after, item__position__lt=3).update(**lost)
    Output.objects.filter(run=owned.before, item__position__lt=3).update(prompt_tokens=9_000)
    found = cost_of(owned.study())
    assert line(found, "present").figures[1].value == pytest.approx(250e-6)
    assert line(found, "serving").figures[1].value == pytest.approx(25e-6)


def test_the_evaluation_is_what_its_runs_cost(owned: Owned) -> None:
    study = owned.study()
    assert "made elsewhere" in line(cost_of(study), "evaluation").missing
    for each, money in ((owned.before, 1.25), (owned.after, 0.5)):
        Spending.objects.create(run=each, version=each.version, money=money, prompt_tokens=9)
    found = line(cost_of(study), "evaluation")
    assert found.amount is not None
    assert found.amount.value == 1.75
    Spending.objects.filter(run=owned.after).update(money=None)
    assert "no price of" in line(cost_of(study), "evaluation").missing


def test_reviewers_hours_are_those_of_the_study_s_reviews(owned: Owned) -> None:
    study = owned.study({"evaluation": {"reviewer_rate": 40}})
    texts = {each.pk: f"{each.run_id} {each.pk}" for each in Output.objects.all()}
    for pk, text in texts.items():
        Output.objects.filter(pk=pk).update(text=text)
    campaign = open_campaign(
        runs=[owned.before, owned.after],
        design=Design(items=5, reviewers_per_item=1),
        study=study,
        by=None,
    )
    assert len([each for each in cost_of(study).lines if each.part == "evaluation"]) == 1
    judge_all(campaign, {"ann": lambda _: "tie"}, seconds=36.0)
    judged = campaign.pairs.filter(kind="main").count()
    people = next(each for each in cost_of(study).lines if "reviewers" in each.name)
    # 36 seconds are a hundredth of an hour
    assert people.figures[0].value == pytest.approx(judged / 100)
    assert people.figures[0].origin == "measured"
    assert people.amount is not None
    assert people.amount.value == pytest.approx(judged / 100 * 40)


def test_a_price_in_another_currency_is_not_added_up(owned: Owned) -> None:
    Spending.objects.create(
        run=owned.after,
        version=owned.tuned,
        money=1.0,
        price=declared_price("ours"),
    )
    found = cost_of(owned.study({"currency": "EUR"}, prices={"base": PRICES["base"]}))
    assert line(found, "present").amount is not None, "the study's own price is in its currency"
    assert "the price of tuned is in USD and this sheet in EUR" in line(found, "serving").missing
    assert "in USD and this sheet in EUR" in line(found, "evaluation").missing


@pytest.mark.django_db(transaction=True)
def test_assumptions_in_another_currency_relabel_nothing_that_was_measured(
    owned: Owned, tmp_path: Path, capsys: Capture
) -> None:
    study = owned.study({"upkeep": {"monthly": 70}, "evaluation": {"reviewer_rate": 40}})
    for each in (owned.before, owned.after):
        price = {"price": validate(Price, PRICES["base"]).as_json(), "listed": None}
        Spending.objects.create(run=each, version=each.version, money=1.5, price=price)
    file = tmp_path / "assume.yaml"
    file.write_text("schema: evalhub.ownership/1\ncurrency: EUR\ntraining: {bill: 300}\n")
    asked = ["cost", study.slug, "--project", owned.team.project.slug, "--json"]
    assert run([*asked, "--assume", str(file)]) == 0
    euros = json.loads(capsys.readouterr().out)
    amounts = {each["part"]: each["amount"] for each in euros["lines"]}
    assert euros["currency"] == "EUR"
    assert amounts["training"]["value"] == 300, "what the file says is in its currency"
    known = {part for part, amount in amounts.items() if amount is not None}
    assert known == {"training"}, "all else would be dollars called euros"
    missing = {each["part"]: each["missing"] for each in euros["lines"]}
    assert "by prices in USD and this sheet in EUR" in missing["evaluation"]
    for part, arm in (("present", "base"), ("serving", "tuned")):
        assert f"the price of {arm} is in USD" in missing[part]
        assert f"say ownership.serving.{arm}.monthly in EUR" in missing[part]
    assert "are in USD and this sheet in EUR" in euros["notes"][0]
    assert euros["traffic"]["value"] == 100_000
    file.write_text("schema: evalhub.ownership/1\ncurrency: USD\ntraining: {bill: 300}\n")
    assert run([*asked, "--assume", str(file)]) == 0
    dollars = json.loads(capsys.readouterr().out)
    unknown = [each["part"] for each in dollars["lines"] if each["amount"] is None]
    assert unknown == ["development", "data"], "nobody said what these took"
    assert not any("converted" in each for each in dollars["notes"])


def test_a_price_of_evalhub_s_table_stays_in_its_currency(owned: Owned, settings: Any) -> None:
    """An operator's table in euros that comes later says nothing of what was paid in dollars."""
    Spending.objects.create(
        run=owned.after, version=owned.tuned, money=1.0, price=declared_price("ours")
    )
    home = Path(settings.HOME)
    home.mkdir(exist_ok=True)
    (home / "prices.yaml").write_text("schema: evalhub.prices/1\ncurrency: EUR\nproviders: {}\n")
    try:
        found = cost_of(owned.study(prices={"base": PRICES["base"]}))
    finally:
        (home / "prices.yaml").unlink()
    assert found.currency == "EUR"
    assert "the price of tuned is in USD and this sheet in EUR" in line(found, "serving").missing


def declared_price(model: str) -> dict[str, Any]:
    listed = {
        "provider": "openai",
        "model": model,
        "since": "2026-11-01",
        "source": "https://example.org/prices",
        "table": "evalhub",
    }
    return {
        "price": validate(Price, {"prompt": 0.8, "completion": 3.2}).as_json(),
        "listed": listed,
    }


def test_a_hosted_fine_tune_s_surcharge_is_said(owned: Owned) -> None:
    used = declared_price("ft:gpt-4.1-mini-2025-04-14:*")
    Spending.objects.create(run=owned.after, version=owned.tuned, money=1.0, price=used)
    found = cost_of(owned.study(prices={"base": PRICES["base"]}))
    assert (
        "tuned is a hosted fine-tune: its tokens cost 2 times those of gpt-4.1-mini-2025-04-14."
        in found.notes
    )


def test_what_is_assumed_stands_in_for_what_the_study_says(owned: Owned) -> None:
    assumed = validate(Ownership, {"traffic": 200_000})
    found = cost_of(owned.study(), assumed)
    assert found.traffic is not None
    assert (found.traffic.value, found.traffic.source) == (200_000, "assumed for this sheet")
    assert found.net_monthly is not None
    assert found.net_monthly.value == pytest.approx(45.0)  # 200,000 · 225 millionths


def test_the_budget_s_traffic_holds_where_no_other_is_said(owned: Owned) -> None:
    study = owned.study(budgets={"ownership": {"traffic": 7}})
    assert study.policy.ownership is not None
    unsaid = study.policy.ownership.model_copy(update={"traffic": None})
    study.policy = study.policy.model_copy(update={"ownership": unsaid})
    study.save()
    found = cost_of(study)
    assert found.traffic is not None
    assert found.traffic.value == 7
    assert line(found, "present").amount is not None


def sheet_of(capsys: Capture, *more: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["cost", "s", "--project", "desk", *more, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.fixture
def named(owned: Owned) -> Owned:
    study = owned.study()
    Study.objects.filter(pk=study.pk).update(slug="s")
    type(study.project).objects.filter(pk=study.project_id).update(slug="desk")
    return owned


def test_the_command_says_all_figures_and_where_they_come_from(
    named: Owned, capsys: Capture
) -> None:
    assert run(["cost", "s", "--project", "desk"]) == 0
    told = capsys.readouterr().out
    assert "? training: unknown" in told
    assert "say ownership.training.hours" in told
    # 100,000 · 250 millionths, as far as 200 questions can tell
    assert re.search(r"serving base: 2[45]\.?\d* to 25, .* a request", told)
    assert "100,000 requests a month (stated: the study's file)" in told
    assert re.search(r"Saved a month: 21\.\d+ to 22\.\d+\n", told)
    # nobody said what the training, the data and the answers cost: it can only be later
    assert "Paid once: unknown" in told
    assert "Missing: initial development, training, data, this study's answers" in told


def test_a_file_of_assumptions_is_tried_out(named: Owned, capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "assume.yaml"
    file.write_text(
        "schema: evalhub.ownership/1\n"
        "training: {gpu: p4d.24xlarge, price: 32, hours: [4, 8]}\n"
        "data:\n  generated: {examples: 1000, an_hour: 20, rate: [20, 100]}\n"
        "evaluation: {tokens: 0}\n"
        "development:\n  tuned: {bill: 0}\n"
        "serving:\n  base: {monthly: 500}\n  tuned: {monthly: 300}\n"
    )
    found = sheet_of(capsys, "--assume", str(file))
    assert found["schema"] == "evalhub.cost/1"
    assert found["upfront"]["low"] == pytest.approx(1128)
    assert found["break_even"]["low"] == pytest.approx(5.64)
    assert found["break_even"]["high"] == pytest.approx(26.28)
    assert found["tornado"]["swings"][0]["figure"]["name"] == "data (generated): rate"
    assert validate(CostSheet, found).as_json() == found
    assert sheet_of(capsys, "--traffic", "5")["traffic"]["value"] == 5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("traffic: 0\n", "line 2, field 'traffic': must be above 0, not 0"),
        ("currency: GOLD\n", "line 2, field 'currency': is no currency"),
        ("upkeep:\n  monthly: -5\n", "line 3, field 'upkeep.monthly': must be 0 or more, not -5"),
        ("upkep: 5\n", "did you mean upkeep?"),
        (
            "development:\n  tuned: {person_days: 20}\n",
            "field 'development.tuned.rate': missing: say person_days and rate, or a bill",
        ),
    ],
)
def test_a_wrong_assumption_names_file_line_and_field(
    named: Owned, capsys: Capture, tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "assume.yaml"
    file.write_text(f"schema: evalhub.ownership/1\n{text}")
    assert run(["cost", "s", "--project", "desk", "--assume", str(file)]) == 65
    error = " ".join(capsys.readouterr().err.split())
    assert "assume.yaml" in error
    assert told in error


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nobody", "--project", "desk"], "there is no study 'nobody' in desk (studies: s)"),
        (["s", "--project", "nowhere"], "there is no project 'nowhere' (projects: desk"),
        (["s", "--project", "desk", "--candidate", "nobody"], "--candidate"),
        (["s", "--project", "desk", "--candidate", "base"], "--candidate"),
        (["s", "--project", "desk", "--traffic", "-3"], "--traffic"),
    ],
)
def test_what_isn_t_there_is_named(
    named: Owned, capsys: Capture, words: list[str], says: str
) -> None:
    assert run(["cost", *words]) == 64
    assert says in capsys.readouterr().err


def test_a_home_s_own_gpu_prices_go_first(
    owned: Owned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path)
    study = owned.study({"training": {"gpu": "p4d.24xlarge", "hours": 4}})
    first = line(cost_of(study), "training")
    assert first.amount is not None
    assert first.amount.value == pytest.approx(4 * 21.957642)
    (tmp_path / "gpus.yaml").write_text(
        "schema: evalhub.gpu-prices/1\n"
        "machines:\n"
        "- {name: p4d.24xlarge, provider: us, gpu: A100-40GB, gpus: 8, source: the contract,\n"
        "   prices: [{since: 2026-01-01, hourly: 10}]}\n"
    )
    ours = line(cost_of(study), "training")
    assert ours.amount is not None
    assert ours.amount.value == 40
    assert "the contract" in ours.figures[1].source

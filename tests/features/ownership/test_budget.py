"""A budget of ownership: what owning the candidate saves a month, as a criterion like any other."""

import html
import json
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from evalhub.cli.app import run
from evalhub.decision.policy import Policy
from evalhub.decision.policy_changes import Effect, demands_of_policy, policy_changes
from evalhub.decision.verify import verify
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.registry.models import Output, Run, Score, Study
from evalhub.registry.models.runs import RunState
from evalhub.report.decision_page import decision_page
from evalhub.report.junit import junit
from evalhub.report.markdown import markdown
from evalhub.report.one_file import render_report
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.cli.scorefiles import rows_of

pytestmark = pytest.mark.django_db
Capture = pytest.CaptureFixture[str]

BILLS = {"base": {"monthly": 500}, "tuned": {"monthly": 300}}
FREE = {"upkeep": {"monthly": 0}, "retraining": {"times_a_year": 0}}
PRICES = {
    "base": {"prompt": 10.0, "completion": 10.0},
    "tuned": {"prompt": 1.0, "completion": 1.0},
}
ASKED = {"net_monthly_min": 0, "traffic": 100_000}


class Desk:
    """A tuned arm that gains 50 of 200 questions; each takes 20 + 5 tokens of both arms."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.questions = a_test_set(team, "questions", items=200)
        self.base, self.tuned = a_version(team, "base"), a_version(team, "tuned", kind="lora")
        self.before = a_run(self.base, self.questions, scores=[1.0] * 50 + [0.0] * 150)
        self.after = a_run(self.tuned, self.questions, scores=[1.0] * 100 + [0.0] * 100)

    def study(
        self, ownership: dict[str, Any] | None = None, asked: dict[str, Any] = ASKED, **more: Any
    ) -> Study:
        said = {} if ownership is None else {"ownership": FREE | ownership}
        return a_study(
            self.team,
            baseline=self.base,
            candidate=self.tuned,
            primary=self.questions,
            policy={"budgets": {"ownership": asked}} | said | more,
            slug=f"shall-we-{Study.objects.count()}",
        )

    def decided(self, *args: Any, **more: Any) -> Decision:
        return decide_study(study=self.study(*args, **more))[0]


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


def row(decision: Decision) -> dict[str, Any]:
    (found,) = [each for each in decision.record["criteria"] if each["name"] == "ownership"]
    assert found["role"] == "ownership"
    return found


def test_bills_that_save_200_a_month_ship(desk: Desk) -> None:
    decision = desk.decided({"serving": BILLS})
    found = row(decision)
    assert (found["baseline"], found["candidate"]) == (500, 300)
    assert (found["difference"], found["lower"], found["upper"]) == (200, 200, 200)
    assert (found["status"], decision.verdict) == ("pass", "ship")
    assert "saves 200 USD a month" in decision.record["headline"]
    assert found["sentence"] == (
        "ownership saves 200 USD a month [200]: at least the 0 a month that is asked"
    )
    assert verify(decision.record).verified


def test_the_lower_end_may_be_what_is_asked_and_no_less(desk: Desk) -> None:
    at = desk.decided({"serving": BILLS}, {"net_monthly_min": 200, "traffic": 5})
    assert row(at)["status"] == "pass"
    assert verify(at.record).verified


def test_ranges_that_hold_what_is_asked_are_open(desk: Desk) -> None:
    hosting = {"base": {"monthly": 500}, "tuned": {"monthly": [300, 600]}}
    decision = desk.decided({"serving": hosting})
    found = row(decision)
    # 500 − 600 and 500 − 300
    assert (found["lower"], found["upper"]) == (-100, 200)
    assert (found["status"], decision.verdict) == ("open", "need-more-data")
    assert "narrower assumptions" in found["sentence"]
    assert verify(decision.record).verified


def test_what_costs_more_is_held_whatever_it_gains(desk: Desk) -> None:
    dearer = {"serving": {"base": {"monthly": 100}, "tuned": {"monthly": [300, 400]}}}
    decision = desk.decided(dearer)
    found = row(decision)
    assert (found["lower"], found["upper"], found["status"]) == (-300, -200, "fail")
    assert decision.verdict == "hold"
    assert (
        "saves −250 USD a month, less than the 0 a month that is asked"
        in (decision.record["headline"])
    )
    assert verify(decision.record).verified


def test_requests_are_paired_item_by_item_and_their_interval_counts(desk: Desk) -> None:
    Output.objects.filter(run=desk.before, item__position__lt=100).update(prompt_tokens=220)
    decision = desk.decided({}, prices=PRICES)
    found = row(decision)
    # 100,000 · (10 · (225 + 25) / 2 − 25) millionths
    assert found["difference"] == pytest.approx(122.5)
    # sd 1,000 millionths over 200 items is 7.07 a month of standard error, at a level of the ledger
    assert 122.5 - 25 < found["lower"] < 122.5 - 13
    assert 122.5 + 13 < found["upper"] < 122.5 + 25
    assert (found["wins"], found["losses"], found["ties"]) == (200, 0, 0)
    assert found["status"] == "pass"
    assert verify(decision.record).verified


def test_failed_answers_are_left_out_of_both_the_criterion_and_the_record_s_lines(
    desk: Desk,
) -> None:
    lost = {"text": None, "error": "too long", "prompt_tokens": None, "completion_tokens": None}
    failed = Output.objects.filter(run=desk.after, item__position__gte=197)
    Score.objects.filter(output__in=failed).update(value=None, reason="it failed")
    Run.objects.filter(pk=desk.after.pk).update(state=RunState.FAILED)
    failed.update(**lost)
    Output.objects.filter(run=desk.before, item__position__gte=197).update(prompt_tokens=9_000)
    decision = desk.decided({}, prices=PRICES, failures="worst")
    found = row(decision)
    assert found["n"] == 197
    assert found["baseline"] == pytest.approx(25.0)
    assert decision.record["ownership"]["present"]["value"] == pytest.approx(25.0)
    assert verify(decision.record).verified


def test_what_is_paid_beside_moves_both_ends(desk: Desk) -> None:
    alone = row(desk.decided({}, prices=PRICES))
    kept = row(desk.decided({"upkeep": {"monthly": [5, 10]}}, prices=PRICES))
    assert kept["lower"] == pytest.approx(alone["lower"] - 10)
    assert kept["upper"] == pytest.approx(alone["upper"] - 5)
    assert kept["difference"] == pytest.approx(alone["difference"] - 7.5)


@pytest.mark.parametrize(
    ("ownership", "prices", "told"),
    [
        (None, PRICES, "upkeep: say ownership.upkeep"),
        ({"upkeep": {"monthly": 0}}, {"base": PRICES["base"]}, "no price of tuned is known"),
        ({"serving": {"tuned": {"gpu": "Z9"}}}, PRICES, "no price of Z9 is known"),
    ],
)
def test_what_isn_t_known_keeps_a_ship_back_and_says_what_would_make_it_known(
    desk: Desk, ownership: dict[str, Any] | None, prices: dict[str, Any], told: str
) -> None:
    decision = desk.decided(ownership, prices=prices)
    assert decision.verdict == "need-more-data"
    assert all(each["name"] != "ownership" for each in decision.record["criteria"])
    assert any(told in each for each in decision.record["pending"])
    assert decision.record["ownership"]["net"] is None
    assert any(told in each for each in decision.record["ownership"]["missing"])
    assert verify(decision.record).verified


def test_an_advisory_budget_of_ownership_decides_nothing(desk: Desk) -> None:
    dearer = {"serving": {"base": {"monthly": 100}, "tuned": {"monthly": 300}}}
    decision = desk.decided(dearer, ASKED | {"tier": "advisory"})
    assert (row(decision)["status"], decision.verdict) == ("fail", "ship")
    unknown = desk.decided(None, ASKED | {"tier": "advisory"})
    assert unknown.verdict == "ship"
    assert verify(unknown.record).verified


def test_the_record_keeps_all_figures_with_their_sources(desk: Desk) -> None:
    decision = desk.decided({"serving": BILLS, "training": {"hours": 4, "price": 32}})
    section = decision.record["ownership"]
    assert (section["currency"], section["traffic"]) == ("USD", 100_000)
    lines = {each["name"]: each for each in section["lines"]}
    assert lines["training"]["amount"]["value"] == 128
    assert lines["serving tuned"]["figures"][0]["source"] == "the study's file"
    assert "At 100,000 requests a month tuned costs 300 USD a month" in section["sentences"][0]


@pytest.mark.parametrize(
    ("costs", "sentence"),
    [
        (
            {"tuned": {"person_days": [10, 20], "rate": 400}},
            "The initial development of tuned cost 4,000 to 8,000 USD, paid once: it is no part "
            "of what is saved a month.",
        ),
        (
            {"base": {"bill": 5}},
            "The cost of tuned's initial development isn't known: say ownership.development.tuned, "
            "{bill: 0} if there was none.",
        ),
    ],
)
def test_the_record_and_its_reports_say_what_the_development_cost(
    desk: Desk, costs: dict[str, Any], sentence: str
) -> None:
    decision = desk.decided({"serving": BILLS, "development": costs})
    assert decision.record["ownership"]["sentences"][1] == sentence
    assert decision.verdict == "ship", "what is paid once isn't asked for"
    assert verify(decision.record).verified
    assert sentence in markdown(decision.document)
    olga = desk.team.signed_in(desk.team.olga)
    study = olga.get(reverse("site:study", args=[decision.study_id]), {"tab": "evidence"}).text
    assert html.escape(sentence) in study
    assert html.escape(sentence) in render_report(decision.document, [])


def test_a_record_from_before_the_line_verifies(desk: Desk) -> None:
    document = json.loads(json.dumps(desk.decided({"serving": BILLS}).record))
    section = document["ownership"]
    section["lines"] = [each for each in section["lines"] if each["part"] != "development"]
    section["sentences"] = section["sentences"][:1]
    assert verify(document).verified


def tampered(decision: Decision, **changes: Any) -> list[str]:
    document = json.loads(json.dumps(decision.record))
    for each in document["criteria"]:
        if each["name"] == "ownership":
            each |= changes
    return [each.field for each in verify(document).differences]


def test_a_changed_number_is_found(desk: Desk) -> None:
    decision = desk.decided({"serving": BILLS})
    assert any("lower" in each for each in tampered(decision, lower=150.0))
    assert any("min_gain" in each for each in tampered(decision, min_gain=100.0, bound=100.0))
    assert any("tier" in each for each in tampered(decision, tier="advisory"))
    assert any("baseline" in each for each in tampered(decision, baseline=600.0))
    document = json.loads(json.dumps(decision.record))
    document["ownership"]["lines"][0]["amount"] = {"low": 0, "value": 0, "high": 0}
    assert "ownership.lines[0].amount" in [each.field for each in verify(document).differences]
    document = json.loads(json.dumps(decision.record))
    document["ownership"]["traffic"] = 5
    assert any("traffic" in each.field for each in verify(document).differences)
    document = json.loads(json.dumps(decision.record))
    document["criteria"] = [each for each in document["criteria"] if each["name"] != "ownership"]
    assert not verify(document).verified


def test_every_report_shows_it(desk: Desk) -> None:
    record = desk.decided({"serving": BILLS}).document
    assert "ownership" in [each.values.name for each in decision_page(record).criteria]
    assert "ownership saves 200 USD a month" in markdown(record)
    assert b"evalhub.ownership" in junit(record)


def test_a_study_without_it_has_no_section_and_verifies(desk: Desk) -> None:
    study = a_study(
        desk.team, baseline=desk.base, candidate=desk.tuned, primary=desk.questions, policy={}
    )
    assert study.policy.as_json()["ownership"] is None
    assert study.policy.as_json()["budgets"] == {}
    record = decide_study(study=study)[0].record
    assert record["ownership"] is None
    older = {name: value for name, value in record.items() if name != "ownership"}
    assert verify(older).verified


POLICY = {
    "schema": "evalhub.policy/1",
    "criteria": {"triage": {"role": "primary", "metric": "exact"}},
    "budgets": {"ownership": {"net_monthly_min": 0, "traffic": 100_000}},
}


@pytest.mark.parametrize(
    ("asked", "field", "message"),
    [
        ({"traffic": 0}, "budgets.ownership.traffic", "must be above 0, not 0"),
        ({}, "budgets.ownership.traffic", "missing"),
        ({"traffic": 5, "net_monthly_min": "much"}, "budgets.ownership.net_monthly_min", None),
        ({"traffic": 5, "max_ratio": 2}, "budgets.ownership.max_ratio", None),
    ],
)
def test_a_wrong_budget_names_its_field(
    asked: dict[str, Any], field: str, message: str | None
) -> None:
    with pytest.raises(DeclarationError) as caught:
        validate(Policy, POLICY | {"budgets": {"ownership": asked}})
    assert caught.value.field == field
    assert message in (None, caught.value.message)


def test_a_budget_that_there_isn_t_is_named_with_those_that_there_are() -> None:
    with pytest.raises(DeclarationError) as caught:
        validate(Policy, POLICY | {"budgets": {"ownershp": {"traffic": 5}}})
    assert caught.value.field == "budgets.ownershp"
    assert "did you mean ownership?" in caught.value.message


def test_a_greater_saving_is_a_stricter_policy() -> None:
    more = POLICY | {"budgets": {"ownership": {"net_monthly_min": 50, "traffic": 100_000}}}
    old, new = (demands_of_policy(validate(Policy, each)) for each in (POLICY, more))
    (change,) = policy_changes(old, new)
    assert (change.field, change.effect) == (
        "budgets.ownership.net_monthly_min",
        Effect.STRICTER,
    )


def test_files_of_scores_alone_tell_no_cost_of_ownership(tmp_path: Path, capsys: Capture) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(POLICY))
    rows = rows_of("triage", [0] * 60, [1] * 60)
    evidence = tmp_path / "rows.jsonl"
    evidence.write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    assert run(["decide", str(policy), "--evidence", str(evidence), "--json"]) == 2
    record = json.loads(capsys.readouterr().out)
    assert "isn't known from files of scores" in record["pending"][0]
    assert verify(record).verified


def test_its_pages_are_shown(desk: Desk) -> None:
    olga = desk.team.signed_in(desk.team.olga)
    said = {"serving": {"base": {"monthly": 500}, "tuned": {"monthly": [300, 600]}}}
    decision = desk.decided(said)
    number = [each["name"] for each in decision.record["criteria"]].index("ownership") + 1
    page = olga.get(reverse("site:criterion", args=[decision.pk, number]))
    assert page.status_code == 200
    assert "ownership" in page.content.decode()
    study = olga.get(reverse("site:study", args=[decision.study_id]), {"tab": "evidence"}).text
    assert "USD saved a month" in study
    assert "Cost of ownership" in study
    policy = olga.get(reverse("site:study_policy", args=[decision.study_id]))
    assert policy.status_code == 200
    record = olga.get(reverse("site:record", args=[decision.pk]))
    assert record.status_code == 200

"""The page and the endpoint of what a study's candidate costs."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from evalhub.registry.models import Study
from tests.api.conftest import Program
from tests.cast import Team, a_run, a_study, a_test_set, a_version

pytestmark = pytest.mark.django_db

SAID = {
    "traffic": 100_000,
    "development": {"tuned": {"bill": 0}},
    "training": {"gpu": "p4d.24xlarge", "price": 32, "hours": [4, 8]},
    "data": {"generated": {"examples": 1000, "an_hour": 20, "rate": [20, 100]}},
    "evaluation": {"tokens": 0},
    "serving": {"base": {"monthly": 500}, "tuned": {"monthly": 300}},
    "upkeep": {"monthly": 0},
    "retraining": {"times_a_year": 0},
}


def owned(team: Team, said: dict[str, Any] | None = None, **more: Any) -> Study:
    questions = a_test_set(team, "questions", items=20)
    base, tuned = a_version(team, "base"), a_version(team, "tuned", kind="lora")
    for each, right in ((base, 5), (tuned, 10)):
        a_run(each, questions, scores=[1.0] * right + [0.0] * (20 - right))
    return a_study(
        team,
        baseline=base,
        candidate=tuned,
        primary=questions,
        policy={"ownership": SAID if said is None else said} | more,
    )


@pytest.fixture
def olga(team: Team) -> Client:
    return team.signed_in(team.olga)


def page(client: Client, study: Study, **asked: str) -> str:
    answer = client.get(reverse("site:study_cost", args=[study.pk]), asked)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_page_says_break_even_what_it_hangs_on_and_each_source(
    team: Team, olga: Client
) -> None:
    shown = page(olga, owned(team))
    assert "After 5.64 to 26.3 months." in shown
    assert "data (generated): rate: from 5.96 months to 26 months, over its range" in shown
    assert '<span class="origin said">stated</span>' in shown
    assert "1,128 to 5,256" in shown
    assert "<svg" in shown
    assert "style=" not in shown.partition("<main")[2]


def test_the_study_s_page_leads_there(team: Team, olga: Client) -> None:
    study = owned(team)
    there = reverse("site:study_cost", args=[study.pk])
    assert there in olga.get(reverse("site:study", args=[study.pk])).content.decode()


def test_what_if_by_a_form_that_needs_no_script(team: Team, olga: Client) -> None:
    study = owned(team)
    shown = page(olga, study, present="800 to 1,300", price="16")
    # 64 + 1,000 over 1,300 − 300 and 128 + 5,000 over 800 − 300
    assert "After 1.06 to 10.3 months." in shown
    assert "assumed for this sheet" in shown
    assert 'value="800 to 1,300"' in shown
    assert "Start over" in shown
    assert "evalhub cost" not in shown, "the command knows nothing of what is tried here"
    assert f"evalhub cost {study.slug} --project {study.project.slug}</code>" in page(olga, study)


def test_three_fields_are_in_sight_and_each_says_what_is_reckoned_with(
    team: Team, olga: Client
) -> None:
    shown = page(olga, owned(team))
    first, _, others = shown.partition("<details")
    for label in ("Requests a month", "Serving base a month", "Serving tuned a month"):
        assert f">{label}</label>" in first
    for text in ('value="100,000"', 'value="500"', 'value="300"'):
        assert text in first
    assert first.count('_helptext">stated</span>') == 3
    for label in ("Upkeep a month", "Retrainings a year", "This study’s answers"):
        assert f">{label}</label>" in others


def test_a_field_that_is_left_as_it_is_assumes_nothing(team: Team, olga: Client) -> None:
    shown = page(olga, owned(team), traffic="100,000", present="500", serving="300", upkeep="0")
    assert "After 5.64 to 26.3 months." in shown
    assert "assumed for this sheet" not in shown
    assert "Start over" not in shown


def test_a_study_that_says_nothing_has_a_range_at_once(team: Team, olga: Client) -> None:
    shown = page(olga, owned(team, {}))
    # one machine all month for both: 100 + 515 · 1 / 12 and 500 + 2,650 · 4 / 12 on top; no
    # retraining repeats the development
    assert "Never: it costs 143 to 1,383 more a month." in shown
    once = "initial development, training, data, this study&#x27;s answers"
    assumed = f"requests a month, {once}, serving base, serving tuned, upkeep, retraining"
    assert f"Assumed: {assumed}." in shown
    assert "unknown" not in shown.partition("<main")[2]
    assert "a usual figure: nobody stated one" in shown
    assert "Saved a request" not in shown, "how many there are is assumed"


def test_what_is_filled_in_takes_the_place_of_the_usual(team: Team, olga: Client) -> None:
    asked = {"present": "500", "serving": "300", "upkeep": "50", "retraining": "2"}
    paid = {
        "development": "0",
        "training": "128 to 256",
        "examples": "1,000 to 5,000",
        "asking": "0",
    }
    study = owned(team, {})
    # 1,128 over 500 − 300 − 50 less twice 1,128 a year comes back never
    assert "Never" in page(olga, study, **asked, **paid)
    shown = page(olga, study, **asked | {"upkeep": "0", "retraining": "0"}, **paid)
    assert "After 5.64 to 26.3 months." in shown
    assert "Assumed: requests a month." in shown


def test_initial_development_is_a_field_that_break_even_takes_in(team: Team, olga: Client) -> None:
    # 1,128 + 2,000 and 5,256 + 3,000 over 200 a month
    shown = page(olga, owned(team), development="2,000 to 3,000")
    assert "After 15.6 to 41.3 months." in shown
    assert 'value="2,000 to 3,000"' in shown
    assert ">Initial development</label>" in shown


def test_what_was_paid_for_training_and_its_machine_are_two_ways(team: Team, olga: Client) -> None:
    shown = page(olga, owned(team), training="200", price="16")
    assert "Leave it out, or its training’s whole cost." in shown
    assert 'value="200"' in shown
    assert 'value="16"' in shown


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"upkeep": "-1"}, "Must be 0 or more, not"),
        ({"retraining": "often"}, "Write a number, or a range"),
        ({"asking": "-5"}, "Must be 0 or more, not"),
        ({"training": "-5"}, "Must be 0 or more, not"),
        ({"development": "-5"}, "Must be 0 or more, not"),
        ({"examples": "9 to 3"}, "A range goes from its low end"),
        ({"traffic": "0"}, "Must be above 0, not"),
        ({"traffic": "many"}, "Write a number, or a range such as 80000 to 120000."),
        ({"price": "-3"}, "Must be 0 or more, not"),
        ({"present": "9 to 3"}, "A range goes from its low end"),
        ({"serving": "1 to 2 to 3"}, "Write a number, or a range"),
        ({"serving": "nan"}, "Write a number, or a range"),
        ({"retraining": "1,5"}, "Write a number, or a range"),
        ({"development": "1.000,50"}, "Write a number, or a range"),
        ({"development": "1,2,3"}, "Write a number, or a range"),
    ],
)
def test_a_wrong_figure_is_kept_and_named(
    team: Team, olga: Client, asked: dict[str, str], told: str
) -> None:
    shown = page(olga, owned(team), **asked)
    assert told in shown
    assert f'value="{next(iter(asked.values()))}"' in shown
    assert "After 5.64 to 26.3 months." in shown, "the study's own figures stay"


def test_in_another_currency_amounts_stay_unknown_and_are_no_nought(
    team: Team, olga: Client
) -> None:
    shown = page(olga, owned(team, {"currency": "EUR"}))
    assert "Say ownership.training.hours" in shown
    assert "Not known yet. Missing: serving base, serving tuned, upkeep" in shown
    assert "Assumed: requests a month." in shown
    assert shown.count("</span> unknown</span>") == 8


def test_tables_that_cannot_be_read_are_said(
    team: Team, olga: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path)
    study = owned(team, SAID | {"training": {"gpu": "rack", "hours": 3}})
    (tmp_path / "gpus.yaml").write_text("schema: evalhub.gpu-prices/1\nmachines: 5\n")
    assert "The table of GPU prices can&#x27;t be read" in page(olga, study)
    (tmp_path / "prices.yaml").write_text("schema: evalhub.prices/1\nproviders: 5\n")
    there = reverse("site:study_cost", args=[study.pk])
    told = olga.get(there, follow=True).content.decode()
    assert "What it costs isn&#x27;t known: " in told
    assert "prices.yaml, line 2, field &#x27;providers&#x27;" in told


def test_an_arm_that_there_is_not_is_not_there(team: Team, olga: Client) -> None:
    there = reverse("site:study_cost", args=[owned(team).pk])
    assert olga.get(there, {"arm": "nobody"}).status_code == 404


def test_the_page_tells_nothing_of_scores(team: Team, olga: Client) -> None:
    """Of a sealed candidate neither its scores nor how often it won."""
    shown = page(olga, owned(team)).partition("<main")[2]
    assert "0.5" not in shown.replace("0.05", "")
    assert "wins" not in shown


def test_programs_are_told_the_same(team: Team, program: Any) -> None:
    study = owned(team)
    caller: Program = program()
    found = caller.get(f"/studies/{study.slug}/cost").json()
    assert found["schema"] == "evalhub.cost/1"
    assert found["break_even"]["low"] == pytest.approx(5.64)
    assert found["break_even"]["high"] == pytest.approx(26.28)
    at_five = caller.get(f"/studies/{study.slug}/cost?traffic=5").json()
    assert at_five["lines"][0] == found["lines"][0]
    for wrong in ("traffic=0", "traffic=many", "traffic=nan"):
        refused = caller.get(f"/studies/{study.slug}/cost?{wrong}")
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["field"] == "traffic"
    assert caller.get(f"/studies/{study.slug}/cost?candidate=nobody").status_code == 404

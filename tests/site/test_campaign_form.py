"""The form by which a review is planned: what it offers, what it costs, what is sealed from it."""

import re
from math import pi
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.declare.review import Anytime
from evalhub.registry.models import Run, Study
from reviews.models import Campaign
from tests.cast import Team, opened
from tests.site.cases import a_measured_study
from tests.site.test_campaign_pages import HTMX, filled, page_of, plan_of


@pytest.fixture
def study(team: Team) -> Study:
    return a_measured_study(team)


def test_the_form_says_what_its_defaults_cost_and_opens_them(olga: Client, study: Study) -> None:
    page = olga.get(plan_of(study))
    assert "44 judgments" in page.text  # 20 items differ · 2, 1 control pair · 2, 2 repeats
    assert "Only 20 items have answers that differ" in page.text
    answer = olga.post(plan_of(study), filled(page) | {"open": "1"}, follow=True)
    campaign = Campaign.objects.get()
    assert answer.redirect_chain == [(page_of(campaign), 302)]
    assert campaign.study == study
    assert campaign.form["repeats"] == 0.05
    assert campaign.events.get().by.username == "olga"  # type: ignore[union-attr]
    assert campaign.plan_hash in answer.text


def test_the_form_begins_with_what_the_study_s_file_asks(olga: Client, study: Study) -> None:
    review = {"test_set": "triage-task", "items": 7, "question": "Which is kinder?", "seed": 4}
    Study.objects.filter(pk=study.pk).update(review=review | {"reviewers_per_item": 3})
    page = olga.get(plan_of(study))
    assert "7 items, 3 reviewers each" in page.text
    assert page.context["form"]["question"].value() == "Which is kinder?"


def test_a_preview_opens_nothing(olga: Client, study: Study) -> None:
    page = olga.get(plan_of(study))
    asked = filled(page, items=5, reviewers_per_item=3, rate=60, budget=100, seconds=60)
    shown = olga.post(plan_of(study), asked, headers=HTMX)
    assert "<html" not in shown.text
    assert "5 items, 3 reviewers each" in shown.text
    # 15 judgments, no control pair (5% of 5), 1 repeat: 16 minutes at 60 an hour
    assert "<strong>16</strong> at your rate" in shown.text
    assert "Your budget of 100 pays for" in shown.text
    assert not Campaign.objects.exists()


def test_the_plan_promises_what_so_many_people_can_show(olga: Client, study: Study) -> None:
    page = olga.get(plan_of(study))

    def shown(**asked: Any) -> str:
        answer = olga.post(plan_of(study), filled(page, **asked), headers=HTMX)
        return " ".join(answer.text.split())

    assert "By 3 people: that" in shown(people=3)
    two = shown(people=2)
    assert "2 people can’t show any preference with these items; 3 could." in two
    assert "The study waits until 3 people have judged: 2 are planned." in two
    assert "70% would need more people" in two
    alone = shown(people=1, reviewers_per_item=1)
    assert "says nothing of others: this is that person&#x27;s taste." in alone
    assert "share the turns out by quotas" in shown(people=6, reviewers_per_item=2)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"question": "Is triage-lora better?"}, "names an arm"),
        ({"items": ""}, "something to put right"),
        ({"requires": "<b>"}, "something to put right"),
    ],
)
def test_what_cannot_be_opened_is_said_and_not_opened(
    olga: Client, study: Study, changed: dict[str, Any], said: str
) -> None:
    page = olga.get(plan_of(study))
    answer = olga.post(plan_of(study), filled(page, **changed) | {"open": "1"})
    assert answer.status_code == 200
    assert re.search(said, answer.text)
    assert not Campaign.objects.exists()


def test_everything_the_form_offers_is_in_the_sealed_plan(olga: Client, study: Study) -> None:
    opened(*Run.objects.all())
    page = olga.get(plan_of(study, test_set="triage-reading"))
    asked = filled(
        page,
        arms="all",
        items=6,
        steps="on",
        flags=["unsafe"],
        rationale="required",
        dimensions="Which is kinder?\nWhich is shorter?",
        gold=20,
        practice=2,
        strata=["tags", "length", "disagreement"],
        anytime="on",
        requires="DE, law",
        invited_only="on",
    )
    olga.post(plan_of(study, test_set="triage-reading"), asked | {"open": "1"})
    plan = Campaign.objects.get().sealed_plan
    asked_for = plan.design
    assert len(plan.arms) == 3
    assert asked_for.form.steps
    assert asked_for.form.flags == ("unsafe",)
    assert asked_for.form.rationale == "required"
    questions = [each.question for each in asked_for.form.dimensions]
    assert questions == ["Which is kinder?", "Which is shorter?"]
    assert isinstance(asked_for.stopping, Anytime)
    assert asked_for.stopping.alpha == pytest.approx(0.025 * 6 / pi**2)
    assert asked_for.requires == ("de", "law")
    assert asked_for.invited_only
    assert (asked_for.controls, asked_for.gold, asked_for.form.repeats) == (0.05, 0.2, 0.05)


def test_answers_are_rated_one_at_a_time_without_checks_that_need_two(
    olga: Client, study: Study
) -> None:
    page = olga.get(plan_of(study))
    asked = filled(page, ratings="on", dimensions="How kind is it?", steps="on", practice=3)
    olga.post(plan_of(study), asked | {"open": "1"})
    campaign = Campaign.objects.get()
    assert campaign.kind == "ratings"
    assert campaign.pairs.count() == 2 * 40
    assert set(campaign.pairs.values_list("kind", flat=True)) == {"main"}


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("items", 1, 1_000_000_000), ("reviewers_per_item", 1, 20), ("repeats", 0, 50)],
)
def test_the_form_has_the_limits_of_the_declaration(
    olga: Client, study: Study, name: str, least: int, most: int
) -> None:
    field = olga.get(plan_of(study)).context["form"].fields[name]
    assert (field.min_value, field.max_value) == (least, most)


def test_the_form_of_another_plan_has_all_that_the_first_asked(olga: Client, study: Study) -> None:
    page = olga.get(plan_of(study))
    asked = filled(page, steps="on", dimensions="Which is kinder?", practice=2, anytime="on")
    asked |= {"controls": 20, "pass_mark": 60, "requires": "de", "strata": ["length"], "seed": 9}
    olga.post(plan_of(study), asked | {"open": "1"})
    first = Campaign.objects.get()
    again = reverse("site:new_campaign") + f"?campaign={first.pk}"
    olga.post(again, filled(olga.get(again), items=4) | {"open": "1"})
    second = Campaign.objects.get(supersedes=first)
    designs = [each.sealed_plan.design.as_json() for each in (first, second)]
    assert [each.pop("items") for each in designs] == [200, 4]
    for each in designs:
        each["stopping"].pop("alpha")
    assert designs[0] == designs[1]

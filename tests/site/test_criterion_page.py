"""A criterion opened up: what was measured, how, what it could show, and how it counts."""

import re
from math import ceil
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.decision.criterion import Criterion, NextLook
from evalhub.decision.rule import decide
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.registry.models import Output, Run, Score, Study
from evalhub.report.criterion_page import criterion_page
from evalhub.report.methods import methods
from evalhub.report.power_advice import EvidenceSampling, power_advice, smallest_effect
from evalhub.report.power_plot import power_plot
from evalhub.stats.paired import VarianceSplit
from evalhub.stats.power import paired_power
from tests.cast import Team, a_metric, a_run, a_study, a_test_set, a_version
from tests.decision.made_up import a_guard
from tests.reviews.asking import a_review
from tests.reviews.judged import a_reviewer, judge
from tests.site.cases import POLICY, a_measured_study


def a_row(**fields: Any) -> Criterion:
    """An open guard of 1,000 items, as the verdict leaves it."""
    made = a_guard(-0.0216, 0.0196, name="reading", baseline=0.6, candidate=0.599)
    return decide("tuned", [made.model_copy(update=fields)]).criteria[0]


def advice_on(row: Criterion, sampling: EvidenceSampling | None = None) -> str:
    return " ".join(power_advice(row, sampling or EvidenceSampling()))


def shown(client: Client, decision: Decision, number: int) -> str:
    page = client.get(reverse("site:criterion", args=[decision.pk, number]))
    assert page.status_code == 200
    return page.text


def test_each_row_of_a_study_leads_to_how_it_was_computed(olga: Client, team: Team) -> None:
    study = a_measured_study(team)
    decision = decide_study(study=study)[0]
    rows = olga.get(reverse("site:study", args=[study.pk])).text
    for number, criterion in enumerate(decision.record["criteria"], start=1):
        assert f'href="{reverse("site:criterion", args=[decision.pk, number])}"' in rows
        page = shown(olga, decision, number)
        assert criterion["sentence"] in page
        explained = methods().explaining
        for method in explained(criterion["method"]) + explained(criterion["test"]):
            assert method.words[0] in page
            assert reverse("site:method", args=[method.key]) in page


def test_the_pictures_are_read_aloud(olga: Client, team: Team) -> None:
    decision = decide_study(study=a_measured_study(team))[0]
    page = shown(olga, decision, 2)
    assert 'aria-label="Its interval. triage-reading: difference −0.50' in page
    assert "must stay above −0.020: fails" in page


def test_wins_and_losses_lead_to_their_items(olga: Client, team: Team) -> None:
    study = a_measured_study(team)
    page = shown(olga, decide_study(study=study)[0], 2)
    address = re.search(r'href="([^"]*outcome=lost)#answers">20<', page)
    assert address
    page = olga.get(address[1].replace("&amp;", "&")).text
    assert re.search(
        r'outcome=lost&amp;tab=answers#answers" aria-current="true">Lost <[^>]*>20<', page
    )


@pytest.mark.parametrize("number", [0, 3, 99999])
def test_there_is_no_other_criterion(olga: Client, team: Team, number: int) -> None:
    decision = decide_study(study=a_measured_study(team))[0]
    address = reverse("site:criterion", args=[decision.pk, number])
    assert olga.get(address).status_code == 404


def test_the_picture_shows_the_records_own_number_and_the_power_it_was_planned_for() -> None:
    """A fresh set at .025: 1,766, the reference's value, and Φ(.02·√1000/.3 − 1.96) = .559."""
    row = a_row()
    plot = power_plot(row)
    assert plot
    assert (plot.needed.n, row.needed_n) == (1766, 1766)
    assert plot.needed.power == pytest.approx(0.8, abs=1e-3)
    assert plot.now.power == pytest.approx(paired_power(1000, 0.3, 0.02))
    assert plot.chart.desc == "There are 1,000 today, 1,766 have a power of 80%"
    assert smallest_effect(row) == pytest.approx(0.0266, abs=1e-4)


def test_an_extension_is_drawn_from_the_items_that_there_are() -> None:
    look = NextLook(alpha=0.01, weights=(1.0, 1.0))
    row = a_row(next_look=look, p_bound=0.158655)
    plot = power_plot(row)
    assert plot
    assert (row.needed_n, plot.needed.n, plot.now.power) == (3207, 3207, 0.0)
    assert plot.needed.power == pytest.approx(0.8, abs=1e-3)


def test_without_a_number_there_is_no_picture() -> None:
    assert power_plot(a_row(sd=0.0)) is None
    assert "every item came out alike" in advice_on(a_row(sd=0.0))
    assert smallest_effect(a_row(sd=0.0)) is None


def test_what_would_decide_it_is_the_records_sentence_and_what_that_costs() -> None:
    row = a_row(clusters=100, next_look=NextLook(alpha=0.01, weights=(1.0, 1.0)), p_bound=0.158655)
    said = advice_on(row, EvidenceSampling(samples=2))
    assert row.needed_why in row.sentence
    assert said.startswith(f"{row.needed_why}. That is ")
    assert "2,207 more items in 221 new clusters" in said
    assert "4,414 answers of each arm" in said


def test_more_answers_an_item_are_said_to_do_or_not() -> None:
    assert "With one answer an item nobody can tell" in advice_on(a_row())
    within = EvidenceSampling(samples=2, split=VarianceSplit(0.01, 0.08, 0.08))
    assert re.search(
        r"with the same items, \d+ answers to each, where there are 2 now",
        advice_on(a_row(), within),
    )
    between = EvidenceSampling(samples=2, split=VarianceSplit(0.09, 0.0001, 0.0001))
    assert "No number of answers an item would do" in advice_on(a_row(), between)


def test_what_people_still_have_to_give_is_said_in_judgments_and_hours() -> None:
    row = a_row(
        role="preference",
        clusters=100,
        n=200,
        sd=0.45,
        gap=0.05,
        margin=None,
        min_gain=0.0,
        bound=0.0,
        upper=0.09,
    )
    said = advice_on(row, EvidenceSampling(judgments_per_item=2, seconds=36))
    assert row.needed_n
    assert f"fresh review of {row.needed_n:,} judged pairs" in said
    assert f"{2 * ceil(row.needed_n / 2) / 100:,.1f} reviewer hours at 36 seconds" in said


def test_harm_is_shown_by_itself_and_after_holm(team: Team) -> None:
    record = decide_study(study=a_measured_study(team))[0].document
    said = " ".join(criterion_page(record, 2).rule)
    assert record.criteria[1].p_harm_adjusted <= 0.025
    assert "shown after correction, which only chooses words." in said


def test_a_tier_and_a_level_that_others_share_are_said(team: Team) -> None:
    study = a_measured_study(team)
    study.test_sets.filter(name="triage-reading").update(tier="advisory")
    record = decide_study(study=study)[0].document
    said = " ".join(criterion_page(record, 2).rule)
    assert "It is advisory" in said
    assert "less than the policy’s 0.025 because of the test set’s ledger" in said


def test_of_several_primaries_it_is_said_whether_one_is_enough(team: Team) -> None:
    study = a_measured_study(team)
    study.test_sets.update(role="primary")
    study.policy = POLICY | {"primaries": "any-of", "ledger": "off"}
    study.save()
    said = " ".join(criterion_page(decide_study(study=study)[0].document, 1).rule)
    assert "one of 2 primaries, of which one has to gain" in said
    assert "because of the other primaries, of which one is enough" in said
    study.policy = POLICY | {"ledger": "off"}
    study.save()
    said = " ".join(criterion_page(decide_study(study=study)[0].document, 1).rule)
    assert "one of 2 primaries, all of which have to gain" in said
    assert "because of the study’s other candidates" in said


def a_relative_study(team: Team) -> Study:
    task, low = a_test_set(team, "task", items=200), a_test_set(team, "low", items=200)
    base, lora = a_version(team), a_version(team, "lora")
    a_run(base, task, scores=[0] * 100 + [1] * 100)
    a_run(lora, task, scores=[0] * 50 + [1] * 150)
    a_run(base, low, scores=[1] * 160 + [0] * 40)
    a_run(lora, low, scores=[1] * 159 + [0] * 41)
    study = a_study(team, baseline=base, candidate=lora, primary=task, guards=[low], policy=POLICY)
    study.policy = POLICY | {"budgets": {"latency": {"max_ratio": 1.1}}}
    study.save()
    study.test_sets.filter(name="low").update(relative_margin=0.1)
    return study


def test_what_asks_for_a_share_is_drawn_in_shares_of_the_baseline(olga: Client, team: Team) -> None:
    study = a_relative_study(team)
    decision = decide_study(study=study)[0]
    guard = shown(olga, decision, 2)
    assert "must stay above 90%" in guard
    assert ">90% of the baseline<" in guard
    budget = shown(olga, decision, 3)
    assert "must stay below 110%" in budget
    page = olga.get(reverse("site:study", args=[study.pk])).text
    assert "may lose 10%" in page
    assert "below 110%" in page
    assert 'data-label="Difference">100%</td>' in page


def test_two_people_show_too_little_of_how_far_people_lean(olga: Client, team: Team) -> None:
    study = a_measured_study(team)
    study.review = {"test_set": "triage-task", "items": 5}
    study.save()
    runs = {
        arm: study.arms.get(name=f"triage-{arm}").runs.get(test_set__name="triage-task").run
        for arm in ("base", "lora")
    }
    campaign = a_review(
        study=study,
        baseline_run=runs["base"],
        candidate_run=runs["lora"],
        items=10,
        reviewers_per_item=2,
        seed=1,
        question="Which is better?",
    )
    for name in ("ann", "ben"):
        reviewer = a_reviewer(campaign, name)
        for number, pair in enumerate(campaign.pairs.order_by("pk")):
            judge(reviewer, pair, "candidate" if number % 2 else "baseline", seconds=36)
    decision = decide_study(study=study)[0]
    assert decision.record["criteria"][-1]["role"] == "preference"
    page = shown(olga, decision, len(decision.record["criteria"]))
    assert "no number of judged pairs by 2 people can settle this" in page
    assert "The share of judgments that the candidate won" in page
    assert "outcome=lost" not in page


def test_several_answers_an_item_are_read_for_what_more_of_them_would_do(
    olga: Client, team: Team
) -> None:
    task = a_test_set(team, items=40)
    base, lora = a_version(team), a_version(team, "lora")
    for version, second in ((base, [1, 1, 0, 0] * 10), (lora, [0, 1, 1, 0] * 10)):
        answered_again(a_run(version, task, scores=[0, 1] * 20), second)
    study = a_study(team, baseline=base, candidate=lora, primary=task, policy=POLICY)
    decision = decide_study(study=study)[0]
    page = shown(olga, decision, 1)
    assert re.search(r"with the same items, \d+ answers to each, where there are 2 now", page)


def answered_again(run: Run, scores: list[int]) -> None:
    """A second answer to each item."""
    Run.objects.filter(pk=run.pk).update(samples=2)
    for output, value in zip(run.outputs.order_by("item__position"), scores, strict=True):
        again = Output.objects.create(
            run=run, item=output.item, sample=1, text=f"again {output.text}"
        )
        Score.objects.create(output=again, metric=a_metric(), value=value)

"""What a study's page draws: its arms by its criteria, its scores, what became of its items."""

import re

from django.test import Client
from django.urls import reverse

from evalhub.decision.wording import with_sign
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Output, Spending, Study
from evalhub.registry.models.studies import ArmRole
from tests.cast import Team, a_metric, a_run, a_study, a_test_set, a_version
from tests.site.cases import a_measured_study


def page_of(client: Client, study: Study, **asked: str) -> str:
    return client.get(reverse("site:study", args=[study.pk]), asked).text


def a_decided_study(team: Team) -> Study:
    study = a_measured_study(team)
    decide_study(study=study)
    return study


def the_matrix(page: str) -> str:
    return page.partition('id="matrix"')[2].partition("</section>")[0]


def rows_of(matrix: str) -> list[str]:
    return re.findall(r'<th scope="row">.*?<a [^>]*>([^<]+)</a>', matrix)


def test_the_table_opens_how_each_value_of_each_arm_was_computed(olga: Client, team: Team) -> None:
    study = a_decided_study(team)
    matrix = the_matrix(page_of(olga, study))
    for decision in study.decisions.all():
        for number, criterion in enumerate(decision.document.criteria, 1):
            address = reverse("site:criterion", args=[decision.pk, number])
            before, _, after = matrix.partition(f'href="{address}"')
            assert f'aria-label="{criterion.status}"' in before[-160:] + after.partition("</a>")[0]


def test_one_arm_s_differences_are_drawn_and_another_s_by_its_own_page(
    olga: Client, team: Team
) -> None:
    study = a_decided_study(team)
    for arm in ("triage-lora", "triage-prompted"):
        matrix = the_matrix(page_of(olga, study, arm=arm))
        assert f"{arm} − triage-base" in matrix
        for criterion in study.decisions.get(arm=arm).document.criteria:
            text = f'aria-label="{criterion.name}: difference {with_sign(criterion.difference)}'
            assert matrix.count(text) == 1


def test_the_criteria_are_sorted_by_a_link_that_keeps_the_rest_of_the_address(
    olga: Client, team: Team
) -> None:
    study = a_decided_study(team)
    first = the_matrix(page_of(olga, study, arm="triage-prompted"))
    assert rows_of(first) == ["triage-task", "triage-reading"], "what must gain stands first"
    assert "?arm=triage-prompted&amp;sort=name#matrix" in first
    by_name = the_matrix(page_of(olga, study, sort="name"))
    assert rows_of(by_name) == ["triage-reading", "triage-task"]
    by_arm = the_matrix(page_of(olga, study, sort="arm:triage-lora"))
    assert rows_of(by_arm) == ["triage-reading", "triage-task"], "the lora fails reading"
    assert by_arm.count('aria-sort="ascending"') == 1
    assert rows_of(the_matrix(page_of(olga, study, sort="nonsense"))) == rows_of(first)


def test_an_arm_that_is_sealed_or_invalid_says_so_instead_of_numbers(
    olga: Client, team: Team
) -> None:
    metric, items = a_metric("token_f1"), a_test_set(team, items=40)
    base = a_version(team, "base")
    arms = {name: a_version(team, name, parent=base) for name in ("good", "same", "late")}
    a_run(base, items, scores=[0.37] * 40, metric=metric)
    a_run(arms["good"], items, scores=[0.8125] * 40, metric=metric)
    copied = [f"wrong, says {base}"] * 40
    a_run(arms["same"], items, scores=[0.37] * 40, answers=copied, metric=metric)
    study = a_study(
        team,
        baseline=base,
        candidate=arms["good"],
        primary=items,
        alternatives=[arms["same"]],
        metric=metric,
    )
    decide_study(study=study)
    study.arms.create(name="late", position=3, role=ArmRole.ALTERNATIVE, version=arms["late"])
    assert dict(study.decisions.values_list("arm", "verdict")) == {
        "good": "ship",
        "same": "invalid",
    }
    matrix = the_matrix(page_of(olga, study))
    assert "invalid evidence shows no result" in matrix
    assert "not decided yet: sealed" in matrix
    assert matrix.count("not judged by this") == 2
    assert "0.81" in matrix


def test_one_arm_alone_has_the_same_table(olga: Client, team: Team) -> None:
    items = a_test_set(team, items=40)
    base = a_version(team, "base")
    lora = a_version(team, "lora", parent=base)
    a_run(base, items, scores=[0] * 40)
    a_run(lora, items, scores=[1] * 40)
    study = a_study(team, baseline=base, candidate=lora, primary=items)
    decide_study(study=study)
    assert len(rows_of(the_matrix(page_of(olga, study)))) == 1


def test_won_lost_and_the_rest_are_counted_and_each_leads_to_its_items(
    olga: Client, team: Team
) -> None:
    page = page_of(olga, a_decided_study(team))
    square = page.partition('class="square"')[2].partition("</table>")[0]
    assert re.findall(r"<strong>(\d+)</strong> <span>([^<]+)", square) == [
        ("20", "both right, 50%"),
        ("20", "lost, 50%"),
        ("0", "won, 0%"),
        ("0", "both wrong, 0%"),
    ]
    assert "test_set=triage-reading&amp;arm=triage-lora&amp;outcome=lost" in square


def test_both_arms_scores_are_drawn_with_their_numbers_beside(olga: Client, team: Team) -> None:
    page = page_of(olga, a_decided_study(team), test_set="triage-task", outcome="won")
    assert "40 items; triage-base has a mean of 0.5, triage-lora of 1" in page
    assert "<title>triage-base: 20 items score 0</title>" in page


def test_slices_say_how_many_were_looked_at(olga: Client, team: Team) -> None:
    page = page_of(olga, a_decided_study(team), tab="slices")
    assert "4 slices were looked at." in page
    assert "For reading, never for the verdict." in page


def test_a_slice_leads_to_its_items(olga: Client, team: Team) -> None:
    study = a_decided_study(team)
    page = page_of(olga, study, tab="slices")
    items = reverse("site:study_items", args=[study.pk])
    link = f"{items}?arm=triage-lora&amp;test_set=triage-reading&amp;tag=tag1"
    assert f'href="{link}">tag1</a>' in page
    found = olga.get(link.replace("&amp;", "&"))
    assert found.status_code == 200
    assert "q0001" in found.text
    assert "q0000" not in found.text, "that one has another tag"


def test_before_a_decision_nothing_is_drawn_and_it_says_why(olga: Client, team: Team) -> None:
    page = page_of(olga, a_measured_study(team))
    assert "Scores are sealed until it is decided." in page
    assert 'class="drawn"' not in page
    assert 'class="forest' not in page


def the_costs(page: str) -> str:
    return page.partition('id="cost-quality"')[2].partition("</section>")[0]


def test_each_arm_stands_by_what_its_answers_took_beside_its_difference(
    olga: Client, team: Team
) -> None:
    study = a_decided_study(team)
    slow = study.arms.get(name="triage-lora").runs.get(test_set__name="triage-task").run
    Output.objects.filter(run=slow).update(latency_ms=250.0)
    costs = the_costs(page_of(olga, study, tab="runs"))
    assert "Milliseconds an answer" in costs
    assert "triage-lora: +0.50" in costs
    assert ", 250 (250 to 250)" in costs
    assert "triage-base: +0.00 (no interval), 100 (100 to 100)<" in costs
    tokens = the_costs(page_of(olga, study, tab="runs", cost="tokens"))
    assert ", 25 (25 to 25)" in tokens


def test_an_arm_of_which_an_answer_tells_nothing_is_named_and_not_drawn(
    olga: Client, team: Team
) -> None:
    study = a_decided_study(team)
    run = study.arms.get(name="triage-prompted").runs.get(test_set__name="triage-task").run
    answer = run.outputs.first()
    assert answer
    Output.objects.filter(pk=answer.pk).update(latency_ms=None)
    costs = the_costs(page_of(olga, study, tab="runs"))
    assert "Not drawn: triage-prompted." in costs
    assert "<title>triage-prompted" not in costs


def test_where_nobody_knows_a_cost_it_says_what_would_tell(olga: Client, team: Team) -> None:
    study = a_decided_study(team)
    Output.objects.update(latency_ms=None, prompt_tokens=None)
    costs = the_costs(page_of(olga, study, tab="runs"))
    assert "Nothing to draw: money an answer, milliseconds an answer, tokens an answer" in costs
    assert "latency_ms" in costs


def test_money_is_what_was_paid_shared_out_over_the_answers(olga: Client, team: Team) -> None:
    study = a_decided_study(team)
    for money, name in ((8.0, "triage-base"), (4.0, "triage-lora")):
        run = study.arms.get(name=name).runs.get(test_set__name="triage-task").run
        Spending.objects.create(run=run, version=run.version, money=money)
    costs = the_costs(page_of(olga, study, tab="runs"))
    assert "triage-base: +0.00 (no interval), 0.2 (no interval)" in costs
    assert ", 0.1 (no interval), on the Pareto front" in costs
    assert "what was paid for them shared out" in costs

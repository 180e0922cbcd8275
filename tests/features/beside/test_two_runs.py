"""Two runs beside each other, without a study: open scores are compared, sealed ones are not."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Membership
from evalhub.registry.models import Run
from tests.cast import Team, a_metric, a_run, a_study, a_team, a_test_set, a_version, opened

ADDRESS = reverse("site:runs_beside")
SCORES = [0.5317, 0.25, 0.75, 1.0]


def page(client: Client, left: Run, right: Run, **query: Any) -> str:
    text = client.get(ADDRESS, {"left": left.pk, "right": right.pk} | query).text
    return " ".join(text.split())


def keys(text: str) -> list[str]:
    """The items on the page, in their order."""
    return re.findall(r'<article class="flip">.*?class="mono"[^>]*>([^<]*)</a>', text)


def two_runs(team: Team) -> tuple[Run, Run]:
    """Of ten items the right run loses the second and gains the last."""
    over = a_test_set(team, items=10)
    left = a_run(a_version(team, "base"), over, scores=[1, 1, 0, *[1] * 6, 0])
    right = a_run(a_version(team, "tuned"), over, scores=[1, 0, 0, *[1] * 6, 1])
    return left, right


def test_open_scores_are_compared_and_the_worst_loss_comes_first(eva: Client, team: Team) -> None:
    over = a_test_set(team, items=4)
    metric = a_metric("token_f1")
    left = a_run(a_version(team, "base"), over, scores=[1, 1, 1, 0], metric=metric)
    right = a_run(a_version(team, "tuned"), over, scores=[1, 0.8, 0.1, 1], metric=metric)
    opened(left, right)
    text = page(eva, left, right)
    assert "<h1>base v1 beside tuned v1</h1>" in text
    assert "−0.03 token_f1" in text or "−0.025 token_f1" in text
    assert '<span class="lost">2 lost</span>, <span class="won">1 won</span>' in text
    assert "this is no verdict" in text
    assert keys(text) == ["q0002", "q0001"]
    assert keys(page(eva, left, right, show="won")) == ["q0003"]
    assert len(keys(page(eva, left, right, show="all"))) == 4


def test_an_argument_of_the_chat_template_is_a_difference(eva: Client, team: Team) -> None:
    over = a_test_set(team, items=2)
    thinks, answers = (
        a_version(team, sampling={"chat_template_kwargs": {"enable_thinking": enabled}})
        for enabled in (True, False)
    )
    left, right = (a_run(version, over, scores=[1, 1]) for version in (thinks, answers))
    text = page(eva, left, right)
    assert "<dt>chat template kwargs</dt><dd>{&quot;enable_thinking&quot;: true}</dd>" in text


@pytest.mark.parametrize("open_side", [None, "left", "right"])
def test_sealed_scores_are_neither_shown_nor_sorted_by(
    eva: Client, team: Team, open_side: str | None
) -> None:
    over = a_test_set(team, items=4)
    metric = a_metric("token_f1")
    left = a_run(a_version(team, "base"), over, scores=SCORES, metric=metric)
    right = a_run(a_version(team, "tuned"), over, scores=SCORES[::-1], metric=metric)
    if open_side:
        opened({"left": left, "right": right}[open_side])
    for show in ("", "lost", "won", "different", "errors", "all"):
        text = page(eva, left, right, show=show, metric=metric.pk)
        assert "Sealed: a decision opens these scores" in text
        assert not re.search(r"0\.53|0\.25|0\.75|−0\.|\+0\.|\d lost|\d won", text)
        assert keys(text) == ["q0000", "q0001", "q0002", "q0003"] or show == "errors"
        assert "wrong, says tuned v1" in text or show == "errors", "answers are always open"


def test_what_a_decision_would_cost_stands_beside_sealed_scores(eva: Client, team: Team) -> None:
    left, right = two_runs(team)
    text = page(eva, left, right)
    assert f'href="{reverse("site:new_comparison")}">Decide: look 1 at 0.0' in text
    study = a_study(
        team,
        baseline=left.version,
        candidate=right.version,
        primary=left.test_set_version,
    )
    text = page(eva, left, right)
    assert f'action="{reverse("site:decide", args=[study.pk])}"' in text
    assert "Decide: look 1 at 0.015" in text
    eva.post(reverse("site:decide", args=[study.pk]))
    assert "1 lost</span>" in page(eva, left, right)


def test_a_development_set_is_read_without_a_decision(eva: Client, team: Team) -> None:
    over = a_test_set(team, items=4)
    over.read_freely = True
    over.save()
    left = a_run(a_version(team, "base"), over, scores=[1, 1, 1, 0])
    right = a_run(a_version(team, "tuned"), over, scores=[1, 1, 0, 0])
    text = page(eva, left, right)
    assert "1 lost</span>" in text
    assert "Decide" not in text


def test_items_of_two_versions_are_paired_by_what_they_ask(eva: Client, team: Team) -> None:
    asked = [{"input": f"Question {n}?"} for n in range(6)]
    first = a_test_set(team, "first", items=asked[:5])
    second = a_test_set(team, "second", items=asked[:0:-1])
    left = a_run(a_version(team, "base"), first, scores=[1, 1, 1, 1, 1])
    right = a_run(a_version(team, "tuned"), second, scores=[1, 1, 1, 1, 0])
    opened(left, right)
    text = page(eva, left, right)
    assert "4 shared items" in text
    assert "Question 1?" in text.partition('class="flip"')[2]
    assert len(keys(text)) == 1


def test_runs_without_a_shared_item_are_not_compared(eva: Client, team: Team) -> None:
    left = a_run(a_version(team, "base"), a_test_set(team, "one"), scores=[1] * 10)
    right = a_run(a_version(team, "tuned"), a_test_set(team, "other"), scores=[1] * 10)
    opened(left, right)
    assert "They share no item" in page(eva, left, right)


def test_prompts_stand_beside_each_other_example_by_example(eva: Client, team: Team) -> None:
    over = a_test_set(team, items=2)
    first = {"input": "hot", "output": "cold"}
    left = a_version(team, "base", prompt={"system": "Be brief.", "examples": [first]})
    right = a_version(
        team,
        "base",
        prompt={
            "system": "Be polite.",
            "examples": [first, {"input": "<b>up</b>", "output": "down"}],
        },
    )
    text = page(eva, *(a_run(version, over, scores=[1, 0]) for version in (left, right)))
    prompts = text.partition(">Prompts</h2>")[2].partition("</section>")[0]
    assert "Be <mark>brief</mark>." in prompts
    assert "Be <mark>polite</mark>." in prompts
    assert '<details class="example"><summary>Example 1 <span class="dim">the same' in prompts
    assert '<details class="example" open><summary>Example 2</summary>' in prompts
    assert "&lt;b&gt;up&lt;/b&gt;" in prompts
    assert "<b>up" not in prompts


def test_a_run_of_another_team_is_not_found(eva: Client, team: Team) -> None:
    other = a_team("Other", "other")
    Membership.objects.filter(project=other.project).delete()
    theirs = a_run(a_version(other, "base"), a_test_set(other), scores=[1] * 10)
    left, _ = two_runs(team)
    assert eva.get(ADDRESS, {"left": left.pk, "right": theirs.pk}).status_code == 404
    assert f'value="{theirs.pk}"' not in eva.get(ADDRESS, {"left": left.pk}).text


def test_a_form_chooses_both_runs_first_those_on_the_same_test_set(eva: Client, team: Team) -> None:
    left, right = two_runs(team)
    elsewhere = a_run(right.version, a_test_set(team, "other"), scores=[1] * 10)
    text = eva.get(ADDRESS, {"left": left.pk}).text
    second = text.partition('name="right"')[2]
    assert f'<option value="{right.pk}">' in second
    assert f'<option value="{elsewhere.pk}">' not in second
    assert eva.get(ADDRESS, {"left": "x"}).status_code == 404


def test_the_page_takes_as_many_queries_for_ten_times_as_much(
    eva: Client, team: Team, django_assert_max_num_queries: Any
) -> None:
    for slug, items in (("few", 4), ("many", 60)):
        over = a_test_set(team, slug, items=items)
        runs = [
            a_run(a_version(team, f"{slug}-{name}"), over, scores=[score] * items)
            for name, score in (("base", 1), ("tuned", 0))
        ]
        opened(*runs)
        with django_assert_max_num_queries(32):
            page(eva, *runs)

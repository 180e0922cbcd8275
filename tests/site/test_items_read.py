"""How items are read: laid out as for reviewers, in chosen columns, in any order that is open."""

import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Metric, Output, Run, Score, Study
from tests.cast import Team, a_metric, a_run, a_study, a_test_set, a_version, opened
from tests.site.test_items import keys, listed, one
from tests.site.test_sealed import a_sealed_study

TABLE = "| a | b |\n|---|---|\n| **1** | 2 |"
FORMULA = r"It is $\frac{1}{2}$."
HEBREW = "שלום עולם"
JSON = '{"b": 1, "a": [2]}'
ITEMS = 4


@pytest.fixture
def study(team: Team) -> Study:
    """Decided: lora wins q0000, and loses q0001. Its answers are of every kind."""
    over = a_test_set(team, items=[{"input": f"Say *{i}*"} for i in range(ITEMS)])
    base = a_version(team, "base")
    lora = a_version(team, "lora", parent=base)
    answers = [TABLE, FORMULA, HEBREW, JSON]
    a_run(base, over, scores=[0, 1, 1, 0], answers=["no", "yes", "yes", "no"])
    a_run(lora, over, scores=[1, 0, 1, 0], answers=answers)
    found = a_study(team, baseline=base, candidate=lora, primary=over)
    decide_study(study=found)
    return found


def a_second_metric(values: dict[str, list[float]]) -> Metric:
    """Scores of every run by another metric too, sealed: by the model's name, item by item."""
    metric = a_metric("token_f1")
    for run in Run.objects.all():
        run.metrics.create(metric=metric)
        outputs = Output.objects.filter(run=run).order_by("item__position")
        scores = zip(outputs, values[run.version.model.slug], strict=True)
        Score.objects.bulk_create(
            Score(output=output, metric=metric, value=value) for output, value in scores
        )
    return metric


def tab(client: Client, study: Study, **query: object) -> str:
    answer = client.get(reverse("site:study", args=[study.pk]), {"tab": "answers"} | query)
    assert answer.status_code == 200
    return answer.text.partition('id="answers"')[2].partition("</section>")[0]


def test_lists_items_and_the_study_lay_answers_out_as_reviewers_see_them(
    olga: Client, study: Study
) -> None:
    for page in (listed(olga, study), tab(olga, study)):
        assert "<td><strong>1</strong></td>" in page
        assert "<math" in page
        assert f'<div class="laid-out" dir="auto"><p>{HEBREW}</p>' in page
        assert '"b": 1,\n' in html.unescape(page), "JSON is indented"
        assert "<p>Say <em>0</em></p>" in page
    assert "<td><strong>1</strong></td>" in one(olga, study, "q0000", "questions")


def test_raw_shows_texts_as_they_came(olga: Client, study: Study) -> None:
    pages = (
        listed(olga, study, view="raw"),
        tab(olga, study, view="raw"),
        one(olga, study, "q0000", "questions", view="raw"),
    )
    for page in pages:
        assert f"<pre>{TABLE}</pre>" in page
        assert "<strong>1</strong></td>" not in page
    assert JSON in html.unescape(pages[0])
    link = re.search(r'href="([^"]*)">Raw</a>', listed(olga, study, outcome="lost"))
    assert link
    assert olga.get(html.unescape(link[1])).context["shown"].sought.view == "raw"


def test_what_people_wrote_is_never_markup(olga: Client, team: Team) -> None:
    evil = '<script>x()</script> [go](javascript:x()) <img src=x onerror="x()">'
    over = a_test_set(team, items=[{"input": evil, "references": [evil]}])
    run = a_run(a_version(team), over, scores=[1], answers=[evil])
    for view in ("", "raw", "diff"):
        page = olga.get(reverse("site:run_items", args=[run.pk]), {"view": view}).text
        page += olga.get(reverse("site:run_item", args=[run.pk, "q0000"]), {"view": view}).text
        assert "<script>x()" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page


def test_a_long_answer_begins_in_the_list_and_is_whole_on_its_page(
    olga: Client, team: Team
) -> None:
    long = "```\n" + "one line of code\n" * 100 + "```\nThe end."
    run = a_run(a_version(team), a_test_set(team, items=1), scores=[1], answers=[long])
    page = olga.get(reverse("site:run_items", args=[run.pk])).text
    assert "Read all" in page
    assert "The end." not in page
    assert "<pre><code>one line" in page
    assert "The end." in olga.get(reverse("site:run_item", args=[run.pk, "q0000"])).text


def test_columns_are_chosen_and_kept_in_the_address(olga: Client, study: Study) -> None:
    page = listed(olga, study, columns=["arm:lora", "tokens"])
    assert page.count('<span class="dim">lora</span>') == ITEMS
    assert '<span class="dim">base</span>' not in page
    assert page.count("5 tokens") == ITEMS
    row = re.search(r'href="([^"]*)" data-item', page)
    assert row
    assert "columns=arm%3Alora&amp;columns=tokens" in row[1]
    assert '<span class="dim">base</span>' in listed(olga, study, columns=["arm:nobody"])
    form = tab(olga, study, columns=["arm:lora"]).partition('class="columns"')[2]
    assert 'value="arm:lora" checked' in form
    assert 'value="arm:base" checked' not in form


def test_any_open_metric_orders_the_list_and_tells_the_outcomes(olga: Client, study: Study) -> None:
    a_second_metric({"base": [0.5, 0.5, 0.9, 0.5], "lora": [0.5, 0.6, 0.1, 0.3]})
    opened(*Run.objects.all())
    assert keys(listed(olga, study))[0] == "q0001"
    page = listed(olga, study, metric="token_f1")
    assert keys(page) == ["q0002", "q0003", "q0000", "q0001"]
    assert "Lost <span" in page
    assert keys(tab(olga, study, metric="token_f1"))[0] == "q0002"
    low = listed(olga, study, metric="token_f1", sort="low")
    assert keys(low) == ["q0002", "q0003", "q0000", "q0001"]
    high = tab(olga, study, metric="token_f1", sort="high")
    assert keys(high) == ["q0001", "q0000", "q0003", "q0002"]
    assert "token_f1 0.60" in listed(olga, study, columns="metric:token_f1")
    run = Run.objects.get(version__model__slug="lora")
    address = reverse("site:run_items", args=[run.pk])
    assert keys(olga.get(address, {"metric": "token_f1", "sort": "high"}).text)[0] == "q0001"


def test_a_sealed_metric_is_not_offered_and_orders_nothing(olga: Client, study: Study) -> None:
    a_second_metric({"base": [0.5, 0.5, 0.9, 0.5], "lora": [0.5, 0.6, 0.11, 0.3]})
    asked = {"metric": "token_f1", "sort": "low", "columns": ["arm:lora", "metric:token_f1"]}
    for page in (listed(olga, study, **asked), tab(olga, study, **asked)):
        assert "no scores by it may be read here" in html.unescape(page)
        assert keys(page) == ["q0001", "q0003", "q0000", "q0002"], "by the study's own metric"
        assert "0.11" not in page
        assert 'value="token_f1"' not in page
        assert 'type="checkbox" name="columns" value="metric:token_f1"' not in page


def test_before_a_decision_scores_order_nothing_and_times_do(olga: Client, team: Team) -> None:
    study = a_sealed_study(team)
    tuned = Output.objects.filter(run__version__model__slug="lora")
    tuned.filter(item__key="q0009").update(latency_ms=900, text="A long answer " * 20)
    for sort in ("low", "high", "worst", "best"):
        page = tab(olga, study, sort=sort)
        assert keys(page)[0] == "q0000"
        assert "sealed until a decision reads them" in page
        assert 'value="low"' not in page
    for sort in ("slow", "long"):
        assert keys(tab(olga, study, sort=sort))[0] == "q0009"
        assert keys(listed(olga, study, sort=sort))[0] == "q0009"


def test_a_sort_of_another_part_of_the_page_is_not_one_of_items(olga: Client, study: Study) -> None:
    page = tab(olga, study, sort="arm:lora")
    assert "Left out" not in page
    assert keys(page)[0] == "q0001"

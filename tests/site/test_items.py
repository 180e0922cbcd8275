"""The item browser: which items an address asks for, and what stands on the page of one."""

import csv
import html
import io
import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Action, LogEntry
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Output, Run, Study
from tests.cast import Team, a_metric, a_run, a_study, a_test_set, a_version, opened
from tests.site.cases import a_measured_study
from tests.site.test_sealed import a_sealed_study


@pytest.fixture
def study(team: Team) -> Study:
    """Decided: lora loses q0000 to q0019 of reading, and gains q0000 to q0019 of its task."""
    found = a_measured_study(team)
    decide_study(study=found)
    return found


def listed(client: Client, study: Study, **query: str) -> str:
    answer = client.get(reverse("site:study_items", args=[study.pk]), query)
    assert answer.status_code == 200
    return answer.text


def keys(page: str) -> list[str]:
    return re.findall(r"data-item>([^<]*)<", page)


def one(
    client: Client, study: Study, key: str, test_set: str = "triage-reading", **query: str
) -> str:
    address = reverse("site:study_item", args=[study.pk, test_set, key])
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.text


def test_the_worst_of_the_test_set_that_fails_comes_first(olga: Client, study: Study) -> None:
    page = listed(olga, study)
    assert "triage-lora beside triage-base on triage-reading" in page
    assert keys(page)[:20] == [f"q{i:04}" for i in range(20)]
    assert "40 items" in page
    assert re.search(r"Lost <span[^>]*>20<", page)


def test_an_outcome_a_tag_a_text_and_an_order_are_asked_for_in_the_address(
    olga: Client, study: Study
) -> None:
    lost = listed(olga, study, test_set="triage-reading", outcome="lost")
    assert "20 items of 40" in " ".join(lost.split())
    tagged = listed(olga, study, test_set="triage-reading", outcome="lost", tag="tag1")
    assert keys(tagged) == [f"q{i:04}" for i in range(1, 20, 2)]
    said = listed(olga, study, test_set="triage-task", text="QUESTION 7?")
    assert keys(said) == ["q0007"]
    answered = listed(olga, study, test_set="triage-reading", text="wrong, says triage-lora")
    assert len(keys(answered)) == 20
    last = listed(olga, study, test_set="triage-reading", sort="best")
    assert keys(last)[0] == "q0039"
    other = listed(olga, study, test_set="triage-reading", arm="triage-prompted", outcome="lost")
    assert keys(other) == ["q0039"]


def test_what_an_address_asks_for_that_is_not_there_is_left_out_and_said(
    olga: Client, study: Study
) -> None:
    page = html.unescape(listed(olga, study, outcome="splendid", votes="tie", judge="people"))
    assert len(keys(page)) == 25
    assert "Left out: the outcome “splendid”: there is none of this name." in page
    assert "Left out: the votes: no review of these two arms has ended" in page
    assert "Left out: the judge: no judge of these two arms’ answers has been read." in page


@pytest.mark.parametrize(
    "text",
    [
        "100%",
        "snake_case",
        "back\\slash",
        'a "quote"',
        "STRAßE",
        "élan",
        "second\nline",
        "naïve 🦊",
    ],
)
def test_a_text_is_found_as_it_stands_in_questions_and_in_answers(
    olga: Client, team: Team, text: str
) -> None:
    over = a_test_set(team, items=[{"input": f"In {text} lies it"}, {}, {"input": "1000 snakes"}])
    said = ["nothing", f"He said {text} to me", "nothing"]
    run = a_run(a_version(team), over, scores=[0, 0, 0], answers=said)
    address = reverse("site:run_items", args=[run.pk])
    assert keys(olga.get(address, {"text": text}).text) == ["q0000", "q0001"]


def test_a_row_shows_the_words_about_what_was_looked_for(olga: Client, team: Team) -> None:
    long = "word " * 200
    chat = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": f"{long}the Needle lies {long}"},
    ]
    over = a_test_set(team, items=[{"input": chat}])
    address = reverse("site:test_set_items", args=[over.test_set_id])
    assert re.search(
        r"… word [^<]*the Needle lies word", olga.get(address, {"text": "needle"}).text
    )
    page = olga.get(address).text
    assert "Be brief." not in page
    assert re.search(r">word word [^<]* …<", page)


def test_letters_are_found_in_either_case(olga: Client, team: Team) -> None:
    said = ["Elan", "ÉLAN", "élan", "Élan"]
    run = a_run(a_version(team), a_test_set(team, items=4), scores=[0] * 4, answers=said)
    address = reverse("site:run_items", args=[run.pk])
    assert keys(olga.get(address, {"text": "élan"}).text) == ["q0001", "q0002", "q0003"]
    assert keys(olga.get(address, {"text": "eLAN"}).text) == ["q0000"]


def test_a_tag_is_the_whole_of_it(olga: Client, team: Team) -> None:
    rows = [{"tags": ["a", 'b "c"']}, {"tags": ["ab"]}, {"tags": ["é"]}, {"tags": ["A"]}]
    over = a_test_set(team, items=rows)
    address = reverse("site:test_set_items", args=[over.test_set_id])
    for tag, found in {"a": ["q0000"], 'b "c"': ["q0000"], "é": ["q0002"], "A": ["q0003"]}.items():
        assert keys(olga.get(address, {"tag": tag}).text) == found, tag


def test_answers_in_error_and_unscored_ones_are_found(olga: Client, team: Team) -> None:
    over = a_test_set(team, items=4)
    run = a_run(a_version(team), over, scores=[1, None, None, 1], answers=["a", None, "c", "d"])
    address = reverse("site:run_items", args=[run.pk])
    assert keys(olga.get(address, {"errors": "error"}).text) == ["q0001"]
    assert keys(olga.get(address, {"errors": "unscored"}).text) == ["q0001", "q0002"]


def test_an_item_has_both_answers_their_scores_and_the_ways_on(olga: Client, study: Study) -> None:
    page = one(olga, study, "q0003", outcome="lost", tag="tag1")
    assert "triage-reading: Question 3?" in page
    assert "<p>wrong, says triage-lora v1</p>" in page
    assert page.count('class="answer pass"') == 2  # the baseline's, and the prompted arm's below
    assert page.count('class="answer fail"') == 1
    assert "2 of 10" in page
    query = "?outcome=lost&amp;tag=tag1"
    for rel, key in (("prev", "q0001"), ("next", "q0005")):
        address = reverse("site:study_item", args=[study.pk, "triage-reading", key])
        assert f'rel="{rel}" href="{address}{query}"' in page


def test_differences_are_marked_where_an_address_asks_for_them(olga: Client, study: Study) -> None:
    marks = ("<mark>right</mark>", "<mark>wrong, says triage-lora v1</mark>")
    for page in (
        one(olga, study, "q0003", view="diff"),
        listed(olga, study, outcome="lost", view="diff"),
        olga.get(reverse("site:study", args=[study.pk]), {"tab": "answers", "view": "diff"}).text,
    ):
        assert all(mark in page for mark in marks)
    assert "<mark>" not in one(olga, study, "q0003", view="raw")


def test_another_pair_may_be_compared(olga: Client, study: Study) -> None:
    page = one(olga, study, "q0003", against="triage-prompted")
    before, _, after = page.partition("Other arms")
    assert 'aria-label="triage-prompted"' in before
    assert 'aria-label="triage-base"' in after


def test_an_item_that_is_not_among_those_asked_for_says_so(olga: Client, study: Study) -> None:
    assert "not among the 20 that were asked for" in one(olga, study, "q0030", outcome="lost")


def test_what_a_metric_took_out_of_an_answer_stands_beside_its_score(
    olga: Client, team: Team
) -> None:
    over = a_test_set(team, items=3)
    metric = a_metric("numeric_match", extract="answer is (.*)")
    said = ["5 times, the answer is $1,200 or so", "no idea 7", "the answer is blue"]
    run = a_run(a_version(team), over, scores=[1, 0, 0], answers=said, metric=metric)
    pages = [olga.get(reverse("site:run_item", args=[run.pk, f"q{i:04}"])).text for i in range(3)]
    assert 'compared: <span class="mono">1200</span>' in pages[0]
    assert "the pattern matched nothing, so the whole answer is scored" in pages[1]
    assert "it found nothing in the answer to compare" in pages[2]
    assert all("sealed" in page for page in pages)


def test_where_less_is_better_right_is_what_is_less(olga: Client, team: Team) -> None:
    over = a_test_set(team, items=2)
    run = a_run(a_version(team), over, scores=[0, 1], metric=a_metric("refusal"))
    opened(run)
    first, second = (
        olga.get(reverse("site:run_item", args=[run.pk, key])).text for key in ("q0000", "q0001")
    )
    assert 'class="answer pass"' in first
    assert 'class="answer fail"' in second


def test_a_chat_is_shown_by_its_turns_with_the_system_prompt_folded(
    olga: Client, team: Team
) -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    over = a_test_set(team, items=[{"input": turns, "context": "A long story"}])
    page = olga.get(reverse("site:test_set_item", args=[over.test_set_id, "q0000"])).text
    assert re.search(r"<details[^>]*><summary><span class=\"role\">system</span>", page)
    assert re.search(r"<details[^>]*><summary><span class=\"role\">context</span>", page)
    assert '<p class="role">user</p>' in page


def test_before_a_decision_answers_are_open_and_outcomes_are_not(olga: Client, team: Team) -> None:
    study = a_sealed_study(team, failed=2)
    page = listed(olga, study, errors="error")
    assert keys(page) == ["q0000", "q0001"]
    assert "timed out" in page
    assert "sealed until a decision reads them" in page
    assert "Left out: the outcome: Its scores are sealed" in listed(olga, study, outcome="won")
    page = one(olga, study, "q0007", "questions")
    assert "Tuned answer 7." in page
    assert page.count(">sealed<") == 4  # of each arm: above its answer, and among its scores


def test_invalid_evidence_shows_no_result_though_another_decision_had_opened_it(
    olga: Client, team: Team
) -> None:
    study = a_sealed_study(team, failed=1)
    assert decide_study(study=study)[0].verdict == "invalid"
    opened(*Run.objects.all())
    page = one(olga, study, "q0007", "questions")
    assert "Invalid evidence shows no result" in page
    assert "0.81" not in page
    assert "0.37" not in page
    assert "Invalid evidence shows no result" in listed(olga, study)
    taken = b"".join(
        olga.get(reverse("site:study_items_file", args=[study.pk, "jsonl"])).streaming_content
    )
    assert b"Tuned answer 7." in taken
    assert b"0.8125" not in taken


def test_a_study_without_answers_says_what_it_waits_for(olga: Client, team: Team) -> None:
    over = a_test_set(team, items=2)
    base = a_version(team)
    study = a_study(
        team, baseline=base, candidate=a_version(team, "lora", parent=base), primary=over
    )
    assert "No answers yet" in listed(olga, study)


def test_an_id_may_hold_what_an_address_may_not(olga: Client, team: Team) -> None:
    rows = [{"key": key} for key in ("a/b c?d#e", "100%25", "ü&x=1")]
    over = a_test_set(team, items=rows)
    run = a_run(a_version(team), over, scores=[1, 1, 1])
    page = olga.get(reverse("site:run_items", args=[run.pk])).text
    addresses = re.findall(r'<a class="mono" id="item-\d+" href="([^"]*)" data-item>', page)
    assert len(addresses) == 3
    for address, row in zip(addresses, rows, strict=True):
        found = olga.get(html.unescape(address))
        assert f">{html.escape(row['key'])}</h1>" in found.text


def test_an_id_that_no_item_has_is_not_there(olga: Client, study: Study) -> None:
    for test_set, key in (("triage-reading", "q9999"), ("triage", "q0001")):
        address = reverse("site:study_item", args=[study.pk, test_set, key])
        assert olga.get(address).status_code == 404


def test_of_an_item_that_was_answered_twice_each_answer_is_a_click_away(
    olga: Client, team: Team
) -> None:
    run = a_run(a_version(team), a_test_set(team, items=1), scores=[1], answers=["The first."])
    item = run.test_set_version.items.get()
    Output.objects.create(run=run, item=item, sample=1, text="The second.")
    page = one_of(olga, run)
    assert "answer 1 of 2" in page
    assert "The second." not in page
    second = re.search(r'href="([^"]*)">Answer 2</a>', page)
    assert second
    page = olga.get(html.unescape(second[1])).text
    assert "answer 2 of 2" in page
    assert "The first." not in page


def one_of(client: Client, run: Run) -> str:
    return client.get(reverse("site:run_item", args=[run.pk, "q0000"])).text


def test_what_is_found_is_taken_out_as_files_that_hold_no_sealed_score(
    olga: Client, study: Study
) -> None:
    def taken(form: str, **query: str) -> str:
        address = reverse("site:study_items_file", args=[study.pk, form])
        return b"".join(olga.get(address, query).streaming_content).decode()

    query = {"test_set": "triage-reading", "outcome": "lost", "tag": "tag1"}
    rows = [json.loads(line) for line in taken("jsonl", **query).splitlines()]
    assert [row["item"] for row in rows[::3]] == [f"q{i:04}" for i in range(1, 20, 2)]
    assert {row["arm"] for row in rows} == {"triage-base", "triage-lora", "triage-prompted"}
    assert rows[0]["scores"] == {"exact_match": 1.0}
    table = list(csv.DictReader(io.StringIO(taken("csv", **query))))
    assert [row["output"] for row in table] == [row["output"] for row in rows]
    noted = LogEntry.objects.filter(action=Action.EXPORTED).values_list("what", flat=True)
    assert set(noted) == {f"items of study {study.pk} as {form}" for form in ("jsonl", "csv")}
    address = reverse("site:study_items_file", args=[study.pk, "xml"])
    assert olga.get(address).status_code == 404


def test_before_a_decision_a_file_holds_answers_alone(olga: Client, team: Team) -> None:
    study = a_sealed_study(team)
    address = reverse("site:study_items_file", args=[study.pk, "csv"])
    text = b"".join(olga.get(address).streaming_content).decode()
    assert "Tuned answer 7." in text
    assert "0.81" not in text


def test_a_text_that_a_spreadsheet_would_take_for_a_formula_is_harmless_in_a_csv(
    olga: Client, team: Team
) -> None:
    over = a_test_set(team, items=1)
    run = a_run(a_version(team), over, scores=[1], answers=["=cmd()"])
    address = reverse("site:run_items_file", args=[run.pk, "csv"])
    text = b"".join(olga.get(address).streaming_content).decode()
    assert next(csv.DictReader(io.StringIO(text)))["output"] == "'=cmd()"


def test_the_study_its_runs_and_its_test_sets_lead_here(olga: Client, study: Study) -> None:
    page = olga.get(reverse("site:study", args=[study.pk])).text
    first = reverse("site:study_item", args=[study.pk, "triage-reading", "q0000"])
    assert f'href="{first}?arm=triage-lora" data-item' in page
    assert reverse("site:study_items", args=[study.pk]) in page
    run = Run.objects.latest("pk")
    page = olga.get(reverse("site:run", args=[run.pk])).text
    assert reverse("site:run_item", args=[run.pk, "q0000"]) in page
    test_set = run.test_set_version.test_set
    page = olga.get(reverse("site:test_set", args=[test_set.pk])).text
    assert reverse("site:test_set_item", args=[test_set.pk, "q0000"]) in page

"""The report of `evalhub compare`: one file that needs nothing else."""

import re

from evalhub.ledger.decide import decide_study
from evalhub.report.one_file import render_report
from evalhub.report.words import terms
from tests.cast import Team
from tests.report.test_flips import a_flip
from tests.site.cases import a_measured_study


def test_the_report_holds_verdict_criteria_and_flips_and_loads_nothing(team: Team) -> None:
    record = decide_study(study=a_measured_study(team))[0].document
    page = render_report(record, [a_flip(input="<script>alert(1)</script>")])
    assert record.headline in page
    assert "&lt;script&gt;alert(1)" in page
    assert "Lost (1)" in page
    assert "--accent" in page
    assert not re.search(r"<(script|img|form|iframe)\b", page)
    assert re.findall(r'(?:href|src)="(?!#)([^"]*)"', page) == ["data:,"]


def test_a_word_of_ours_leads_to_its_sentence_at_the_end_of_the_file(team: Team) -> None:
    record = decide_study(study=a_measured_study(team))[0].document
    page = render_report(record, [a_flip()])
    led_to = set(re.findall(r'href="#word-([^"]*)"', page))
    assert {"guard", "margin", "interval"} <= led_to
    assert set(re.findall(r'id="word-([^"]*)"', page)) == led_to
    assert page.count(terms()["margin"].says) == 2  # where it stands, and at the end


def test_words_that_one_answer_alone_has_are_underlined_whichever_is_right(team: Team) -> None:
    record = decide_study(study=a_measured_study(team))[0].document
    page = render_report(record, [a_flip()])
    assert "<mark>9:46</mark>" in page
    assert "<mark>10</mark>" in page
    assert '<div class="answer pass">' in page
    assert '<div class="answer fail">' in page
    style = page.split("\nmark {")[1].split("}")[0]
    assert "underline" in style
    assert "--ship" not in style
    assert "--hold" not in style


def test_of_very_many_losses_the_largest_are_shown_and_all_are_counted(team: Team) -> None:
    record = decide_study(study=a_measured_study(team))[0].document
    flips = [a_flip(key=f"q{i}", difference=-i / 1000) for i in range(300)]
    page = render_report(record, flips)
    assert "Lost (300)" in page
    assert "the largest 100 are shown" in page
    assert " · q299<" in page
    assert " · q100<" not in page


def test_the_report_says_how_each_criterion_was_computed(team: Team) -> None:
    record = decide_study(study=a_measured_study(team))[0].document
    page = render_report(record, [a_flip()])
    assert "How triage-task was computed" in page
    assert "Tango 1998" in page
    assert "with a chance of 80%" in page
    assert 'href="#measured-2"' in page

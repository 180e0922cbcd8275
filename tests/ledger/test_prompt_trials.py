"""Judged items that were asked again with another prompt: noted by the next decision."""

import pytest

from evalhub.declare.prompt import Prompt
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision, PromptTrial
from evalhub.ledger.prompt_trials import TRIED, keep_trial
from evalhub.registry.development import read_freely
from evalhub.registry.models import Item, TestSetVersion
from tests.cast import Team, a_run, a_study, a_team, a_test_set, a_version, decided

pytestmark = pytest.mark.django_db
ITEMS = 40


def ask(item: Item, team: Team, system: str = "Be brief.") -> None:
    keep_trial(item=item, prompt=Prompt(system=system), model="support v1", by=team.eva)


def study_on(over: TestSetVersion, team: Team, name: str = "tuned") -> Decision:
    base, tuned = a_version(team, "base"), a_version(team, name)
    if not base.runs.exists():
        a_run(base, over, scores=[0] * ITEMS)
    a_run(tuned, over, scores=[1] * ITEMS)
    return decided(a_study(team, baseline=base, candidate=tuned, primary=over, slug=name))


def notes(decision: Decision) -> list[str]:
    return [each.sentence for each in decision.document.caveats if each.code == TRIED]


def test_the_next_decision_says_how_many_items_and_who(team: Team) -> None:
    over = a_test_set(team, items=ITEMS)
    items = list(over.items.order_by("position")[:2])
    for item in [*items, items[0]]:
        ask(item, team)
    decision = study_on(over, team)
    sentence = "2 items of questions asked again with another prompt before, by eva"
    assert notes(decision) == [sentence]
    assert decision.document.headline.endswith(f"Note: {sentence}.")
    assert decision.document.verdict is Verdict.SHIP, "it is noted, and holds nothing"


def test_a_study_that_was_decided_is_noted_when_it_is_decided_again(team: Team) -> None:
    over = a_test_set(team, items=ITEMS)
    decision = study_on(over, team)
    assert notes(decision) == []
    ask(over.items.all()[0], team)
    again = decide_study(study=decision.study)[0]
    assert len(notes(again)) == 1
    assert again.pk != decision.pk


def test_the_same_item_in_another_version_is_the_same(team: Team) -> None:
    rows = [{"input": f"Question {n}?"} for n in range(ITEMS + 1)]
    before, over = a_test_set(team, items=rows[1:]), a_test_set(team, items=rows[:ITEMS])
    ask(before.items.order_by("-position")[0], team)
    assert notes(study_on(over, team)) == []
    ask(before.items.order_by("position")[0], team)
    (note,) = notes(study_on(over, team, "next"))
    assert note.startswith("1 item of questions")


def test_nothing_is_kept_of_a_development_item(team: Team) -> None:
    over = a_test_set(team, items=ITEMS)
    read_freely(over)
    ask(over.items.all()[0], team)
    assert not PromptTrial.objects.exists()


def test_what_another_project_asked_is_not_told(team: Team) -> None:
    rows = [{"input": f"Question {n}?"} for n in range(ITEMS)]
    other = a_team("Other", "other")
    ask(a_test_set(other, items=rows).items.all()[0], other)
    assert notes(study_on(a_test_set(team, items=rows), team)) == []

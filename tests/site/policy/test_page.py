"""What a study asks is changed on its page: the difference first, and noted."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import LogEntry
from evalhub.frames.page.read_from import FIELD
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Study
from tests.cast import Team
from tests.site.cases import a_measured_study
from tests.site.test_campaign_pages import filled

HTMX = {"HX-Request": "true"}
TASK, READING = "triage-task", "triage-reading"


@pytest.fixture
def study(team: Team) -> Study:
    return a_measured_study(team)


def path(study: Study) -> str:
    return reverse("site:study_policy", args=[study.pk])


def posted(client: Client, study: Study, button: str = "change", **changed: Any) -> Any:
    given = filled(client.get(path(study)))
    given |= {name.replace("__", "."): value for name, value in changed.items()}
    return client.post(path(study), given | {button: "1"}, follow=True)


def hidden(html: str) -> str:
    match = re.search(rf'name="{FIELD}" value="(\w+)"', html)
    assert match is not None
    return match[1]


def read_on(client: Client, study: Study) -> dict[str, str]:
    return {FIELD: hidden(client.get(path(study)).text)}


def changed_margin(client: Client, study: Study, button: str = "change") -> Any:
    return posted(client, study, button, **{f"{READING}.margin": "0.3"})


def test_the_difference_and_the_price_are_shown_before_anything_changes(
    olga: Client, study: Study
) -> None:
    shown = changed_margin(olga, study, "show").text
    assert "Easier to pass" in shown
    assert f"{READING} may lose less than 0.3 (was 0.02)" in shown
    assert "The margin of 0.3 needs" in shown
    assert study.test_sets.get(name=READING).margin == 0.02
    assert not LogEntry.objects.filter(action="policy-changed").exists()


def test_htmx_gets_the_difference_alone(olga: Client, study: Study) -> None:
    given = filled(olga.get(path(study)), alpha="0.01")
    shown = olga.post(path(study), given, headers=HTMX).text
    assert "Stricter" in shown
    assert "<html" not in shown


def test_a_change_is_written_and_noted_with_who_and_what(
    olga: Client, study: Study, team: Team
) -> None:
    page = changed_margin(olga, study)
    assert f"Changed: {READING} may lose less than 0.3 (was 0.02). The log has it." in page.text
    assert study.test_sets.get(name=READING).margin == 0.3
    entry = LogEntry.objects.get(action="policy-changed")
    assert (entry.by, entry.project) == (team.olga, team.project)
    assert entry.detail["changes"] == [
        {"field": f"criteria.{READING}.margin", "was": 0.02, "now": 0.3, "effect": "easier"}
    ]


def test_the_next_decision_says_that_the_policy_was_changed_since_the_first_look(
    olga: Client, study: Study
) -> None:
    decide_study(study=study)
    changed_margin(olga, study)
    study.refresh_from_db()
    record = decide_study(study=study)[0].document
    assert record.policy_since is not None
    (change,) = record.policy_since.changes
    assert (change.was, change.now, change.effect) == (0.02, 0.3, "easier")


def test_a_test_set_can_have_another_role(olga: Client, study: Study) -> None:
    role, gain = f"{READING}.role", f"{READING}.min_gain"
    posted(olga, study, **{role: "primary", gain: "0.1"})
    asked = study.test_sets.get(name=READING)
    assert (asked.role, asked.min_gain, asked.margin) == ("primary", 0.1, 0.02)


def test_the_study_s_own_rule_can_be_another(olga: Client, study: Study) -> None:
    posted(olga, study, alpha="0.01", failures="worst", min_agreement="0.4", ledger_at="server")
    study.refresh_from_db()
    policy = study.policy
    assert (policy.alpha, policy.failures, policy.min_agreement) == (0.01, "worst", 0.4)
    assert (policy.ledger_at, policy.planned_gain) == ("server", 0.05)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (f"{READING}.margin", "-1", "margin"),
        ("alpha", "0.9", "alpha"),
        (f"{READING}.margin", "2", "margin"),
        (f"{READING}.tier", "none", "not one of the available choices"),
    ],
)
def test_what_can_t_be_is_refused_and_kept(
    olga: Client, study: Study, field: str, value: str, said: str
) -> None:
    page = posted(olga, study, **{field: value})
    assert said in page.text
    assert f'value="{value}"' in page.text or value == "none"
    assert not LogEntry.objects.filter(action="policy-changed").exists()


def test_the_same_is_no_change(olga: Client, study: Study) -> None:
    assert "The same is asked already." in posted(olga, study).text
    assert not LogEntry.objects.filter(action="policy-changed").exists()


def test_who_comes_second_is_shown_both_and_takes_nothing_back(
    olga: Client, eva: Client, study: Study
) -> None:
    theirs = filled(eva.get(path(study))) | read_on(eva, study)
    changed_margin(olga, study)
    conflict = eva.post(path(study), theirs | {"alpha": "0.01", "change": "1"})
    assert conflict.status_code == 409
    assert "olga changed this first" in conflict.text
    assert f"{READING} may lose less than 0.02 (was 0.3)" in conflict.text, "theirs, which would go"
    assert "Significance level: 0.01 (was 0.025)" in conflict.text
    assert study.test_sets.get(name=READING).margin == 0.3
    again = theirs | {"alpha": "0.01", "change": "1", FIELD: hidden(conflict.text)}
    assert "Changed:" in eva.post(path(study), again, follow=True).text
    assert study.test_sets.get(name=READING).margin == 0.02, "by who had seen both"


def test_the_difference_says_already_that_somebody_was_first(
    olga: Client, eva: Client, study: Study
) -> None:
    theirs = filled(eva.get(path(study)), alpha="0.01") | read_on(eva, study)
    changed_margin(olga, study)
    shown = eva.post(path(study), theirs | {"change": "1"}, headers=HTMX)
    assert (shown.status_code, "olga changed this first" in shown.text) == (200, True)
    study.refresh_from_db()
    assert study.policy.alpha == 0.025, "a button's name that htmx sends along saves nothing"


def test_a_form_with_a_flaw_stays_as_old_as_it_was(olga: Client, eva: Client, study: Study) -> None:
    theirs = filled(eva.get(path(study)), alpha="9") | read_on(eva, study)
    changed_margin(olga, study)
    flawed = eva.post(path(study), theirs | {"change": "1"})
    assert hidden(flawed.text) == theirs[FIELD], "it hasn't shown what olga changed"


def test_a_flaw_takes_the_focus_and_leads_to_its_field(olga: Client, study: Study) -> None:
    page = posted(olga, study, **{f"{READING}.margin": "-1"}).text
    assert 'role="alert" tabindex="-1" autofocus' in page
    assert f'<a href="#id_{READING}.margin">{READING}: loss allowed</a>' in page


def test_only_who_evaluates_in_the_project_may(rui: Client, stranger: Client, study: Study) -> None:
    for client in (rui, stranger):
        assert client.post(path(study), {"alpha": "0.01", "change": "1"}).status_code == 403
    study.refresh_from_db()
    assert study.policy.alpha == 0.025

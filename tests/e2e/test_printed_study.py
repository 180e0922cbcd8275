"""A study on paper: two A4 pages without anything that is there to be clicked."""

import pytest
from django.urls import reverse

from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Study
from evalhub.registry.models.versions import Kind
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.e2e.conftest import Opens
from tests.site.cases import POLICY

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

GUARDS, ITEMS = 8, 40
SEEN = "all => all.filter(each => each.checkVisibility()).length"


def a_large_study(team: Team) -> Study:
    """Nine criteria, two candidate arms, two tags a test set, and texts that are long."""
    base = a_version(team, "base")
    lora = a_version(team, "lora", parent=base)
    prompted = a_version(team, "prompted", kind=Kind.FEW_SHOT, parent=base)
    names = ["triage", *(f"general-skill-{i}" for i in range(GUARDS))]
    sets = [a_test_set(team, name, items=ITEMS, tags=["easy", "hard"]) for name in names]
    for at, version in enumerate((base, lora, prompted)):
        for i, test_set in enumerate(sets):
            right = (ITEMS // 2 + 7 * at) if i == 0 else ITEMS - (9 * at * i) % ITEMS // 2
            scores = [1] * right + [0] * (ITEMS - right)
            said = [f"{version} says at length: {score} " + "and so on " * 60 for score in scores]
            a_run(version, test_set, scores=scores, answers=said)
    study = a_study(
        team,
        baseline=base,
        candidate=lora,
        primary=sets[0],
        guards=sets[1:],
        alternatives=[prompted],
        policy=POLICY,
    )
    decide_study(study=study)
    return study


def test_a_study_of_nine_criteria_prints_on_two_pages_without_buttons_or_navigation(
    opens: Opens, team: Team
) -> None:
    study = a_large_study(team)
    page = opens(team.olga, reverse("site:study", args=[study.pk]))
    paper = page.pdf(prefer_css_page_size=True)
    assert paper.count(b"/Type /Page\n") == 2
    page.emulate_media(media="print")
    for gone in ("button", "nav", "form", "details", "header.top", "#panel", ".tip"):
        assert page.locator(gone).evaluate_all(SEEN) == 0, gone
    for kept in (".verdict-card .word", ".matrix .forest", ".paper .reasons", ".paper .grounds"):
        assert page.locator(kept).first.is_visible(), kept

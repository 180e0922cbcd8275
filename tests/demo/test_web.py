"""The demo's data at the press of a button."""

from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Project
from evalhub.registry.models import Run, Study
from tests.cast import Team

BUTTON = reverse("make_demo")


def test_a_first_visit_offers_three_ways(olga: Client, team: Team) -> None:
    for page in (reverse("home"), reverse("site:studies")):
        shown = olga.get(page).text
        assert f'action="{BUTTON}"' in shown
        assert f'href="{reverse("site:new_comparison")}"' in shown
        assert f'href="{reverse("site:new_comparison")}#study-file"' in shown


def test_the_button_makes_the_demo_s_study_in_this_project_once(eva: Client, team: Team) -> None:
    for _ in range(2):
        answer = eva.post(BUTTON, {"project": team.project.slug})
        study = Study.objects.get()
        assert answer.url == reverse("site:study", args=[study.pk])  # type: ignore[attr-defined]
    assert study.project == team.project
    assert study.name == "Support triage, LoRA r4"
    assert Run.objects.filter(studies__arm__study=study).distinct().count() == 19
    assert BUTTON not in eva.get(reverse("home")).text


def test_nobody_makes_it_elsewhere_and_no_reviewer_makes_it(
    eva: Client, rui: Client, team: Team
) -> None:
    Project.objects.create(slug="others", name="Others")
    assert eva.post(BUTTON, {"project": "others"}).status_code == 404
    assert eva.post(BUTTON).status_code == 404
    assert rui.post(BUTTON, {"project": team.project.slug}).status_code == 403
    assert eva.get(BUTTON).status_code == 405
    assert not Study.objects.exists()

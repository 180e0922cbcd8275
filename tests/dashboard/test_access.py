"""Who sees results: owners and evaluators of the project, and nobody else."""

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.gate.decide import decide_study
from evalhub.registry.models import ModelVersion, Run, TestSet, TestSetVersion
from tests.cast import Team, a_team, a_working_set
from tests.dashboard.cases import a_measured_study

LISTS = ["studies", "runs", "test_sets", "working_sets", "versions"]


def pages(team: Team) -> list[str]:
    study = a_measured_study(team)
    decision = decide_study(study=study)[0]
    written = a_working_set(team, TestSetVersion.objects.latest("pk"))
    things = {
        "study": study.pk,
        "flips": study.pk,
        "study_file": study.pk,
        "study_yaml": study.pk,
        "study_zip": study.pk,
        "study_progress": study.pk,
        "decision": decision.pk,
        "run": Run.objects.latest("pk").pk,
        "run_progress": Run.objects.latest("pk").pk,
        "test_set": TestSet.objects.latest("pk").pk,
        "version": ModelVersion.objects.latest("pk").pk,
        "working_set": written.pk,
        "add_rows": written.pk,
        "add_item": written.pk,
        "publish_set": written.pk,
    }
    found = [reverse(f"dashboard:{name}", args=[pk]) for name, pk in things.items()]
    item = reverse("dashboard:change_item", args=[written.pk, written.items.all()[0].pk])
    return [*found, item, reverse("dashboard:criterion", args=[decision.pk, 1])]


def test_reviewers_are_told_that_they_stay_blind(rui: Client, team: Team) -> None:
    for page in [
        *pages(team),
        *(reverse(f"dashboard:{name}") for name in [*LISTS, "new_comparison"]),
    ]:
        answer = rui.get(page)
        assert answer.status_code == 403, page
        assert "keeps your judgments blind" in answer.text
        assert "triage" not in answer.text


def test_a_reviewer_cannot_decide(rui: Client, team: Team) -> None:
    study = a_measured_study(team)
    assert rui.post(reverse("dashboard:decide", args=[study.pk])).status_code == 403
    assert not study.decisions.exists()


def test_evaluators_see_what_owners_see(eva: Client, team: Team) -> None:
    for page in pages(team):
        assert eva.get(page, headers={"HX-Request": "true"}).status_code == 200, page


def test_whoever_is_in_no_project_is_told_whom_to_ask(stranger: Client) -> None:
    answer = stranger.get(reverse("dashboard:studies"))
    assert answer.status_code == 403
    assert "Ask an owner" in answer.text


@pytest.mark.parametrize("method", ["get", "post"])
def test_another_teams_things_are_not_there(team: Team, method: str) -> None:
    other = a_team("Others", "others")
    owner = other.signed_in(other.sam)
    other.project.memberships.create(user=other.sam, role="owner")
    found = pages(team)
    if method == "get":
        for page in found:
            assert owner.get(page, headers={"HX-Request": "true"}).status_code == 404, page
    else:
        decide = found[0] + "decide/"
        assert owner.post(decide).status_code == 404


def test_lists_show_ones_own_project_only(team: Team) -> None:
    pages(team)
    other = a_team("Others", "others")
    other.project.memberships.create(user=other.sam, role="evaluator")
    client = other.signed_in(other.sam)
    for name in LISTS:
        assert "triage" not in client.get(reverse(f"dashboard:{name}")).text


def test_the_links_at_the_top_are_those_one_may_follow(olga: Client, rui: Client) -> None:
    studies = reverse("dashboard:studies")
    assert f'href="{reverse("dashboard:test_sets")}"' in olga.get(studies).text
    blind = rui.get(studies).text
    assert f'href="{reverse("dashboard:test_sets")}"' not in blind
    assert f'href="{reverse("reviews:home")}"' in blind


def test_the_link_of_the_page_at_hand_is_marked(olga: Client) -> None:
    runs = reverse("dashboard:runs")
    assert f'href="{runs}" aria-current="page"' in olga.get(runs).text

"""The admin's tables are named, grouped and linked, and what is seen there is noted."""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Action, LogEntry
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Run, Study, StudyRun
from reviews.models import Campaign
from reviews.planning.campaign import close_campaign
from tests.cast import Team
from tests.reviews.asking import a_review
from tests.reviews.judged import judge_all
from tests.site.cases import a_measured_study

OURS = (
    *("accounts", "ledger", "monitoring", "registry", "rest", "reviews", "webhooks"),
    *("score_audits", "working_sets"),
)
UNCOUNTED = {"spending"}


@pytest.fixture
def campaign(team: Team) -> Campaign:
    """A review with judgments, which is closed."""
    study = a_measured_study(team, items=8)
    links = StudyRun.objects.filter(arm__study=study, test_set__role="primary")
    runs = [links.get(arm__role=role).run for role in ("baseline", "candidate")]
    found = a_review(study=study, baseline_run=runs[0], candidate_run=runs[1], items=5, name="Tone")
    judge_all(found, {"rui": lambda _: "candidate"})
    return found


def plural(name: str) -> str:
    """An English noun's, by rule; of "look of a guard" that of the first word."""
    first, of, rest = name.partition(" of ")
    if of:
        return f"{plural(first)} of {rest}s".replace(" of a ", " of ")
    if " at " in name:
        return plural(name.partition(" at ")[0]) + " at " + name.partition(" at ")[2]
    if name in UNCOUNTED:
        return name
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    return f"{name[:-1]}ies" if re.search(r"[^aeiou]y$", name) else f"{name}s"


def test_every_table_is_called_what_several_of_its_rows_are() -> None:
    models = [model for label in OURS for model in apps.get_app_config(label).get_models()]
    names = {str(each._meta.verbose_name): str(each._meta.verbose_name_plural) for each in models}
    assert {one: many for one, many in names.items() if many != plural(one)} == {}
    assert len(names) > 45


def test_every_table_stands_in_one_group_on_the_first_page(root: Client) -> None:
    groups = root.get(reverse("admin:index")).context["app_list"]
    listed = [model["object_name"] for group in groups for model in group["models"]]
    assert sorted(listed) == sorted(model.__name__ for model in admin.site._registry)
    assert [group["name"] for group in groups][:3] == [
        "People and projects",
        "Who did and saw what",
        "Studies and decisions",
    ]
    assert "Blind reviews" in root.get(reverse("admin:app_list", args=["reviews"])).text


def test_rows_lead_to_the_products_pages_and_to_what_hangs_on_them(
    root: Client, team: Team, campaign: Campaign
) -> None:
    study = Study.objects.get()
    decide_study(study=study)
    look, run = study.looks.latest("pk"), Run.objects.latest("pk")
    pages = {
        "registry_study": f"/studies/{study.pk}/",
        "registry_run": f"/runs/{run.pk}/",
        "registry_modelversion": f"/versions/{run.version_id}/",
        "registry_testset": f"/test-sets/{run.test_set_version.test_set_id}/",
        "registry_testsetversion": f"/test-sets/{run.test_set_version.test_set_id}/",
        "ledger_decision": f"/studies/{study.pk}/",
        "ledger_look": f"/test-sets/{look.test_set_version.test_set_id}/",
        "reviews_campaign": f"/campaigns/{campaign.pk}/",
        "reviews_reviewer": f"/campaigns/{campaign.pk}/",
        "accounts_project": f"/projects/{team.project.slug}/members/",
    }
    for table, page in pages.items():
        shown = root.get(reverse(f"admin:{table}_changelist")).text
        assert f'<a href="{page}">open</a>' in shown, table
        assert root.get(page).status_code == 200
    shown = root.get(reverse("admin:registry_study_change", args=[study.pk])).text
    for rows in (
        f"/admin/ledger/decision/?study__id__exact={study.pk}",
        f"/admin/reviews/campaign/?study__id__exact={study.pk}",
    ):
        assert f'<a href="{rows}">list</a>' in shown
        assert root.get(rows).context["cl"].result_count > 0


def noted() -> list[str]:
    seen = LogEntry.objects.filter(action=Action.SAW_RESULTS, by__username="root")
    return list(seen.values_list("what", flat=True))


def test_whoever_looks_at_what_was_said_in_a_review_has_seen_its_results(
    root: Client, campaign: Campaign
) -> None:
    judgments = reverse("admin:reviews_judgment_changelist")
    assert root.get(judgments).context["cl"].result_count == 0  # it goes on
    assert noted() == []
    close_campaign(campaign=campaign, by=None)
    root.get(judgments, {"choice__exact": "tie"})
    assert noted() == []  # no row was counted
    shown = root.get(judgments)
    assert shown.context["cl"].result_count > 0
    assert noted() == [str(campaign)]
    root.get(judgments)
    assert noted() == [str(campaign)]  # the same again is no news


def test_so_has_who_opens_one_judgment(root: Client, campaign: Campaign) -> None:
    close_campaign(campaign=campaign, by=None)
    judgment = campaign.pairs.first().assignments.first().judgments.first()
    root.get(reverse("admin:reviews_judgment_change", args=[judgment.pk]))
    assert noted() == [str(campaign)]

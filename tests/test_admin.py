"""The admin shows everything, quickly, and changes no evidence."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evalhub.accounts.models import (
    MailDay,
    Membership,
    Project,
    SignInLink,
    User,
)
from evalhub.ledger.models import (
    Decision,
    Ledger,
)
from evalhub.registry.models import (
    Ingestion,
    Item,
    Metric,
    ModelVersion,
    Output,
    Run,
    Score,
    Study,
    TestSet,
    TestSetVersion,
)
from evalhub.registry.models import Model as ModelLine
from reviews.models import (
    Campaign,
    Judgment,
    Pair,
)
from tests.admin_world import a_world, richest
from tests.cast import Team, a_team, a_test_set

OURS = [
    model
    for label in ("accounts", "registry", "ledger", "reviews")
    for model in apps.get_app_config(label).get_models()
    # a secret of minutes, which nobody is to browse; and counts, which stand on /metrics
    if model not in (SignInLink, MailDay)
]
EDITABLE: dict[type[Model], set[str]]
EDITABLE = {TestSet: {"purpose"}, ModelVersion: {"notes"}, Study: {"name"}}
EVIDENCE = [m for m in OURS if m._meta.app_label != "accounts" and m not in EDITABLE]


@pytest.fixture
def world(team: Team) -> Team:
    a_world(team, "small", size=1)
    return team


def changelist(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")


def page(row: Model, verb: str = "change") -> str:
    name = row._meta.label_lower.replace(".", "_")
    return reverse(f"admin:{name}_{verb}", args=[row.pk])


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_every_record_is_in_the_admin_and_can_be_searched(
    world: Team, root: Client, subtests: pytest.Subtests
) -> None:
    for model in OURS:
        with subtests.test(model=model.__name__):
            assert admin.site.get_model_admin(model).search_fields
            assert root.get(changelist(model), {"q": "small"}).status_code == 200


@pytest.mark.heavy
def test_the_pages_need_no_more_queries_when_there_is_more_to_show(
    world: Team, root: Client
) -> None:
    def asked() -> dict[str, list[int]]:
        """By model, the queries of its list and of its richest row's page."""
        return {
            model.__name__: [
                queries(root, url) for url in (changelist(model), page(richest(world, model)))
            ]
            for model in OURS
        }

    asked()  # Django keeps the content types that it looked up
    few = asked()
    rows = {model: model._default_manager.count() for model in OURS}
    a_world(world, "large", size=4)
    grown = {model: model._default_manager.count() - rows[model] for model in OURS}
    assert grown.pop(Ledger) == 0, "a home has one"
    assert min(grown.values()) >= 4, grown
    root.get(reverse("admin:index"))  # notes once that root has seen the new projects
    root.get(changelist(Judgment))  # and what was said in the new reviews
    assert asked() == few


@pytest.mark.heavy
def test_lists_are_totally_ordered(world: Team, root: Client, subtests: pytest.Subtests) -> None:
    for model in OURS:
        with subtests.test(model=model.__name__):
            shown = root.get(changelist(model)).context["cl"].queryset
            assert shown.totally_ordered


def test_scores_made_elsewhere_are_neither_shown_nor_searched_for(
    world: Team, root: Client
) -> None:
    row = richest(world, Output)
    Output.objects.filter(pk=row.pk).update(given_scores={"f1": 0.123456})
    for lookup in ("given_scores__f1__gt", "given_scores__isnull", "given_scores__contains"):
        asked = root.get(changelist(Output), {lookup: "0"})
        assert asked.status_code in (302, 400), "refused, or sent to the whole list"
    assert "0.123456" not in root.get(page(row)).content.decode()
    assert "0.123456" not in root.get(changelist(Output)).content.decode()


@pytest.mark.heavy
def test_evidence_is_neither_added_nor_changed_nor_deleted(
    world: Team, root: Client, subtests: pytest.Subtests
) -> None:
    for model in EVIDENCE:
        with subtests.test(model=model.__name__):
            row = richest(world, model)
            before = model._default_manager.filter(pk=row.pk).values().get()
            shown = root.get(page(row)).content.decode()
            assert 'name="_save"' not in shown
            assert root.get(changelist(model) + "add/").status_code == 403
            assert root.post(page(row), {"slug": "x", "key": "x", "value": 1}).status_code == 403
            assert root.post(page(row, "delete"), {"post": "yes"}).status_code == 403
            selected = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
            root.post(changelist(model), selected)
            assert model._default_manager.filter(pk=row.pk).values().get() == before


def test_only_what_no_digest_covers_is_changed(
    world: Team, root: Client, subtests: pytest.Subtests
) -> None:
    for model, changed in EDITABLE.items():
        with subtests.test(model=model.__name__):
            row = richest(world, model)
            form = root.get(page(row)).context["adminform"].form
            assert set(form.fields) == changed
            assert root.get(changelist(model) + "add/").status_code == 403
            assert root.post(page(row, "delete"), {"post": "yes"}).status_code == 403


def test_notes_are_changed_and_stage_and_specification_are_not(world: Team, root: Client) -> None:
    version = ModelVersion.objects.order_by("-pk")[0]
    form = {"stage": "champion", "notes": "went live on Monday", "backend": '{"type": "openai"}'}
    assert root.post(page(version), form).status_code == 302
    version.refresh_from_db()
    assert (version.stage, version.notes) == ("candidate", "went live on Monday")
    assert version.backend == {"type": "recorded"}


def test_evidence_does_not_go_with_its_project_or_its_people(world: Team, root: Client) -> None:
    for row in (world.project, world.rui):
        root.post(page(row, "delete"), {"post": "yes"})
        assert type(row)._default_manager.filter(pk=row.pk).exists()
    assert Judgment.objects.count() == 2


SEARCHES: list[tuple[type[Model], str, int]] = [
    (User, "olga", 1),
    (Project, "support", 1),
    (Membership, "ruth", 1),
    (TestSet, "set-small", 1),
    (TestSetVersion, "guard-small", 1),
    (Item, "q0001", 1),
    (ModelLine, "lora-small", 1),
    (ModelVersion, "lora-small", 1),
    (Ingestion, "base-small", 1),
    (Run, "lora-small", 1),
    (Output, "q0001", 2),
    (Score, "q0001", 2),
    (Metric, "exact", 1),
    (Study, "small", 1),
    (Decision, "lora", 1),
    (Campaign, "small", 1),
    (Pair, "q0001", 1),
    (Judgment, "rui", 2),
    (Judgment, "ruth", 0),
]


def test_a_search_finds_what_it_names(world: Team, root: Client, subtests: pytest.Subtests) -> None:
    for model, words, found in SEARCHES:
        with subtests.test(model=model.__name__):
            assert root.get(changelist(model), {"q": words}).context["cl"].result_count == found


def test_what_hangs_on_a_row_is_one_link_away(world: Team, root: Client) -> None:
    a_test_set(world, "others", items=3)
    version = TestSetVersion.objects.get(test_set__slug="set-small-0")
    link = f"{changelist(Item)}?version__id__exact={version.pk}"
    assert link in root.get(page(version)).content.decode()
    listed = root.get(link).context["cl"].result_list
    assert {item.version_id for item in listed} == {version.pk}


def test_json_is_shown_line_by_line_and_escaped(world: Team, root: Client) -> None:
    version = a_test_set(world, "chats", items=[{"input": [{"role": "user", "content": "<b>é"}]}])
    shown = root.get(page(version.items.get())).content.decode()
    assert "&quot;content&quot;: &quot;&lt;b&gt;é&quot;\n" in shown


def test_two_teams_do_not_disturb_each_other(world: Team, root: Client) -> None:
    a_test_set(a_team("Sales", "sales"), "set-small-0")
    assert root.get(changelist(TestSet), {"q": "sales"}).context["cl"].result_count == 1

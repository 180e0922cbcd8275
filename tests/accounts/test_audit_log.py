"""The audit log: who did what, noted with the act and kept for good."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from evalhub.accounts.audit_log import note, note_once
from evalhub.accounts.models import Action, LogEntry, Role
from evalhub.accounts.people import add_user
from evalhub.accounts.results_seen import set_role
from evalhub.accounts.sign_in import sign_in_path
from evalhub.ledger.decide import decide_study
from evalhub.ledger.signoff import sign_off
from reviews.models import Campaign
from reviews.planning.campaign import close_campaign, pause_campaign
from tests.cast import Team
from tests.reviews.conftest import a_campaign
from tests.site.cases import a_measured_study

type Told = list[tuple[str, str | None, str | None, str | None, str]]


def told() -> Told:
    """The log from its first entry on: action, by whom, about whom, in which project, what."""
    fields = ("action", "by__username", "about__username", "project__slug", "what")
    return list(LogEntry.objects.order_by("pk").values_list(*fields))


@pytest.fixture
def campaign(team: Team) -> Campaign:
    return a_campaign(team)


def test_an_entry_is_kept_with_its_act_or_not_at_all(team: Team) -> None:
    with transaction.atomic():
        set_role(project=team.project, user=team.sam, role=Role.REVIEWER, by=team.olga)
        transaction.set_rollback(True)
    assert told() == []


@pytest.mark.parametrize(
    "changed", ["UPDATE accounts_logentry SET by_id = NULL", "DELETE FROM accounts_logentry"]
)
def test_an_entry_is_not_changed_at_a_sql_prompt_either(team: Team, changed: str) -> None:
    sign_in_path(team.rui)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(changed)


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_of_an_act_is_refused(team: Team) -> None:
    with pytest.raises(transaction.TransactionManagementError, match="outside of its act"):
        note(Action.EXPORTED, by=team.olga)


def test_what_is_seen_twice_by_one_person_is_noted_once(team: Team) -> None:
    for person in (team.olga, team.olga, team.eva):
        note_once(Action.SAW_RESULTS, by=person, project=team.project, what="Review 1")
    assert [each[1] for each in told()] == ["olga", "eva"]


def test_the_operator_s_links_and_their_use_are_noted_and_no_token_is(team: Team) -> None:
    path = sign_in_path(team.rui)
    Client().get(path)
    Client().post(path)
    entries = told()
    assert entries[:2] == [
        ("link-made", None, "rui", None, ""),
        ("link-used", "rui", None, None, ""),
    ]
    token = path.rstrip("/").rpartition("/")[2]
    assert token not in str(list(LogEntry.objects.values()))


def test_people_who_are_made_and_roles_that_change_are_noted(team: Team) -> None:
    add_user(name="nora", project="support-desk", role=Role.EVALUATOR)
    for role in (Role.OWNER, Role.OWNER):
        set_role(project=team.project, user=team.eva, role=role, by=team.olga)
    assert told() == [
        ("user-added", None, "nora", None, ""),
        ("role-changed", None, "nora", "support-desk", "evaluator"),
        ("role-changed", "olga", "eva", "support-desk", "evaluator → owner"),
    ]


def test_a_review_s_life_is_noted(team: Team, campaign: Campaign) -> None:
    pause_campaign(campaign=campaign, by=team.eva)
    for _ in range(2):
        close_campaign(campaign=campaign, by=team.olga)
    review = str(campaign)
    assert told() == [
        ("review-opened", None, None, "support-desk", review),
        ("review-paused", "eva", None, "support-desk", f"{review}: paused"),
        ("review-closed", "olga", None, "support-desk", review),
    ]


def test_whoever_sees_results_exports_them_or_has_models_named_is_noted(
    team: Team, campaign: Campaign, olga: Client
) -> None:
    pages = {name: reverse(f"site:{name}", args=[campaign.pk]) for name in PAGES}
    olga.get(pages["campaign_results"])
    assert [each[0] for each in told()] == ["review-opened"], "it goes on: nothing was shown"
    olga.post(pages["unblind_campaign"])
    olga.get(pages["campaign_results"])
    olga.get(pages["campaign_audit"])
    for form in ("csv", "parquet"):
        olga.get(pages["campaign_export"], {"format": form})
    assert olga.get(pages["campaign_export"], {"format": "docx"}).status_code == 404
    review = str(campaign)
    assert told()[1:] == [
        ("unblinded", "olga", None, "support-desk", review),
        ("saw-results", "olga", None, "support-desk", review),
        ("exported", "olga", None, "support-desk", f"{review} as csv"),
        ("exported", "olga", None, "support-desk", f"{review} as parquet"),
    ]


PAGES = ("campaign_results", "campaign_audit", "campaign_export", "unblind_campaign")


def test_decisions_are_noted_with_who_asked_and_who_stands_by_them(team: Team) -> None:
    study = a_measured_study(team)
    decision, other = decide_study(study=study)
    decide_study(study=study, by=team.eva)
    sign_off(decision=decision, by=team.eva, reason="I have read it")
    sign_off(decision=decision, by=team.olga, reason="No.", verdict="invalid")
    what = f"decision {decision.pk} on {study}"
    assert told() == [
        ("decided", None, None, "support-desk", what),
        ("decided", None, None, "support-desk", f"decision {other.pk} on {study}"),
        ("signed", "eva", None, "support-desk", what),
        ("overrode", "olga", None, "support-desk", what),
    ]

"""A study advanced by whoever calls: a timer, a page, the command line."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.permissions import NotAllowedError
from evalhub.cli.app import run as evalhub
from evalhub.ledger.models import Decision
from evalhub.registry.models import Run, Study
from evalhub.studies.run import advance as advance_module
from evalhub.studies.run.advance import StudyState, advance, advance_studies, due_studies
from reviews.models import Campaign
from reviews.planning.campaign import close_campaign
from runners.execute import process_shard
from runners.launch import cancel
from tests.cast import a_team
from tests.studies.desks import Desk, ran, registered

pytestmark = pytest.mark.django_db(transaction=True)

REVIEW = {"test_set": "triage", "items": 10, "reviewers_per_item": 1}
AUTO = REVIEW | {"open": "auto"}


def every_row() -> dict[str, list[dict[str, object]]]:
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for model in apps.get_models()
    }


def test_a_study_that_is_handed_in_anew_meanwhile_is_looked_at_again_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Between the look at its runs and the decision another candidate comes: no error, no pause."""
    study = ran(desk)
    look = advance_module.review_runs

    def anew(study: Study) -> object:
        desk.answers("tuned", "triage", ["wrong, too"] * 60)
        registered(desk)
        return look(study)

    monkeypatch.setattr(advance_module, "review_runs", anew)
    advance_studies()
    monkeypatch.undo()
    assert caplog.messages == []
    assert not Decision.objects.exists()
    assert advance(study=study, by=None).state is StudyState.RUNNING
    for run in Run.objects.unfinished():
        while process_shard(run.pk):
            pass
    assert due_studies() == [study]


def test_nothing_is_due_before_the_runs_have_ended(desk: Desk) -> None:
    study = registered(desk)
    assert due_studies() == []
    status = advance(study=study, by=None)
    assert (status.state, status.waits_for) == (StudyState.RUNNING, "4 of its 4 runs")
    assert status.decisions == ()


def test_the_timer_decides_once_all_runs_have_ended(desk: Desk) -> None:
    study = ran(desk)
    advance_studies()
    assert study.decisions.get().verdict == "ship"
    assert due_studies() == []


def test_ticks_with_nothing_to_do_change_no_row(desk: Desk) -> None:
    desk.study["review"] = AUTO
    ran(desk)
    advance_studies()
    before = every_row()
    for _ in range(3):
        advance_studies()
    assert every_row() == before


def test_advancing_again_by_hand_changes_no_row(desk: Desk) -> None:
    desk.study["review"] = AUTO
    study = ran(desk)
    first = advance(study=study, by=None)
    before = every_row()
    assert advance(study=study, by=None) == first
    assert every_row() == before


def test_running_the_command_again_on_an_unchanged_file_changes_no_row(desk: Desk) -> None:
    desk.study["review"] = AUTO
    file = str(desk.write())
    assert evalhub(["study", "run", file]) == 2  # it needs more data: people's
    before = every_row()
    assert evalhub(["study", "run", file]) == 2
    assert every_row() == before


def test_the_command_says_whom_the_study_waits_for(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.study["review"] = REVIEW
    evalhub(["study", "run", str(desk.write())])
    assert "The study waits for its owner, who opens its review" in capsys.readouterr().err


def test_a_review_with_open_auto_is_opened_by_the_timer(desk: Desk) -> None:
    desk.study["review"] = AUTO
    study = ran(desk)
    advance_studies()
    campaign = Campaign.objects.get()
    assert campaign.study == study
    known = campaign.events.get(kind="opened").detail["told_apart"]
    assert known["pairs"] == campaign.pairs.count()
    assert study.decisions.get().verdict == "need-more-data"
    assert advance(study=study, by=None).state == StudyState.REVIEWING


def test_another_review_waits_for_its_owner_and_the_study_page_says_so(desk: Desk) -> None:
    desk.study["review"] = REVIEW
    team = a_team("Desk", "desk")
    study = ran(desk)
    advance_studies()
    assert not Campaign.objects.exists()
    status = advance(study=study, by=None)
    assert status.state == StudyState.UNREVIEWED
    assert status.waits_for == "its owner, who opens its review"
    page = team.signed_in(team.olga).get(reverse("site:study", args=[study.pk])).text
    assert "waits for its owner" in page
    assert f"{reverse('site:new_campaign')}?study={study.pk}&amp;test_set=triage" in page


def test_the_end_of_the_review_is_decided_on_by_the_timer(desk: Desk) -> None:
    desk.study["review"] = AUTO
    study = ran(desk)
    advance_studies()
    assert due_studies() == []
    close_campaign(campaign=Campaign.objects.get(), by=None)
    assert due_studies() == [study]
    advance_studies()
    assert due_studies() == []
    assert advance(study=study, by=None).state == StudyState.DECIDED


def test_a_run_that_has_ended_anew_is_taken_in(desk: Desk) -> None:
    study = ran(desk)
    advance_studies()
    desk.answers("tuned", "triage", ["right"] * 20 + ["wrong"] * 40)
    ran(desk)
    advance_studies()
    assert study.decisions.count() == 2


def test_a_cancelled_run_is_waited_for(desk: Desk) -> None:
    study = registered(desk)
    cancel(Run.objects.latest("pk"), by=None)
    for run in Run.objects.unfinished():
        while process_shard(run.pk):
            pass
    assert due_studies() == []
    status = advance(study=study, by=None)
    assert status.state == StudyState.STOPPED
    assert "cancelled" in status.waits_for


def test_two_timers_at_once_make_one_review_and_one_decision(desk: Desk) -> None:
    desk.study["review"] = AUTO
    ran(desk)

    def tick(_: int) -> None:
        try:
            advance_studies()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tick, range(8)))
    assert (Campaign.objects.count(), Decision.objects.count()) == (1, 1)
    assert due_studies() == []


def test_whoever_does_not_evaluate_in_the_project_is_refused(desk: Desk) -> None:
    team = a_team("Desk", "desk")
    study = ran(desk)
    for person in (team.rui, team.sam):
        with pytest.raises(NotAllowedError, match="neither owner nor evaluator of desk"):
            advance(study=study, by=person)
    assert not Decision.objects.exists()
    assert advance(study=study, by=team.eva).state == StudyState.DECIDED


def test_while_one_process_advances_a_study_no_other_does(desk: Desk) -> None:
    study = ran(desk)
    Study.objects.filter(pk=study.pk).update(lease_until="2100-01-01T00:00Z")
    assert advance(study=study, by=None).state == StudyState.ADVANCING
    assert due_studies() == []
    assert not Decision.objects.exists()
    Study.objects.filter(pk=study.pk).update(lease_until="2000-01-01T00:00Z")
    assert advance(study=study, by=None).state == StudyState.DECIDED


def test_what_is_due_is_found_from_what_is_new_alone(desk: Desk) -> None:
    now, later = timezone.now(), timezone.now() + timedelta(hours=1)
    study = ran(desk)
    assert due_studies(news_since=later) == [study], "never advanced"
    advance_studies(news_since=now)
    assert study.decisions.get().verdict == "ship"
    assert due_studies(news_since=now) == due_studies() == []
    Run.objects.update(finished=timezone.now())
    assert due_studies(news_since=now) == due_studies() == [study]
    assert due_studies(news_since=later) == [], "it is no news, and is found by a look at all"

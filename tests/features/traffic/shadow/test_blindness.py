"""Requests in an open review or a sealed study show no version, signal or text to its reviewers."""

import datetime

import pytest
from django.utils import timezone

from evalhub.accounts.models import Role
from evalhub.accounts.results_seen import set_role
from evalhub.declare.declaration import validate
from evalhub.features.traffic.models import Request, Signal
from evalhub.features.traffic.rows import SignalRow, TrafficSource
from evalhub.features.traffic.shadow.drawing import draw_requests
from evalhub.features.traffic.shadow.query import SampleQuery
from evalhub.features.traffic.taking_in import take_in
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Study, TestSetVersion
from reviews.models import Campaign
from reviews.planning.campaign import close_campaign
from tests.cast import Team, a_run, a_study, a_version
from tests.features.traffic.shadow.production import served
from tests.reviews.asking import a_review
from tests.reviews.judged import a_reviewer

pytestmark = pytest.mark.django_db


def a_sample(team: Team, items: int) -> TestSetVersion:
    since = timezone.now() - datetime.timedelta(days=7)
    query = SampleQuery(since=since, n=items)
    version: TestSetVersion = draw_requests(
        project=team.project, query=query, by=team.eva
    ).sample.version
    return version


def thumbs(team: Team, keys: list[str]) -> None:
    """A person's thumb about each of these requests."""
    now = timezone.now().isoformat()
    rows = [
        {"id": f"s-{key}", "time": now, "name": "thumb", "value": 1.0, "request": key}
        for key in keys
    ]
    signals = [(line, validate(SignalRow, row)) for line, row in enumerate(rows, 1)]
    assert take_in(project=team.project, source=TrafficSource.REST, signals=signals).signals == len(
        keys
    )


def in_study(team: Team) -> tuple[Study, Campaign]:
    """A study of two sampled requests, of three, and its open review."""
    served(team, ["a?", "b?"])
    version = a_sample(team, 2)
    served(team, ["c?"], name="later")
    served(team, ["a?"], name="copy", model="new", mirror_of="r-000")
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    runs = [
        a_run(base, version, scores=[0, 1], answers=["one", "two"]),
        a_run(tuned, version, scores=[1, 1], answers=["three", "four"]),
    ]
    study = a_study(team, baseline=base, candidate=tuned, primary=version)
    review = a_review(baseline_run=runs[0], candidate_run=runs[1], study=study, items=2)
    return study, review


def test_who_reviews_a_request_sees_neither_it_nor_its_mirrored_copy(team: Team) -> None:
    _, review = in_study(team)
    reviewer = a_reviewer(review, "rui").user
    assert not Request.objects.visible_to(reviewer).exists()
    set_role(project=team.project, user=reviewer, role=Role.EVALUATOR)
    visible = Request.objects.visible_to(reviewer).values_list("key", flat=True)
    assert list(visible) == ["later-000"], "an evaluator by now, and still blind"
    assert Request.objects.visible_to(team.eva).count() == 4
    assert not Request.objects.visible_to(team.sam).exists()


def test_a_review_that_has_ended_hides_nothing(team: Team) -> None:
    _, review = in_study(team)
    reviewer = a_reviewer(review, "rui").user
    set_role(project=team.project, user=reviewer, role=Role.EVALUATOR)
    close_campaign(campaign=review, by=team.olga)
    assert Request.objects.visible_to(reviewer).count() == 4


def test_signals_about_a_sealed_study_s_items_are_sealed_until_it_is_decided(team: Team) -> None:
    study, _ = in_study(team)
    thumbs(team, ["r-000", "later-000"])
    visible = Signal.objects.visible_to(team.olga)
    assert list(visible.values_list("request_key", flat=True)) == ["later-000"]
    decide_study(study=study)
    assert visible.all().count() == 2

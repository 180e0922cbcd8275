"""Requests in an open review or a sealed study show no version, signal or text to its reviewers."""

import datetime
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.models import Role
from evalhub.accounts.results_seen import set_role
from evalhub.declare.declaration import validate
from evalhub.declare.review import Anytime
from evalhub.features.traffic.models import Request
from evalhub.features.traffic.page_data.request_page import request_address
from evalhub.features.traffic.rows import SignalRow, TrafficSource
from evalhub.features.traffic.shadow.drawing import draw_requests
from evalhub.features.traffic.shadow.query import SampleQuery
from evalhub.features.traffic.taking_in import take_in
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Study, TestSetVersion
from reviews.errors import PlanError
from reviews.models import Campaign
from reviews.planning.campaign import close_campaign
from tests.cast import Team, a_run, a_study, a_version
from tests.features.traffic.shadow.production import served
from tests.features.traffic.test_pages import read
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


def thumbs(team: Team, keys: list[str], value: Mapping[str, float] = MappingProxyType({})) -> None:
    """A person's thumb about each of these requests."""
    now = timezone.now().isoformat()
    rows = [
        {
            "id": f"s-{key}",
            "time": now,
            "name": "thumb",
            "value": value.get(key, 1.0),
            "request": key,
        }
        for key in keys
    ]
    signals = [(line, validate(SignalRow, row)) for line, row in enumerate(rows, 1)]
    assert take_in(project=team.project, source=TrafficSource.REST, signals=signals).signals == len(
        keys
    )


def in_study(team: Team, **sampled: str) -> tuple[Study, Campaign]:
    """A study of two sampled requests, of three, and its open review."""
    served(team, ["a?", "b?"], **sampled)
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


def blind_evaluator(team: Team, review: Campaign) -> Client:
    """Who reviews, and has become an evaluator meanwhile: still blind."""
    reviewer = a_reviewer(review, "rui").user
    set_role(project=team.project, user=reviewer, role=Role.EVALUATOR)
    return team.signed_in(reviewer)


def listed(client: Client) -> list[str]:
    """The keys of the list of requests."""
    page = client.get(reverse("site:production_requests", args=["support-desk"]))
    return sorted(re.findall(r"requests/[\d-]+/\?key=([^\"]*)\"", page.text))


def test_who_reviews_a_request_sees_neither_it_nor_its_mirrored_copy(team: Team) -> None:
    _, review = in_study(team)
    rui = blind_evaluator(team, review)
    assert listed(rui) == ["later-000"]
    for request in Request.objects.all():
        shown = rui.get(request_address(request, "support-desk")).status_code
        assert shown == (200 if request.key == "later-000" else 404), request.key
    assert len(listed(team.signed_in(team.eva))) == 4
    assert not Request.objects.visible_to(team.sam).exists()


@pytest.mark.parametrize(
    ("sampled", "copy"),
    [
        ({"trace_id": "t-7"}, {"trace_id": "t-7"}),
        ({"trace_id": "t-7"}, {"mirror_of": "t-7"}),
        ({}, {"mirror_of": "r-000"}),
        ({}, {"texts": ["a?"]}),
        ({"conversation": "c"}, {"conversation": "c"}),
    ],
    ids=["same trace", "names its trace", "names it", "asks the same", "a later turn"],
)
def test_what_tells_of_a_reviewed_request_is_hidden_with_it(
    team: Team, sampled: dict[str, str], copy: dict[str, Any]
) -> None:
    _, review = in_study(team, **sampled)
    rui = blind_evaluator(team, review)
    served(team, copy.pop("texts", ["masked otherwise?"]), name="new", model="new", **copy)
    assert listed(rui) == ["later-000"]
    address = request_address(Request.objects.get(key="new-000"), "support-desk")
    assert rui.get(address).status_code == 404
    assert team.signed_in(team.olga).get(address).status_code == 200


def test_a_review_of_several_requests_of_one_user_has_no_early_stop(team: Team) -> None:
    served(team, ["a?", "b?", "c?"], users=2)
    version = a_sample(team, 3)
    runs = [
        a_run(a_version(team, name), version, scores=[0, 1, 1], answers=[name, name * 2, name * 3])
        for name in ("base", "tuned")
    ]
    with pytest.raises(PlanError, match="traffic v1 are several of one user; leave it out"):
        a_review(baseline_run=runs[0], candidate_run=runs[1], items=3, stopping=Anytime())


def test_requests_without_a_trace_or_a_conversation_are_not_alike(team: Team) -> None:
    _, review = in_study(team)
    rui = blind_evaluator(team, review)
    served(team, ["Something else?"], name="other")
    assert listed(rui) == ["later-000", "other-000"]


def test_a_review_that_has_ended_hides_until_its_study_is_decided(team: Team) -> None:
    study, review = in_study(team)
    rui = blind_evaluator(team, review)
    close_campaign(campaign=review, by=team.olga)
    assert listed(rui) == ["later-000"]
    decide_study(study=study)
    assert len(listed(rui)) == 4


def test_signals_about_a_sealed_study_s_items_are_sealed_until_it_is_decided(team: Team) -> None:
    study, _ = in_study(team)
    thumbs(team, ["r-000", "copy-000", "later-000"])
    olga = team.signed_in(team.olga)
    pages = {
        key: request_address(Request.objects.get(key=key), "support-desk")
        for key in ("r-000", "copy-000", "later-000")
    }
    shown = {key for key, address in pages.items() if "by person" in olga.get(address).text}
    assert shown == {"later-000"}
    decide_study(study=study)
    assert all("by person" in olga.get(address).text for address in pages.values())


def test_signals_by_version_leave_out_a_sealed_study_s_items(team: Team) -> None:
    study, _ = in_study(team)
    thumbs(team, ["r-000", "later-000"], value={"later-000": 0.0})
    address = reverse("site:production_signals", args=["support-desk"])
    olga = team.signed_in(team.olga)
    text = read(olga.get(address).text)
    assert "unknown 1 0.00 –" in text, text
    assert "Sealed until a study’s decision, and not in these figures: 1 signal" in text
    decide_study(study=study)
    text = read(olga.get(address).text)
    assert "unknown 2 0.50 –" in text, text
    assert "Sealed" not in text


@pytest.mark.parametrize(
    ("sampled", "copy"),
    [
        ({"conversation": "c"}, {"conversation": "c"}),
        ({"trace_id": "t-7"}, {"trace_id": "t-7"}),
        ({"trace_id": "t-7"}, {"mirror_of": "t-7"}),
        ({}, {"mirror_of": "r-000"}),
    ],
    ids=["a later turn", "same trace", "names its trace", "names it"],
)
def test_signals_by_version_leave_out_copies_and_turns_of_a_sealed_item(
    team: Team, sampled: dict[str, str], copy: dict[str, str]
) -> None:
    """Or the difference between the sums and the listed signals would tell of the item."""
    study, _ = in_study(team, **sampled)
    served(team, ["And then?"], name="new", **copy)
    thumbs(team, ["r-000", "new-000", "later-000"], value={"later-000": 0.0})
    address = reverse("site:production_signals", args=["support-desk"])
    olga = team.signed_in(team.olga)
    text = read(olga.get(address).text)
    assert "unknown 1 0.00 –" in text, text
    assert "not in these figures: 2 signals about its items, their copies and turns" in text, text
    decide_study(study=study)
    assert "unknown 3 0.67 –" in read(olga.get(address).text)


def test_who_has_opened_production_s_figures_judges_no_more(team: Team) -> None:
    """So nobody who judges can compare sums with what is hidden from them."""
    _, review = in_study(team)
    reviewer = a_reviewer(review, "rui").user
    rui, turn = team.signed_in(reviewer), reverse("reviews:campaign", args=[review.pk])
    assert rui.get(reverse("site:production_figures", args=["support-desk"])).status_code == 403
    assert rui.get(turn).status_code == 200
    set_role(project=team.project, user=reviewer, role=Role.EVALUATOR)
    assert rui.get(reverse("site:production_figures", args=["support-desk"])).status_code == 200
    set_role(project=team.project, user=reviewer, role=Role.REVIEWER)
    assert rui.get(turn).status_code == 403

"""How blindness breaks, 4 and 11: names in what is sent, and answers paired with the wrong item."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.finders import get_finders
from django.core.signing import Signer
from django.db import IntegrityError, transaction
from django.test import Client, override_settings
from django.urls import reverse

from evalhub.declare.declaration import validate
from evalhub.declare.review import Design, Form
from evalhub.io.rows import DataError
from evalhub.registry.models import Run
from evalhub.registry.versions import register_version
from evalhub.studies.web.pairs_upload import register_upload
from reviews.joining.admit import join
from reviews.joining.invite import invite
from reviews.models import Campaign
from runners.backends.recorded import RecordedBackend
from runners.execute import process_shard
from runners.launch import launch
from tests.cast import Team, a_run, a_study, a_test_set, a_version, opened
from tests.reviews.asking import a_review
from tests.reviews.pages.test_pages import choose, form, page
from tests.reviews.sixteen.test_blindness import addresses, everything

CANARIES = ("canary-heron", "canary-osprey", "canary-study", "canary-set", "canary-tag")
FORM = validate(
    Form,
    {
        "steps": True,
        "rationale": "optional",
        "flags": ["unsafe", "names-itself"],
        "guess": True,
        "repeats": 0.1,
    },
)


@pytest.fixture
def campaign(team: Team) -> Campaign:
    """Every kind of pair and everything a form can ask, over arms whose names must not show."""
    return a_rich_campaign(team, practice=2)


def a_rich_campaign(team: Team, *, practice: int) -> Campaign:
    asked = [{"input": f"Question {i}?"} for i in range(24)]
    over = a_test_set(team, "canary-set", items=asked, tags=["canary-tag-one", "canary-tag-two"])
    heron, osprey = a_version(team, "canary-heron"), a_version(team, "canary-osprey")
    marks = [i % 2 for i in range(24)]
    runs = [
        a_run(
            version,
            over,
            scores=[mark if arm else 1 - mark for mark in marks],
            answers=[f"{word} answer to {i}." for i in range(24)],
        )
        for arm, (version, word) in enumerate(((heron, "This"), (osprey, "That")))
    ]
    opened(*runs)
    return a_review(
        study=a_study(team, baseline=heron, candidate=osprey, primary=over, slug="canary-study"),
        baseline_run=runs[0],
        candidate_run=runs[1],
        items=8,
        reviewers_per_item=1,
        seed=2,
        form=FORM,
        design=Design(
            strata=("tags", "length", "disagreement"),
            controls=0.25,
            gold=0.25,
            practice=practice,
            pass_mark=0,
        ),
        by=team.olga,
    )


def given_away(response: Any, secrets: set[str]) -> list[str]:
    said = everything(response)
    return [secret for secret in secrets if secret in said]


def secrets_of(campaign: Campaign) -> set[str]:
    """The arms' names, and every digest that stands for an arm, a run or the plan."""
    runs = Run.objects.filter(version__in=[campaign.baseline_id, campaign.candidate_id])
    digests = {campaign.plan_hash, campaign.baseline.digest, campaign.candidate.digest}
    return {*CANARIES, *digests, *(run.source for run in runs)}


def answered(client: Client, campaign: Campaign) -> Any:
    """One turn taken by the page's own form; its reply, or the page where there is no turn."""
    path = reverse("reviews:campaign", args=[campaign.pk])
    shown = client.get(path)
    if 'name="nonce"' not in shown.text:
        return shown
    action, fields = form(shown.text)
    return client.post(action, fields | {"choice": "left"})


# 4. ids and names in HTML, JSON, URLs, headers, cookies, ETags, file names, errors, static files


@pytest.mark.heavy
def test_4_no_answer_of_the_site_to_a_reviewer_names_an_arm(
    team: Team, rui: Client, campaign: Campaign
) -> None:
    secrets = secrets_of(campaign)
    seen = [
        rui.get(reverse("reviews:home")),
        rui.get(reverse("reviews:campaign", args=[campaign.pk])),
    ]
    for _ in range(40):
        seen.append(answered(rui, campaign))
        practice = reverse("reviews:practice", args=[campaign.pk])
        seen += [rui.get(practice), rui.post(practice)]
    assert campaign.reviewers.get(user=team.rui).judged >= 12, "the review was gone through"
    runs = [run.pk for run in Run.objects.all()]
    ids = {1, 2, campaign.pk, campaign.study_id, campaign.baseline_id, campaign.candidate_id, *runs}
    for address in addresses(sorted(each for each in ids if each)):
        if address != "/accounts/logout/":
            seen += [rui.get(address), rui.post(address), rui.put(address)]
    assert {each.status_code for each in seen} >= {200, 302, 403, 404, 405}
    for response in seen:
        found = given_away(response, secrets)
        assert not found, f"{response.request['PATH_INFO']}: {found}"


def test_4_a_form_that_is_refused_names_no_arm(rui: Client, team: Team) -> None:
    campaign = a_rich_campaign(team, practice=0)
    secrets = secrets_of(campaign)
    first = page(rui, campaign)
    action, fields = form(first)
    skip = action.replace("/judge/", "/skip/")
    refused = [
        rui.post(action, fields | {"choice": "neither"}),
        rui.post(action, fields | {"choice": "left", "nonce": "forged"}),
        rui.post(action, {}),
        rui.post(skip, fields),
        choose(rui, first, "left"),
        choose(rui, first, "right"),
        rui.post(skip, fields | {"reason": "too late"}),
    ]
    assert {each.status_code for each in refused} >= {400, 409}
    for response in refused:
        assert not given_away(response, secrets)


@override_settings(ROOT_URLCONF="tests.reviews.broken_site")
def test_4_a_page_that_breaks_names_no_arm(team: Team, campaign: Campaign) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(team.rui)
    response = client.get(f"/reviews/broken/{campaign.pk}/")
    assert response.status_code == 500
    assert not given_away(response, secrets_of(campaign))


def test_4_the_way_in_names_no_arm_whether_it_lets_in_or_not(
    team: Team, campaign: Campaign
) -> None:
    path = invite(campaign=campaign, email="nora@example.org", by=team.olga).path
    anybody, owner = Client(), team.signed_in(team.olga)
    seen = [anybody.get(path), owner.post(path), anybody.post(path, {"password": "short"})]
    seen += [anybody.post(path, follow=True), Client().get(path), Client().get(path[:-3] + "x/")]
    assert {each.status_code for each in seen} == {200, 400, 403}
    for response in seen:
        assert not given_away(response, secrets_of(campaign))


def test_4_static_files_and_their_names_are_the_same_for_every_campaign(
    rui: Client, campaign: Campaign
) -> None:
    names = [
        name
        for finder in get_finders()
        for name, _ in finder.list([])
        if not name.startswith("admin/")
    ]
    assert any(name.startswith("reviews/") for name in names)
    shown = page(rui, campaign)
    for link in re.findall(r'(?:src|href)="/static/([^"?]+)"', shown):
        assert link in names, "a page links to no file made for it"
    for name in names:
        response = rui.get(f"/static/{name}")
        assert not given_away(response, secrets_of(campaign)), name


def test_4_cookies_and_cache_headers_say_nothing_of_a_turn(
    rui: Client, team: Team, campaign: Campaign
) -> None:
    response = rui.get(reverse("reviews:campaign", args=[campaign.pk]))
    assert set(response.cookies) <= {"csrftoken", "sessionid", "evalhub_person"}
    if person := response.cookies.get("evalhub_person"):  # who signed in here, and no more
        assert Signer(salt="reviews.person").unsign(person.value) == str(team.rui.pk)
    assert "ETag" not in response.headers
    assert "Last-Modified" not in response.headers
    assert "no-store" in response.headers["Cache-Control"]


def test_4_a_pair_s_kind_and_its_known_answer_are_on_no_page(rui: Client, team: Team) -> None:
    campaign = a_rich_campaign(team, practice=0)
    kinds = set()
    for _ in range(14):
        shown = page(rui, campaign)
        at_hand = campaign.reviewers.get(user=team.rui).assignments.filter(state="leased")
        kinds.add(at_hand.order_by("turn")[0].pair.kind)
        for word in ("control", "gold", "expected", "metric prefers", "practice", "stratum"):
            assert word not in shown.lower(), word
        answered(rui, campaign)
        if 'name="nonce"' not in rui.get(reverse("reviews:campaign", args=[campaign.pk])).text:
            break
    assert kinds >= {"main", "control", "gold"}


# 11. mis-pairing


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_11_a_shuffled_arm_is_joined_on_the_item(team: Team, tmp_path: Path) -> None:
    over = a_test_set(team, "questions", items=30)
    keys = list(over.items.values_list("key", flat=True))
    runs = []
    for arm in ("heron", "osprey"):
        version = register_version(
            project=team.project, slug=arm, kind="base", backend=RecordedBackend()
        )
        shuffled = random.Random(arm).sample(keys, len(keys))
        rows = [{"id": key, "output": f"{arm} on {key}"} for key in shuffled]
        run = launch(
            version=version,
            test_set_version=over,
            metrics=[],
            answers=written(tmp_path / f"{arm}.jsonl", rows),
        )
        while process_shard(run.pk):
            pass
        runs.append(run)
    campaign = a_review(
        baseline_run=runs[0], candidate_run=runs[1], items=30, reviewers_per_item=1, seed=1
    )
    assert_paired(campaign)


def test_11_two_shuffled_uploads_are_joined_on_the_item(team: Team, tmp_path: Path) -> None:
    keys = [f"k{i}" for i in range(30)]
    left = [{"id": key, "prompt": f"Q {key}", "left": f"heron on {key}"} for key in keys]
    right = [{"id": key, "right": f"osprey on {key}"} for key in reversed(keys)]
    found = register_upload(
        project=team.project,
        by=None,
        name="shuffled",
        path=written(tmp_path / "left.jsonl", left),
        right_path=written(tmp_path / "right.jsonl", right),
    )
    campaign = a_review(
        baseline_run=found.baseline_run,
        candidate_run=found.candidate_run,
        items=30,
        reviewers_per_item=1,
        seed=1,
    )
    assert_paired(campaign)


@pytest.mark.parametrize("lost", ["id", "row"])
def test_11_what_cannot_be_joined_is_refused_and_nothing_is_kept(
    team: Team, tmp_path: Path, lost: str
) -> None:
    left = [{"id": f"k{i}", "prompt": "Q", "left": "a"} for i in range(3)]
    right = [{"id": f"k{i}", "right": "b"} for i in range(3)]
    right = right[:2] if lost == "row" else [{"right": "b"} for _ in right]
    with pytest.raises(DataError):
        register_upload(
            project=team.project,
            by=None,
            name="lost",
            path=written(tmp_path / "left.jsonl", left),
            right_path=written(tmp_path / "right.jsonl", right),
        )
    assert not Run.objects.exists()


def test_11_a_pair_s_answers_can_be_exchanged_for_another_item_s_by_nobody(
    campaign: Campaign, team: Team
) -> None:
    join(campaign=campaign, user=team.rui)
    first, second = campaign.pairs.filter(kind="main")[:2]
    first.candidate_output = second.candidate_output
    with pytest.raises(IntegrityError, match="sealed plan"), transaction.atomic():
        first.save()


def assert_paired(campaign: Campaign) -> None:
    pairs = campaign.pairs.select_related("item", "baseline_output", "candidate_output")
    assert len(pairs) == 30
    for pair in pairs:
        assert pair.candidate_output is not None
        assert pair.baseline_output.text == f"heron on {pair.item.key}"
        assert pair.candidate_output.text == f"osprey on {pair.item.key}"
        assert pair.baseline_output.item == pair.candidate_output.item == pair.item

"""Of the sixteen ways in which blindness breaks, those that dealing and judging must close."""

import random
import threading
import uuid
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import pytest
from django.db.models import Count, F, Q
from django.test import Client

from evalhub.accounts.models import User
from evalhub.declare.review import Form
from reviews.assignments.answer import ReviewerAnswer
from reviews.assignments.assign import Assigned, assign
from reviews.assignments.judge import form_nonce
from reviews.blinding import BLOCK, candidate_on_left
from reviews.errors import LeaseLostError
from reviews.models import Assignment, Campaign, Judgment
from reviews.results import record as recording
from reviews.results.judgment_data import judgment_data
from tests.cast import Team, a_run, a_team, a_test_set, a_version
from tests.reviews.asking import a_review
from tests.reviews.assignments.test_assign import answer, deal, let_leases_end
from tests.reviews.assignments.test_races import at_once, crowd
from tests.reviews.conftest import a_campaign
from tests.reviews.pages.test_pages import choose, form, page
from tests.reviews.sixteen.test_blindness import scrubbed
from tests.reviews.steps import next_assignment
from tests.tampering import administrator


def judge_all(campaign: Campaign, user: User, choice: str = "left") -> list[Assignment]:
    done = []
    while isinstance(dealt := next_assignment(campaign=campaign, user=user), Assignment):
        answer(dealt, user, choice)
        done.append(dealt)
    return done


def associated(rows: list[tuple[bool, bool]]) -> float:
    """How many standard errors a feature and the side are from independent (phi · √n)."""
    n = len(rows)
    a = sum(feature and side for feature, side in rows)
    features, sides = sum(row[0] for row in rows), sum(row[1] for row in rows)
    variance = features * (n - features) * sides * (n - sides) / n**3
    return abs(a - features * sides / n) / variance**0.5


@pytest.mark.heavy
@pytest.mark.django_db
def test_1_sides_vary_by_reviewer_are_balanced_and_follow_no_feature(team: Team) -> None:
    lengths = [5 + 40 * (i % 3) for i in range(36)]
    texts = ["word " * length for length in lengths]
    campaign = a_campaign(
        team,
        items=36,
        reviewers_per_item=8,
        answers=([f"{text} one" for text in texts], [f"{text} two" for text in texts]),
    )
    by_item = defaultdict(set)
    features: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for user in crowd(team, 8):
        turns = judge_all(campaign, user)
        sides = [turn.candidate_on_left for turn in turns]
        for start in range(0, len(sides), BLOCK):
            block = sides[start : start + BLOCK]
            assert abs(2 * sum(block) - len(block)) <= 1
        for turn in Assignment.objects.filter(reviewer__user=user).select_related("pair__item"):
            item, side = turn.pair.item, turn.candidate_on_left
            by_item[item.pk].add(side)
            features["parity"].append((item.pk % 2 == 0, side))
            features["place"].append((turn.pair.position % 2 == 0, side))
            features["tag"].append(("dates" in item.tags, side))
            features["length"].append((lengths[item.position] > 50, side))
    assert sum(len(sides) == 2 for sides in by_item.values()) >= 34
    for name, rows in features.items():
        assert associated(rows) < 4, name


@pytest.mark.django_db
def test_2_loading_again_changes_no_byte_and_the_row_is_there_before(
    rui: Client, campaign: Campaign
) -> None:
    assert not Assignment.objects.exists()
    first = rui.get(f"/reviews/{campaign.pk}/")
    fixed = Assignment.objects.get()
    ahead = f"/reviews/{campaign.pk}/ahead/"
    pages = {scrubbed(first.content.decode())} | {scrubbed(page(rui, campaign)) for _ in range(19)}
    afters = {scrubbed(rui.get(ahead).content.decode()) for _ in range(20)}
    assert len(pages) == len(afters) == 1
    assert str(fixed.token) in pages.pop()
    again, after = Assignment.objects.order_by("turn")
    assert (again.token, again.candidate_on_left) == (fixed.token, fixed.candidate_on_left)
    assert str(after.token) in afters.pop()


@pytest.mark.django_db
def test_3_exchanging_the_sides_of_every_judgment_changes_no_count(
    campaign: Campaign, team: Team
) -> None:
    draw = random.Random(3)
    for user in (team.rui, team.ruth):
        while isinstance(dealt := next_assignment(campaign=campaign, user=user), Assignment):
            answer(dealt, user, draw.choice(["left", "right", "tie", "both-bad"]))
    before = judgment_data(campaign).of()
    with administrator() as sql:
        sql("UPDATE reviews_assignment SET candidate_on_left = NOT candidate_on_left")
        sql(
            "UPDATE reviews_judgment SET choice = CASE choice WHEN 'left' THEN 'right' "
            "ELSE 'left' END WHERE choice IN ('left', 'right')"
        )
    after = judgment_data(campaign).of()
    assert [each.favours for each in after] == [each.favours for each in before]
    assert {each.favours for each in before} == {"candidate", "baseline", "tie", "both-bad"}
    chosen = [Counter(each.choice for each in data) for data in (before, after)]
    assert chosen[0]["left"] == chosen[1]["right"]


@pytest.mark.django_db
def test_12_a_stale_form_or_second_tab_answers_only_its_own_comparison(
    rui: Client, campaign: Campaign, team: Team
) -> None:
    tab = page(rui, campaign)
    choose(rui, tab, "left")
    current = page(rui, campaign)
    for nonce in (
        form(tab)[1]["nonce"],
        form_nonce(token=deal(campaign, team.rui).token, user=team.ruth),
        "",
    ):
        assert rui.post(form(current)[0], {"choice": "right", "nonce": nonce}).status_code == 409
    assert Judgment.objects.get().assignment.token == uuid.UUID(form(tab)[0].split("/")[3])
    assert choose(rui, current, "right").status_code == 302
    assert Judgment.objects.count() == 2


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_13_fifty_posts_at_once_make_one_row_and_another_answer_is_refused(
    team: Team, campaign: Campaign
) -> None:
    clients = [team.signed_in(team.rui) for _ in range(50)]
    html = page(clients[0], campaign)

    def send(client: Client, choice: str = "left", key: str = "one key") -> int:
        action, fields = form(html)
        found: int = client.post(
            action, fields | {"choice": choice, "key": key}, headers={"hx-request": "true"}
        ).status_code
        return found

    assert at_once([lambda client=client: send(client) for client in clients]) == [200] * 50
    assert Judgment.objects.count() == 1
    assert send(clients[0], "right", "another key") == 409
    assert send(clients[0], "right", "one key") == 200  # what the key was for is kept already
    assert Judgment.objects.get().choice == "left"


@pytest.mark.django_db(transaction=True)
@pytest.mark.heavy
def test_14_seats_are_never_given_out_too_often_however_many_ask(team: Team) -> None:
    campaign = a_campaign(team, items=20, reviewers_per_item=3)
    done = threading.Event()
    too_many = Q(held__gt=F("seats")) | Q(taken__gt=F("seats"))

    def watch() -> int:
        """How often a pair had more leases and votes than seats, seen from outside."""
        held = Count("assignments", filter=Q(assignments__state__in=["leased", "done"]))
        seen = 0
        while not done.is_set():
            seen += campaign.pairs.annotate(held=held).filter(too_many).count()
        return seen

    def work(user: User) -> int:
        judged, held = 0, assign(campaign=campaign, user=user)
        while isinstance(now := held.current, Assignment):
            held = sent(now, user).assigned
            judged += 1
        return judged

    def sent(now: Assignment, user: User) -> Any:
        nonce = form_nonce(token=now.token, user=user)
        return recording.record(
            token=now.token,
            user=user,
            nonce=nonce,
            answer=ReviewerAnswer("left"),
            key=str(now.token),
        )

    def all_of_them() -> list[int]:
        try:
            return at_once([lambda user=user: work(user) for user in crowd(team, 30)])
        finally:
            done.set()

    seen, judged = at_once([watch, all_of_them])
    assert seen == 0
    assert sum(judged) == Judgment.objects.count() == 60
    assert set(campaign.pairs.values_list("taken", flat=True)) == {3}


@pytest.mark.django_db
def test_14_ended_leases_return_and_late_answers_have_one_fate(team: Team) -> None:
    campaign = a_campaign(team, items=4, reviewers_per_item=1)
    held: Assigned = assign(campaign=campaign, user=team.rui)
    now, after = held.current, held.ahead
    assert isinstance(now, Assignment)
    assert after is not None
    let_leases_end(campaign)
    taken = [turn.pair_id for turn in judge_all(campaign, team.ruth)]
    assert {now.pair_id, after.pair_id} <= set(taken)
    with pytest.raises(LeaseLostError):
        answer(now, team.rui)
    assert Judgment.objects.count() == len(taken) == 4
    assert set(campaign.pairs.values_list("taken", flat=True)) == {1}


@pytest.mark.django_db
def test_15_pairs_of_one_prompt_are_spaced_apart_and_orders_differ(team: Team) -> None:
    questions = a_test_set(team, items=24)
    runs = [
        a_run(
            a_version(team, f"arm{i}"),
            questions,
            scores=[1] * 24,
            answers=[f"Arm {i} says {item}." for item in range(24)],
        )
        for i in range(3)
    ]
    campaign = a_review(
        baseline_run=runs[0],
        candidate_run=runs[1],
        other_runs=runs[2:],
        items=24,
        reviewers_per_item=2,
        seed=11,
        form=Form(spacing=8, repeats=0.1),
    )
    assert campaign.pairs.count() == 72
    orders = []
    for user in (team.rui, team.ruth):
        turns = judge_all(campaign, user)
        items = dict(campaign.pairs.values_list("pk", "item"))
        last: dict[int, int] = {}
        near = Counter[bool]()
        for place, turn in enumerate(turns):
            item = items[turn.pair_id]
            if item in last:
                near[place - last[item] < 8] += 1
            last[item] = place
        # only among the last few can there be nothing left but pairs of the same prompts
        assert near[True] <= 8
        assert near[False] >= 40
        first_tight = next(
            (p for p, (a, b) in enumerate(pairwise(turns)) if items[a.pair_id] == items[b.pair_id]),
            len(turns),
        )
        assert first_tight > len(turns) - 8
        orders.append([turn.pair_id for turn in turns if turn.purpose == "main"])
    assert sorted(orders[0]) == sorted(orders[1])
    same_place = sum(a == b for a, b in zip(*orders, strict=True))
    assert same_place < 8  # of 72: 1 by chance


def test_1_who_knows_the_seed_but_not_the_plan_can_compute_no_side(team: Team) -> None:
    """Of two plans of one seed: one person's sides are neither the seed's own nor alike."""
    sides = [tuple(candidate_on_left(1, "rui", turn) for turn in range(30))]
    for asking, question in ((team, "Which is kinder?"), (a_team("Other", "other"), "Which is?")):
        campaign = a_campaign(asking, items=30, seed=1, question=question)
        sides.append(tuple(each.candidate_on_left for each in judge_all(campaign, team.rui)))
    assert [len(each) for each in sides] == [30] * 3
    assert len(set(sides)) == 3

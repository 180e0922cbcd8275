"""Requests become examples: what people found good first, by need, never what a test set asks."""

import datetime
from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.permissions import NotAllowedError
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.features.examples.sources.adding import HAS_IT
from evalhub.features.examples.sources.from_traffic import (
    CALLS_TOOLS,
    NO_ANSWER,
    ExampleDraw,
    draw_from_traffic,
    plan_draw,
)
from evalhub.features.examples.sources.items_of_tests import NEARLY
from evalhub.features.examples.sources.traffic_query import ExampleQuery, need_of
from evalhub.features.traffic.models import Request
from evalhub.features.traffic.rows import SignalRow, TrafficSource
from evalhub.features.traffic.shadow.items import ELSEWHERE
from evalhub.features.traffic.taking_in import take_in
from reviews.errors import QueueClosedError
from reviews.examples.queues import close_queue, create_queue
from reviews.models import Example, ExampleQueue, ExampleSource, ExampleState
from tests.cast import Team, a_test_set
from tests.features.traffic.shadow.production import served
from tests.features.traffic.shadow.test_blindness import in_study

pytestmark = pytest.mark.django_db

ABOUT = [
    "a refund",
    "an invoice",
    "a late parcel",
    "my password",
    "the old tariff",
    "a broken lamp",
]


@pytest.fixture
def queue(team: Team) -> ExampleQueue:
    return create_queue(project=team.project, by=team.eva, name="support answers")


def questions(count: int) -> list[str]:
    """Questions that share few words: 6 subjects, each with its number spelt by letters."""
    return [f"{ABOUT[i % 6]} number{chr(97 + i // 26)}{chr(97 + i % 26)}?" for i in range(count)]


def query(**fields: Any) -> ExampleQuery:
    since = (timezone.now() - datetime.timedelta(days=7)).isoformat()
    return validate(ExampleQuery, {"since": since} | fields)


def signal(key: str, name: str, value: float | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"{name}-{key}",
        "time": timezone.now().isoformat(),
        "name": name,
        "value": value,
        "request": key,
    } | fields


def signalled(team: Team, *rows: dict[str, Any]) -> None:
    signals = [(line, validate(SignalRow, row)) for line, row in enumerate(rows, 1)]
    taken = take_in(project=team.project, source=TrafficSource.REST, signals=signals)
    assert taken.signals == len(rows), taken.flaws


def drawn_keys(draw: ExampleDraw) -> list[str]:
    return [example.candidate.id[1] for example in draw.examples]


def test_an_example_holds_what_was_asked_and_answered_and_where_it_came_from(
    team: Team, queue: ExampleQueue
) -> None:
    [request] = served(team, ["Where is my parcel?"], users=1, route="orders", tags=[["vip"]])
    draw, added = draw_from_traffic(queue=queue, query=query(n=5), by=team.eva)
    example = Example.objects.get()
    assert (added, draw.requests) == (1, 1)
    assert example.input == [{"role": "user", "content": "Where is my parcel?"}]
    assert (example.proposal, example.model) == ("answer 0", "support")
    assert (example.source, example.state) == (ExampleSource.TRAFFIC, ExampleState.WAITING)
    assert (example.by, example.user_hash) == (team.eva, request.user_hash)
    assert {"route:orders", "tag:vip", "language:en"} <= {*example.tags}
    reference = {"day": request.day.isoformat(), "request": "r-000", "feedback": ""}
    assert reference.items() <= example.reference.items()


def test_what_people_found_good_comes_first_and_what_they_found_bad_last(
    team: Team, queue: ExampleQueue
) -> None:
    served(team, questions(30))
    signalled(
        team,
        *(signal(f"r-{i:03}", "thumb", 1) for i in (3, 11)),
        *(signal(f"r-{i:03}", "thumb", 0) for i in (4, 5, 6)),
        signal("r-020", "edit", text="the better answer"),
        signal("r-021", "retry"),
        signal("r-022", "thumb", 1, by="model"),
    )
    draw = plan_draw(queue=queue, query=query(n=30), by=None)
    keys = drawn_keys(draw)
    assert {*keys[:3]} == {"r-003", "r-011", "r-020"}
    assert {*keys[-4:]} == {"r-004", "r-005", "r-006", "r-021"}
    assert draw_from_traffic(queue=queue, query=query(n=3), by=None)[1] == 3
    assert Example.objects.get(reference__request="r-020").proposal == "the better answer"


def test_ratings_are_good_above_the_middle_of_their_scale_and_bad_below(
    team: Team, queue: ExampleQueue
) -> None:
    served(team, questions(5))
    signalled(team, *(signal(f"r-{i:03}", "rating", i + 1) for i in range(5)))
    words = {
        each.candidate.id[1]: each.candidate.feedback.word
        for each in plan_draw(queue=queue, query=query(n=5), by=None).examples
    }
    assert [words[f"r-{i:03}"] for i in range(5)] == ["negative", "negative", "", *["positive"] * 2]


def test_negative_feedback_alone_is_drawn_to_be_corrected(team: Team, queue: ExampleQueue) -> None:
    served(team, questions(10))
    signalled(team, signal("r-004", "thumb", 0), signal("r-005", "thumb", 1))
    draw_from_traffic(queue=queue, query=query(n=10, negative=True), by=team.eva)
    assert Example.objects.get().reference["feedback"] == "negative"
    with pytest.raises(DeclarationError, match="no request that people found bad fits"):
        plan_draw(queue=queue, query=query(n=1, negative=True, where={"route": "x"}), by=None)


def test_slices_are_drawn_by_need_before_any_others(team: Team, queue: ExampleQueue) -> None:
    served(team, questions(60), route=["orders"] * 9 + ["billing"], tags=[["vip"], []])
    needs = [need_of("route:billing=4"), need_of("tag:vip=10"), need_of("language:fr=3")]
    draw = plan_draw(queue=queue, query=query(n=20, need=needs), by=None)
    routes = Counter(tag for each in draw.examples for tag in each.item.content.tags)
    assert len(draw.examples) == 20
    assert routes["route:billing"] >= 4
    assert draw.needs["route:billing"] == (4, routes["route:billing"])
    assert draw.needs["tag:vip"][1] >= 10
    assert draw.needs["language:fr"] == (3, 0)


def test_the_same_seed_draws_the_same_requests_and_another_others(
    team: Team, queue: ExampleQueue
) -> None:
    served(team, questions(40))
    one, same, other = (
        drawn_keys(plan_draw(queue=queue, query=query(n=10, seed=seed), by=None))
        for seed in (1, 1, 2)
    )
    assert one == same
    assert {*one} != {*other}


def test_a_user_gives_one_example_unless_more_are_needed(team: Team, queue: ExampleQueue) -> None:
    served(team, questions(20), user_hash=["a" * 32] * 9 + ["b" * 32])
    draw_from_traffic(queue=queue, query=query(n=2), by=None)
    assert {*Example.objects.values_list("user_hash", flat=True)} == {"a" * 32, "b" * 32}
    draw_from_traffic(queue=queue, query=query(n=2), by=None)
    users = Counter(Example.objects.values_list("user_hash", flat=True))
    assert users == {"a" * 32: 2, "b" * 32: 2}
    draw_from_traffic(queue=queue, query=query(n=10), by=None)
    assert Example.objects.count() == 14


def test_nothing_is_drawn_that_a_test_set_asks_or_nearly_asks(
    team: Team, queue: ExampleQueue
) -> None:
    asked = "Which form do I need for the return of a damaged parcel from another country?"
    a_test_set(team, items=[{"input": asked}, {"input": "Where is my invoice of last month?"}])
    near = asked.replace("form", "paper")
    served(team, ["where is my invoice of last month", near, *questions(5)])
    draw = plan_draw(queue=queue, query=query(n=10), by=None)
    assert sorted(drawn_keys(draw)) == [f"r-{i:03}" for i in range(2, 7)]
    assert draw.left_out == {ELSEWHERE: 1, NEARLY: 1}


def test_copies_of_test_items_are_replaced_by_other_requests(
    team: Team, queue: ExampleQueue
) -> None:
    a_test_set(team, items=[{"input": text} for text in questions(10)])
    served(team, questions(20))
    draw = plan_draw(queue=queue, query=query(n=8), by=None)
    assert len(draw.examples) == 8
    assert min(drawn_keys(draw)) >= "r-010"


def test_what_the_queue_has_is_never_drawn_again_however_it_is_spelt(
    team: Team, queue: ExampleQueue
) -> None:
    served(team, ["Where is it?"])
    draw_from_traffic(queue=queue, query=query(n=5), by=None)
    served(team, ["where is IT", "And this?"], name="later")
    draw, added = draw_from_traffic(queue=queue, query=query(n=5), by=None)
    assert (added, draw.left_out) == (1, {HAS_IT: 2})


def test_a_request_that_tells_of_a_review_is_never_drawn_nor_counted(
    team: Team, queue: ExampleQueue
) -> None:
    in_study(team)
    served(team, ["a?", "d?"], name="twin", model="new")
    draw = plan_draw(queue=queue, query=query(n=10), by=team.olga)
    assert sorted(drawn_keys(draw)) == ["later-000", "twin-001"]
    assert not draw.left_out


def test_requests_without_a_whole_answer_in_words_are_counted_and_left_out(
    team: Team, queue: ExampleQueue
) -> None:
    calls = [{"name": "find", "arguments": {}}]
    served(team, ["One call?"], name="tools", output=None, tool_calls=[calls])
    served(team, ["No answer kept?"], name="cut", output=None)
    served(team, ["Failed?"], name="failed", error_type="timeout")
    served(team, ["Fine?"], name="fine")
    draw = plan_draw(queue=queue, query=query(n=10), by=None)
    assert drawn_keys(draw) == ["fine-000"]
    assert draw.left_out == {CALLS_TOOLS: 1, NO_ANSWER: 1}


def test_an_answer_that_is_no_label_of_the_queue_is_no_proposal(team: Team) -> None:
    queue = create_queue(
        project=team.project, by=None, name="routes", labels=["answer 0", "something else"]
    )
    served(team, ["One?", "Two?"])
    draw_from_traffic(queue=queue, query=query(n=2), by=None)
    assert sorted(Example.objects.values_list("proposal", flat=True)) == ["", "answer 0"]


def test_who_may_not_evaluate_draws_nothing_and_a_closed_queue_takes_nothing(
    team: Team, queue: ExampleQueue
) -> None:
    served(team, ["One?"])
    for person in (team.rui, team.sam):
        with pytest.raises(NotAllowedError):
            draw_from_traffic(queue=queue, query=query(n=1), by=person)
    close_queue(queue=queue, by=None)
    with pytest.raises(QueueClosedError):
        draw_from_traffic(queue=queue, query=query(n=1), by=team.eva)
    assert not Example.objects.exists()
    assert Request.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "say how many"),
        ({"need": [{"slice": "colour:red", "n": 1}]}, "no slice"),
        ({"n": 1, "until": "2020-01-01T00:00:00Z"}, "before since"),
    ],
)
def test_a_query_says_how_many_of_which_slices(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        query(**fields)


@pytest.mark.parametrize("text", ["route:billing", "billing=x", "=3", "colour:red=2"])
def test_a_need_is_kind_name_and_count(text: str) -> None:
    with pytest.raises(DeclarationError):
        query(need=[need_of(text)])

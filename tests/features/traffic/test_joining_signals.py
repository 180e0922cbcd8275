"""A signal is joined to the request that it is about, whichever of the two comes first."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evalhub.features.traffic.models import Signal, SignalRollUp
from evalhub.features.traffic.rows import RequestRow
from tests.cast import Team, a_team
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken

MINUTE = timedelta(minutes=1)


def at(minute: float, name: str, **fields: Any) -> RequestRow:
    """A request so many minutes after yesterday noon; signals come after one minute."""
    return a_request(name, time=noon() + minute * MINUTE, **fields)


IN_TRACE = [
    at(-9, "r1", trace_id="t"),
    at(0, "r2", trace_id="t"),
    at(0.5, "r3", trace_id="t", mirror_of="r2"),
]
IN_CONVERSATION = [
    at(-9, "r1", conversation="c"),
    at(0, "r2", conversation="c"),
    at(0.5, "r3", conversation="c", mirror_of="r2"),
    at(5, "r4", conversation="c"),
]
CASES = {
    "its id": ([at(0, "r1"), at(0, "r2")], {"request": "r2"}, "r2"),
    "its response's id": ([at(0, "r2", response_id="x")], {"request": "x"}, "r2"),
    "its id before another's response": (
        [at(0, "r1", response_id="r2"), at(0, "r2")],
        {"request": "r2"},
        "r2",
    ),
    "the last of a trace": (IN_TRACE, {"trace_id": "t"}, "r2"),
    "also after it": ([*IN_TRACE, at(5, "r4", trace_id="t")], {"trace_id": "t"}, "r4"),
    "the last before it of a conversation": (IN_CONVERSATION, {"conversation": "c"}, "r2"),
    "else the first after it": (
        [at(5, "r4", conversation="c"), at(3, "r3", conversation="c")],
        {"conversation": "c"},
        "r3",
    ),
    "a request of weeks ago": ([a_request("r2", time=noon(29))], {"request": "r2"}, "r2"),
    "no other trace": ([at(0, "r1", trace_id="u")], {"trace_id": "t"}, ""),
    "no mirrored copy alone": ([IN_TRACE[2]], {"trace_id": "t"}, ""),
    "no request of long ago": ([a_request("r2", time=noon(40))], {"request": "r2"}, ""),
}


@pytest.mark.parametrize("order", ["request first", "signal first", "together"])
@pytest.mark.parametrize(("requests", "target", "key"), CASES.values(), ids=CASES)
def test_a_signal_is_about(
    team: Team, order: str, requests: Sequence[RequestRow], target: dict[str, str], key: str
) -> None:
    signal = a_signal(**target)
    if order == "together":
        result = taken(team.project, requests, [signal])
    elif order == "request first":
        taken(team.project, requests)
        result = taken(team.project, [], [signal])
    else:
        assert taken(team.project, [], [signal]).waiting == 1
        result = taken(team.project, requests)
    stored = Signal.objects.get()
    assert (stored.request_key, stored.request_day is None) == (key, key == "")
    assert stored.model_name == ("support-7b" if key else "")
    assert SignalRollUp.objects.count() == bool(key)
    if order != "signal first":
        assert result.waiting == (key == "")


def test_it_counts_in_the_hour_and_arm_of_its_request(team: Team) -> None:
    request = at(-90, "r1", arm="b", model="other")
    signals = [
        a_signal("s1", request="r1", name="rating", value=4.0, by="model"),
        a_signal("s2", request="r1", name="rating", value=1.5, by="model"),
        a_signal("s3", request="r1", name="rating", value=None, label="good", by="model"),
    ]
    taken(team.project, [request], signals)
    row = SignalRollUp.objects.get(label="")
    assert (row.hour, row.model_name, row.arm) == (noon() - timedelta(hours=2), "other", "b")
    assert (row.name, row.by) == ("rating", "model")
    assert (row.signals, row.with_value, row.total) == (2, 2, 5.5)
    labelled = SignalRollUp.objects.get(label="good")
    assert (labelled.signals, labelled.with_value, labelled.total) == (1, 0, 0)


def test_a_signal_is_joined_once(team: Team) -> None:
    taken(team.project, [at(0, "r1", trace_id="t")], [a_signal(trace_id="t")])
    taken(team.project, [at(5, "r2", trace_id="t")])
    assert Signal.objects.get().request_key == "r1"
    assert SignalRollUp.objects.get().signals == 1


def test_another_project_s_requests_are_not_looked_through(team: Team) -> None:
    taken(a_team("Other", "other").project, [a_request("r1")])
    assert taken(team.project, [], [a_signal(request="r1")]).waiting == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's plans depend on its rows")
def test_requests_are_found_by_their_ids_and_not_among_all_that_were_before(team: Team) -> None:
    taken(team.project, [a_request()])
    with CaptureQueriesContext(connection) as queries:
        taken(team.project, signals=[a_signal()])
    [join] = [query["sql"] for query in queries if "CASE s.target_kind" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {join}")
        plan = [step for *_, step in cursor.fetchall()]
    assert any("request_by_trace" in step for step in plan)
    assert not any("request_by_time" in step for step in plan), plan

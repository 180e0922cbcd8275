"""Roll-ups by the hour are a count of the stored rows, whatever came, and however late."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from evalhub.accounts.models import Project
from evalhub.features.traffic.models import RollUp, SignalRollUp
from evalhub.features.traffic.rows import RequestRow, SignalRow
from evalhub.features.traffic.storage.histogram import Histogram
from tests.cast import Team
from tests.features.traffic.recount import assert_roll_ups_are_a_recount
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken

SLICE = ("slice_kind", "slice_value", "requests")


def roll_up(**key: Any) -> RollUp:
    return RollUp.objects.get(**{"slice_kind": "all", "arm": ""} | key)


def test_an_hour_s_requests_are_added_up(team: Team) -> None:
    sent = {"prompt_tokens": 100, "completion_tokens": 7, "cost_usd": 0.25}
    requests = [a_request(f"r{n}", latency_ms=100.0 * n, **sent) for n in range(1, 5)]
    requests += [a_request("bad", error_type="timeout", aborted=True)]
    taken(team.project, requests)
    row = roll_up()
    assert (row.hour, row.model_name) == (noon(), "support-7b")
    assert (row.requests, row.errors, row.aborted) == (5, 1, 1)
    assert (row.prompt_tokens, row.completion_tokens, row.with_tokens) == (400, 28, 4)
    assert (row.cost_usd, row.with_cost) == (1, 4)
    latency = Histogram.from_bytes(row.latency)
    assert latency.count == 4
    assert latency.quantile(0.5) == pytest.approx(200, rel=0.01)
    assert_roll_ups_are_a_recount()


def test_a_request_is_in_a_slice_of_each_kind_and_of_each_of_its_tags(team: Team) -> None:
    request = a_request(language="de", route="billing", tags=("vip", "new", "vip"))
    taken(team.project, [request, a_request("r2", prompt_tokens=1500)])
    days = RollUp.objects.filter(slice_kind__startswith="day")
    slices = set(RollUp.objects.exclude(pk__in=days).values_list(*SLICE))
    assert slices == {
        ("all", "", 2),
        ("language", "de", 1),
        ("language", "", 1),
        ("route", "billing", 1),
        ("route", "", 1),
        ("tag", "vip", 1),
        ("tag", "new", 1),
        ("length", "", 1),
        ("length", "1024-2047", 1),
    }
    of_days = {("day" if kind == "all" else f"day-{kind}", *rest) for kind, *rest in slices}
    assert set(days.values_list(*SLICE)) == of_days


@pytest.mark.parametrize(
    ("tokens", "slice_"),
    [(0, "0"), (1, "1"), (2, "2-3"), (3, "2-3"), (4, "4-7"), (2**31 - 1, "1073741824-2147483647")],
)
def test_a_prompt_s_slice_goes_from_one_power_of_two_to_the_next(
    team: Team, tokens: int, slice_: str
) -> None:
    taken(team.project, [a_request(prompt_tokens=tokens)])
    assert roll_up(slice_kind="length").slice_value == slice_


def test_late_rows_correct_their_hour(team: Team) -> None:
    taken(team.project, [a_request("r1"), a_request("r2", time=noon(3))])
    taken(team.project, [a_request("r3", time=noon(3) + timedelta(minutes=59), latency_ms=5.0)])
    assert roll_up(hour=noon(3)).requests == 2
    assert roll_up(hour=noon()).requests == 1
    assert_roll_ups_are_a_recount()


def test_what_is_there_already_or_refused_is_not_counted_again(team: Team) -> None:
    batch = [a_request("r1", cost_usd=1.0)], [a_signal(request="r1")]
    for _ in range(3):
        taken(team.project, *batch)
    taken(team.project, [a_request("r1", cost_usd=2.0), a_request("r1", time=noon(2))])
    assert (roll_up().requests, roll_up().cost_usd) == (1, 1)
    assert SignalRollUp.objects.get().signals == 1


def test_served_names_and_arms_are_apart(team: Team) -> None:
    taken(team.project, [a_request("r1", arm="a"), a_request("r2", arm="b")])
    taken(team.project, [a_request("r3", arm="b", model="other")])
    assert roll_up(arm="b", model_name="support-7b").requests == 1
    assert RollUp.objects.filter(slice_kind="all").count() == 3


NAMES = st.sampled_from(["r1", "r2", "r3", "r4", "r5"])
TIMES = st.sampled_from(
    [noon(days) + timedelta(minutes=45 * n) for days in (1, 2, 5) for n in (0, 1)]
)
REQUESTS = st.builds(
    RequestRow,
    id=NAMES,
    time=TIMES,
    model=st.sampled_from(["support-7b", "other"]),
    arm=st.sampled_from(["", "b"]),
    response_id=st.sampled_from(["", "resp-1"]),
    trace_id=st.sampled_from(["", "t1", "t2"]),
    conversation=st.sampled_from(["", "c1"]),
    mirror_of=st.sampled_from(["", "r1"]),
    tags=st.lists(st.sampled_from(["a", "b"]), max_size=2).map(tuple),
    prompt_tokens=st.none() | st.integers(0, 9),
    latency_ms=st.none() | st.sampled_from([0.0, 1.5, 1e6]),
    cost_usd=st.none() | st.sampled_from([0.1, 0.7]),
    error_type=st.sampled_from(["", "timeout"]),
)
SIGNALS = st.builds(
    lambda target, **fields: SignalRow(**fields, **dict([target])),
    target=st.tuples(st.just("request"), NAMES | st.just("resp-1"))
    | st.tuples(st.just("trace_id"), st.sampled_from(["t1", "t2"]))
    | st.tuples(st.just("conversation"), st.just("c1")),
    id=st.sampled_from(["s1", "s2", "s3"]),
    time=TIMES,
    name=st.sampled_from(["thumb", "edit"]),
    value=st.none() | st.integers(0, 3).map(float),
)
BATCHES = st.lists(
    st.tuples(st.lists(REQUESTS, max_size=4), st.lists(SIGNALS, max_size=3)), max_size=5
)


class AnySequenceOfBatches(TestCase):
    @given(BATCHES)
    @settings(max_examples=60)
    def test_gives_roll_ups_that_are_a_recount(
        self, batches: list[tuple[list[RequestRow], list[SignalRow]]]
    ) -> None:
        project = Project.objects.create(slug="desk")
        for requests, signals in batches:
            taken(project, requests, signals)
        assert_roll_ups_are_a_recount()

"""Mirrored calls are joined to their requests: by what they name, by trace, by content."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from evalhub.features.traffic.shadow.mirror import WINDOW, Call, join_mirror

NOON = datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.UTC)


def call(key: str, seconds: float = 0, **fields: str) -> Call:
    return Call(key, NOON + datetime.timedelta(seconds=seconds), **fields)


def test_a_copy_that_names_its_request_is_its_whatever_else_says() -> None:
    requests = [call("a", trace_id="t"), call("b", trace_id="u")]
    join = join_mirror(requests, [call("x", trace_id="t", mirror_of="b")])
    assert (join.copies, join.by) == ({1: 0}, {1: "request"})
    assert (join.single_requests, join.single_copies) == ([0], [])


def test_a_copy_of_a_request_that_never_came_joins_no_other() -> None:
    join = join_mirror([call("a", trace_id="t")], [call("x", trace_id="t", mirror_of="lost")])
    assert (join.copies, join.single_copies) == ({}, [0])


def test_a_trace_joins_the_nearest_where_it_has_several_calls() -> None:
    requests = [call("a", 0, trace_id="t"), call("b", 60, trace_id="t")]
    copies = [call("y", 61, trace_id="t"), call("x", 2, trace_id="t")]
    assert join_mirror(requests, copies).copies == {0: 1, 1: 0}


def test_content_joins_one_user_s_calls_within_the_window() -> None:
    late = WINDOW.total_seconds() + 1
    requests = [call("a", digest="d", user_hash="u"), call("b", digest="e", user_hash="u")]
    copies = [
        call("x", 3, digest="d", user_hash="v"),
        call("y", 4, digest="d", user_hash="u"),
        call("z", late, digest="e", user_hash="u"),
    ]
    join = join_mirror(requests, copies)
    assert (join.copies, join.by) == ({0: 1}, {0: "content"})
    assert (join.single_requests, join.single_copies) == ([1], [0, 2])


def test_calls_of_which_nothing_is_known_stay_single() -> None:
    join = join_mirror([call("a"), call("b")], [call("x"), call("y")])
    assert (join.copies, join.single_requests, join.single_copies) == ({}, [0, 1], [0, 1])


CALLS = st.lists(
    st.builds(
        Call,
        key=st.sampled_from("abcdef"),
        time=st.integers(0, 600).map(lambda seconds: NOON + datetime.timedelta(seconds=seconds)),
        trace_id=st.sampled_from(["", "t", "u"]),
        mirror_of=st.sampled_from(["", "a", "b"]),
        digest=st.sampled_from(["", "d", "e"]),
    ),
    max_size=12,
)


@given(CALLS, CALLS)
def test_no_call_is_joined_twice_and_all_are_counted(
    requests: list[Call], copies: list[Call]
) -> None:
    join = join_mirror(requests, copies)
    assert len(set(join.copies.values())) == len(join.copies)
    assert sorted([*join.copies, *join.single_requests]) == list(range(len(requests)))
    assert sorted([*join.copies.values(), *join.single_copies]) == list(range(len(copies)))


def test_a_copy_that_names_the_trace_of_its_request_is_joined_by_it() -> None:
    """So LiteLLM's mirrors do, by OTLP and by its logger where the caller named no request."""
    join = join_mirror([call("a", trace_id="t")], [call("x", 1, trace_id="t", mirror_of="t")])
    assert (join.copies, join.by) == ({0: 0}, {0: "trace"})


def test_a_trace_never_joins_messages_that_are_known_to_differ() -> None:
    """An agent's trace has several calls: the copy that came is of the one that was not drawn."""
    requests = [call("a", 1, trace_id="t", digest="second")]
    copies = [
        call("x", 0.9, trace_id="t", digest="first"),
        call("y", 3, trace_id="t", digest="second"),
    ]
    assert join_mirror(requests, copies).copies == {0: 1}
    assert join_mirror(requests, copies[:1]).copies == {}
    unknown = [call("z", 0.8, trace_id="t"), copies[1]]
    assert join_mirror(requests, unknown).copies == {0: 1}, "what is known comes first"


def test_an_id_that_came_again_on_another_day_joins_its_own_day_s_copy() -> None:
    next_day = 26 * 3600
    copies = [call("x", next_day, mirror_of="a")]
    assert join_mirror([call("a")], copies).copies == {}
    assert join_mirror([call("a"), call("a", next_day - 5)], copies).copies == {1: 0}
    assert join_mirror([call("a")], [call("x", -3, mirror_of="a")]).copies == {0: 0}, "clocks"

"""Which of a day's answers are drawn: the same again, of as many users as there are."""

import random
from collections import Counter

from evalhub.features.monitoring.quality.sampling import MOST_OF_USER, draw_of_day


def requests_of(users: int, a_user: int) -> list[tuple[str, str]]:
    return [(f"r{user}-{n}", f"u{user}") for user in range(users) for n in range(a_user)]


def test_the_same_is_drawn_again_in_whatever_order_requests_come() -> None:
    rows = requests_of(300, 4)
    shuffled = random.Random(7).sample(rows, len(rows))
    drawn = draw_of_day(rows, size=50, seed="1 2026-12-01")
    assert draw_of_day(shuffled, size=50, seed="1 2026-12-01") == drawn
    assert draw_of_day(rows, size=50, seed="1 2026-12-02").keys() != drawn.keys()


def test_a_user_has_one_answer_where_there_are_enough_users() -> None:
    heavy = [(f"bot-{n}", "bot") for n in range(5_000)]
    drawn = draw_of_day(requests_of(100, 3) + heavy, size=40, seed="1")
    assert len(drawn) == 40
    assert {len(keys) for keys in drawn.values()} == {1}


def test_fewer_users_have_more_answers_each_and_none_of_them_too_many() -> None:
    drawn = draw_of_day(requests_of(15, 40), size=100, seed="1")
    assert Counter(map(len, drawn.values())) == {7: 10, 6: 5}
    assert sum(map(len, draw_of_day(requests_of(3, 40), size=100, seed="1").values())) == (
        3 * MOST_OF_USER
    )


def test_who_is_erased_changes_nobody_else_s_place() -> None:
    rows = requests_of(200, 2)
    drawn = draw_of_day(rows, size=50, seed="1")
    erased = next(iter(drawn))
    again = draw_of_day([row for row in rows if row[1] != erased], size=50, seed="1")
    assert len(again.keys() & drawn.keys()) == 49


def test_a_request_without_a_user_is_a_user_of_its_own() -> None:
    drawn = draw_of_day([(f"r{n}", "") for n in range(30)], size=20, seed="1")
    assert len(drawn) == 20
    assert sum(map(len, drawn.values())) == 20

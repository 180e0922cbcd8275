"""Which prompts go together."""

from operator import itemgetter

from runners.engines.batching import next_batch


def batch(*waiting: tuple[str, int], most: int) -> list[tuple[str, int]]:
    return next_batch(waiting, group=itemgetter(0), width=itemgetter(1), most_tokens=most)


def test_the_longest_of_the_oldest_s_group_go_first_and_together() -> None:
    waiting = [("a", 3), ("b", 9), ("a", 5), ("a", 4)]
    assert batch(*waiting, most=10) == [("a", 5), ("a", 4)]
    assert batch(*waiting, most=15) == [("a", 5), ("a", 4), ("a", 3)]


def test_one_that_is_wider_than_all_that_fits_goes_alone() -> None:
    assert batch(("a", 3), ("a", 50), most=10) == [("a", 50)]


def test_nothing_waits() -> None:
    assert batch(most=10) == []

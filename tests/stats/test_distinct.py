"""Distinct-n counted by hand."""

from evalhub.stats.distinct import distinct_share


def test_the_runs_of_two_texts_by_hand():
    """Of “a b a b” and “a b c”: 3 different words of 7, 3 pairs of 5, 3 threes of 3."""
    texts = [["a", "b", "a", "b"], ["a", "b", "c"]]
    assert distinct_share(texts, 1) == 3 / 7
    assert distinct_share(texts, 2) == 3 / 5
    assert distinct_share(texts, 3) == 1


def test_no_run_goes_over_the_end_of_a_text():
    assert distinct_share([["a"], ["b"]], 2) is None
    assert distinct_share([], 1) is None

"""The digests of answers and scores, by their definition."""

import hashlib
import random
import tracemalloc

import pytest

from evalhub.io.canonical import canonical_json
from evalhub.io.identity import answers_digest, scores_digest


def test_a_digest_is_that_of_the_sorted_hashes_whatever_the_order_and_the_number() -> None:
    scores = [(f"q{number}", 0, number / 7) for number in range(25_001)]
    hashes = sorted(hashlib.sha256(canonical_json(row)).digest() for row in scores)
    known = hashlib.sha256(b"".join(hashes)).hexdigest()
    assert scores_digest(scores) == known
    random.Random(5).shuffle(scores)
    assert scores_digest(scores) == known
    assert scores_digest([]) == hashlib.sha256().hexdigest()


@pytest.mark.heavy
def test_an_answer_takes_little_more_memory_than_its_hash() -> None:
    count = 60_000
    answers = ((f"q{number}", 0, "Yes.", "", None) for number in range(count))
    tracemalloc.start()
    answers_digest(answers)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 60 * count

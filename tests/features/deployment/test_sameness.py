"""What probes come to: said alike, otherwise, or not told, by texts and by log-probabilities."""

import random
from math import comb

import pytest

from evalhub.features.deployment.served_model_check import (
    ComparedAnswer,
    ProbedItem,
    compare_answers,
    distance,
    otherwise,
)


def probes(
    *, n: int = 32, changed: int = 0, varied: int = 0, telling: int | None = 32, as_base: int = 0
) -> list[ProbedItem]:
    """So many probes, of which the first are answered otherwise (the first of those as the base),
    others vary by themselves, and so many are answered otherwise by the base."""
    made = []
    for at in range(n):
        kept = ComparedAnswer(f"answer {at}")
        parent = None
        if telling is not None:
            parent = ComparedAnswer(f"the base's {at}") if at < telling else kept
        first = ComparedAnswer(f"another {at}") if at < changed else kept
        if at < as_base and parent is not None:
            first = parent
        second = ComparedAnswer("again") if n - varied <= at else first
        made.append(ProbedItem(f"i{at}", kept, first, second, parent))
    return made


def test_the_same_answers_are_the_same_model() -> None:
    found = compare_answers(probes())
    assert (found.outcome, found.changed, found.telling, found.borne_out) == ("same", 0, 32, 32)
    assert found.why == "32 of 32 probes are answered as they were"


def test_near_ties_are_no_other_model_and_many_of_them_are_no_proof_of_the_same() -> None:
    assert compare_answers(probes(changed=6)).outcome == "same"
    few = compare_answers(probes(changed=7))
    assert few.outcome == "unknown"
    assert "too many for near-ties, and too few to prove another model" in few.why
    assert compare_answers(probes(changed=12)).outcome == "unknown"
    proven = compare_answers(probes(changed=13))
    assert (proven.outcome, proven.p_changed) == ("differs", 2**-13)
    # of Binomial(32, 1/5), summed by hand: P(X >= 13) = 0.0068
    assert proven.p_beyond == pytest.approx(
        sum(comb(32, k) * 0.2**k * 0.8 ** (32 - k) for k in range(13, 33))
    )
    assert proven.otherwise == tuple(f"i{at}" for at in range(13))


def test_too_few_that_are_borne_out_are_not_taken_for_a_base_that_says_the_same() -> None:
    found = compare_answers(probes(n=12, changed=2, telling=12))
    assert found.outcome == "unknown"
    assert "of the 12 probes that its base answers otherwise, 10 are answered as the" in found.why
    alike = compare_answers(probes(n=12, telling=6))
    assert "its base answers all but 6 of the 12 probes alike" in alike.why


def test_the_base_in_the_adapters_place_is_called_so() -> None:
    found = compare_answers(probes(changed=32, as_base=32))
    assert (found.outcome, found.as_parent) == ("differs", 32)
    assert "32 are answered as the base does: the adapter isn't applied" in found.why
    few = compare_answers(probes(changed=7, as_base=7, telling=7))
    assert (few.outcome, few.p_beyond > 0.3) == ("differs", True), "fewer, where all are the base's"
    near = compare_answers(probes(changed=32, as_base=17))
    assert "17 are answered as the base does" in near.why, "a base varies by itself, too"
    other = compare_answers(probes(changed=32, as_base=16))
    assert other.outcome == "differs"
    assert "isn't applied" not in other.why


def test_what_the_base_answers_alike_proves_nothing() -> None:
    found = compare_answers(probes(telling=6))
    assert found.outcome == "unknown"
    assert "its base answers all but 6 of the 32 probes alike" in found.why
    assert compare_answers(probes(telling=7)).outcome == "same"
    assert compare_answers(probes(telling=None)).outcome == "same", (
        "nobody knows what the base answers"
    )


def test_a_server_that_varies_by_itself_is_not_another_model() -> None:
    found = compare_answers(probes(changed=20, varied=20))
    assert found.outcome == "unknown"
    assert "asked twice, 20 of 32 probes are answered in two ways" in found.why
    assert compare_answers(probes(changed=20, varied=2)).outcome == "differs"


def test_few_answers_tell_nothing() -> None:
    assert (
        compare_answers(probes(n=6)).why == "6 probes were answered, and fewer than 7 tell nothing"
    )
    assert compare_answers([]).outcome == "unknown"
    lost = compare_answers(probes(n=20), failed=12)
    assert (lost.outcome, lost.why) == ("unknown", "12 of 32 probes got no answer")


def test_log_probabilities_tell_apart_what_texts_do_not() -> None:
    kept = ComparedAnswer("yes", logprob=-1.0, tokens=10)
    assert not otherwise(ComparedAnswer("yes", logprob=-1.3, tokens=10), kept)
    assert otherwise(ComparedAnswer("yes", logprob=-1.5, tokens=10), kept)
    assert otherwise(ComparedAnswer("yes", logprob=-1.3, tokens=10), kept, tolerance=0.2)
    assert not otherwise(ComparedAnswer("yes"), kept), (
        "a server that says none is compared by texts"
    )
    base = ComparedAnswer("yes", logprob=-4.0, tokens=10)
    asked = [ProbedItem(f"i{at}", kept, base, base, base) for at in range(32)]
    found = compare_answers(asked)
    assert (found.outcome, found.telling, found.as_parent) == ("differs", 32, 32)
    assert found.largest == pytest.approx(3 / 4.1)


def test_a_distance_is_a_share_of_what_the_answer_is_uncertain_of() -> None:
    """The same logits moved alike give the same distance, in a long answer and in a short one."""
    assert distance(
        ComparedAnswer("x", logprob=-20, tokens=40), ComparedAnswer("x", logprob=-18, tokens=40)
    ) == (pytest.approx(2 / 20.4))
    assert distance(
        ComparedAnswer("x", logprob=-1, tokens=2), ComparedAnswer("x", logprob=-0.9, tokens=2)
    ) == (pytest.approx(0.1 / 1.02))
    sure = (
        ComparedAnswer("x", logprob=-0.001, tokens=20),
        ComparedAnswer("x", logprob=-0.004, tokens=20),
    )
    assert distance(*sure) == pytest.approx(0.003 / 0.204), "what is rounded isn't far apart"
    assert distance(ComparedAnswer("x", logprob=-1), ComparedAnswer("y", logprob=-1)) is None
    assert distance(ComparedAnswer("x", logprob=-1), ComparedAnswer("x")) is None


def test_calls_of_tools_are_part_of_an_answer() -> None:
    kept = ComparedAnswer("", calls=[{"name": "find", "arguments": {"id": 1}}])
    assert otherwise(ComparedAnswer("", calls=[{"name": "find", "arguments": {"id": 2}}]), kept)
    assert otherwise(ComparedAnswer(""), kept)
    assert not otherwise(ComparedAnswer("", calls=[]), ComparedAnswer(""))


def test_the_same_model_is_rarely_called_another_however_much_it_varies() -> None:
    """Drawn answers of one model, 2,000 times each: an exact test's false alarms stay below 1%."""
    draw = random.Random(7)
    for words in (2, 5, 50):
        wrong = 0
        for _ in range(2000):
            said = [
                ProbedItem(str(at), *(ComparedAnswer(str(draw.randrange(words))) for _ in range(3)))
                for at in range(32)
            ]
            wrong += compare_answers(said).outcome == "differs"
        assert wrong / 2000 < 0.01, words

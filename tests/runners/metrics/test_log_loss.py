"""Log loss: bits a byte of all texts, as the field has it, and by hand."""

import importlib.util
import math
import random

import pytest

from evalhub.stats.corpus import ratio_score
from evalhub.stats.errors import StatisticsError
from runners.metrics import Answer, metric_declaration, scorer

LOG_LOSS = metric_declaration("log_loss")
GREATEST_DIFFERENCE = 1e-12
"""Between ours and lm-evaluation-harness's bits_per_byte, relative, on the draws of this file."""
NASTY = [
    [(-1.0, 1)],
    [(0.0, 5)],
    [(-1e-300, 1)],
    [(-1e6, 1)],
    [(-9999.0, 3), (0.0, 1)],
    [(-0.1, 100_000)],
    [(-1.0, 1)] * 3,
    [(-5.0, 2), (-5.0, 2_000)],
    [(-math.log(2), 1)],
    [(-math.pi, 7), (-math.e, 11)],
    *[[(-float(at), at)] for at in range(1, 11)],
]


def draws() -> list[list[tuple[float, int]]]:
    """200 runs of 1 to 30 texts."""
    numbers = random.Random(7)
    return [
        [
            (-numbers.expovariate(0.01), numbers.randint(1, 3_000))
            for _ in range(numbers.randint(1, 30))
        ]
        for _ in range(200)
    ]


def value(rows: list[tuple[float, int]]) -> float:
    return LOG_LOSS.together([f"t{at}" for at in range(len(rows))], rows).value


def test_it_is_the_bits_of_all_texts_by_their_bytes() -> None:
    # 8 nats are 8/ln 2 = 11.5416 bits, of 4 + 12 bytes
    assert value([(-6.0, 4), (-2.0, 12)]) == pytest.approx(8 / math.log(2) / 16)
    # the Pile's bits a byte (Gao et al. 2020, section 3.1): (L_T/L_B)·l/ln 2, with the loss l a
    # token: 300 tokens at 2.5 nats in 1,000 bytes
    assert value([(-750.0, 1000)]) == pytest.approx(300 / 1000 * 2.5 / math.log(2))


def test_the_mean_of_linearised_values_is_the_score() -> None:
    for rows in [*draws()[:50], *NASTY]:
        joint = LOG_LOSS.together([""] * len(rows), rows)
        assert math.fsum(joint.values) / len(rows) == pytest.approx(joint.value, rel=1e-9)
    # R = 16/24; R + (a - R·s)/m, m = 8: 2/3 + (10 - 8/3)/8, 2/3 + (2 - 16/3)/8, …
    result = ratio_score([10, 2, 4], [4, 8, 12])
    assert result.scores.tolist() == pytest.approx(
        [2 / 3 + 22 / 24, 2 / 3 - 10 / 24, 2 / 3 - 12 / 24]
    )


@pytest.mark.heavy
@pytest.mark.skipif(not importlib.util.find_spec("lm_eval"), reason="needs the extra lm-eval")
def test_it_is_the_harness_s_bits_per_byte() -> None:
    from lm_eval.api.metrics import bits_per_byte

    runs = [*draws(), *NASTY]
    assert len(NASTY) == 20
    for rows in runs:
        theirs = bits_per_byte(rows)
        assert value(rows) == pytest.approx(theirs, rel=GREATEST_DIFFERENCE, abs=1e-300)


def test_a_text_s_parts_are_its_nats_and_bytes() -> None:
    score = scorer("log_loss")(Answer("é", logprob=-3.5, asked="é"))
    assert (score.value, score.parts) == (None, [-3.5, 2])


def test_what_has_no_likelihood_is_unscored_with_the_reason() -> None:
    silent = scorer("log_loss")(Answer("x", asked="x"))
    redacted = scorer("log_loss")(Answer("x", logprob=-1.0))
    assert (silent.value, silent.parts) == (None, None)
    assert silent.reason == "the model didn't say how likely the text is"
    assert redacted.reason == "the item has no text any more"


def test_it_is_of_content_and_less_is_better() -> None:
    assert not LOG_LOSS.of_form
    assert not LOG_LOSS.rises
    assert (LOG_LOSS.reach, LOG_LOSS.right, LOG_LOSS.compares) == (None, None, False)


@pytest.mark.parametrize(
    ("amounts", "sizes"), [([], []), ([1], [0]), ([1], [-1]), ([math.inf], [1]), ([1, 2], [1])]
)
def test_no_ratio_is_made_of_what_has_none(amounts: list[float], sizes: list[float]) -> None:
    with pytest.raises(StatisticsError):
        ratio_score(amounts, sizes)

"""Whether an arm's model does anything that the baseline's doesn't, by log-probabilities. Pure.

An adapter may move the log-probability of an answer by nats and leave the likeliest words as they
are; one that was never applied moves it by nothing but rounding. So the same words alone don't say
that an adapter is dead, and words that differ by rounding don't say that it lives.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from evalhub.declare.sections import AppliedSection, AppliedState
from evalhub.stats.levels import ALPHA
from evalhub.stats.paired import compare

ROUNDING = 1e-3
"""Nats by which one model's answer differs from itself, in another batch, in single precision."""
MOST = 1.0
"""Nats that one answer counts at most, and that one counts which reads differently."""
CLEAR = 0.05
"""Nats on the average, beyond what rounding in half precision comes to: where there is no second
run that shows its size."""
NEGLIGIBLE = 0.01
"""Nats on the average beyond a second run's, of which no adapter would be worth having."""

Array = NDArray[np.float64]


def moves(sums: Array, others: Array, same_text: NDArray[np.bool_]) -> Array:
    """By answer, how far two sums of log-probabilities (nats) lie apart, MOST at most."""
    return np.where(same_text, np.minimum(np.abs(sums - others), MOST), MOST)


def applied_state(
    candidate: Array, repeat: Array | None, *, clusters: list[str] | None = None
) -> AppliedState:
    """What the moves of an arm say, beside those of the baseline's second run.

    Args:
        candidate, repeat: by item, shape (n,), means of `moves` against the baseline; no repeat
            where the baseline was asked once.
    """
    if candidate.max(initial=0.0) <= ROUNDING:
        return "nothing"
    if repeat is None:
        return "moved" if candidate.mean() >= CLEAR else "not-told"
    if (candidate <= repeat + ROUNDING).all():
        return "nothing"
    found = compare(repeat, candidate, clusters=clusters, alpha=ALPHA)
    if found.lower > 0:
        return "moved"
    return "nothing" if found.upper < NEGLIGIBLE else "not-told"


def nothing_sentence(found: AppliedSection, *, arm: str, baseline: str, cause: str) -> str:
    """Why an arm is no evidence, and what to look at."""
    beside = ""
    if found.repeat is not None:
        beside = f", and a second run of {baseline} by {found.repeat:.2g}"
    return (
        f"{arm}: the adapter changed nothing. The log-probabilities of its {found.n:,} answers "
        f"differ from {baseline}'s by {found.mean or 0.0:.2g} nats on the average, by "
        f"{found.largest or 0.0:.2g} at most{beside}. {cause}"
    )


def applied_sentences(found: AppliedSection, *, arm: str, baseline: str) -> Iterator[str]:
    """What the check says, in words."""
    if found.measure == "texts":
        yield (
            f"Not all answers come with log-probabilities, so that only texts tell whether {arm} "
            "was applied: an adapter that changes no word would be called dead."
        )
    else:
        said = {
            "moved": f"{arm} is another model",
            "nothing": f"{arm} does what {baseline} does",
            "not-told": f"too little to tell {arm} from rounding; noise_floor: true would tell",
        }[found.state]
        yield (
            f"The log-probabilities of {arm}'s answers differ from {baseline}'s by "
            f"{found.mean or 0.0:.2g} nats on the average: {said}."
        )
    if found.siblings:
        yield (
            f"{arm} answers word for word as {_listed(found.siblings)}: is it one adapter under "
            "two names?"
        )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)

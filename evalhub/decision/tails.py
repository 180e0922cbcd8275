"""Heavy losses that a guard's items are too few to rule out. Pure.

A small set of graded scores can show that little is lost while a few per cent of all items lose
much, since it may hold none of them; no limit can be both safe against that and tell much of few
items. So the record says how large such a tail may be, and `tails: bounded` pays for it.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.decision.criterion import Criterion
from evalhub.decision.wording import count_text, plain, significant, size
from evalhub.declare.tails import UnseenTail
from evalhub.declare.verdicts import Status
from evalhub.stats.pairs import line_up
from evalhub.stats.tails import unseen_tail

Array = NDArray[np.float64]


def unseen_tail_of(
    worse: Array,
    better: Array,
    *,
    clusters: Sequence[str] | None,
    weights: ArrayLike | None,
    bounds: tuple[float, float] | None,
    margin: float,
    alpha: float,
) -> UnseenTail | None:
    """The unseen tail that graded scores can't rule out; None without a margin, and for yes/no
    scores, whose limits include it."""
    pairs = line_up(worse, better, clusters, weights, bounds)
    if pairs.binary or margin <= 0:
        return None
    labels = None if pairs.plain else pairs.clusters
    tail = unseen_tail(pairs.differences, labels, pairs.weights, margin=margin, alpha=alpha)
    return UnseenTail(
        units=tail.units, seen=tail.seen, loss=tail.loss, share=tail.share, most=pairs.reach
    )


def tail_cautions(criteria: Sequence[Criterion]) -> list[str]:
    """Cautions on passing guards whose unseen tail may still cost the margin."""
    return [
        sentence
        for criterion in criteria
        if criterion.status is Status.PASS and criterion.tails is None
        for sentence in tail_sentences(criterion)
    ]


def tail_sentences(criterion: Criterion) -> Iterator[str]:
    """The unseen tail in words, where it could cost the margin."""
    tail = criterion.unseen
    if tail is None or tail.loss > tail.most:
        return
    share, heavy = f"{significant(100 * tail.share, 2)}%", size(tail.loss)
    kind = "item" if criterion.clusters is None else "cluster"
    number = round(tail.units)
    seen = round(tail.seen)
    if seen:
        were = "was" if seen == 1 else "were"
        clause = (
            f"{seen:,} of {count_text(number, kind)} lost {heavy} or more, and where {seen:,} "
            f"{were} seen up to {share} may do so"
        )
    else:
        clause = f"{count_text(number, kind)} can miss up to {share} that lose much"
    margin = (
        plain(criterion.margin)
        if criterion.relative_margin is None
        else size(criterion.margin or 0.0)
    )
    cost = f"at {heavy} each they would cost the margin of {margin}"
    paid = "its lower end" if criterion.tails == "bounded" else "a policy with tails: bounded"
    yield f"{criterion.name}: {clause}; {cost} ({paid} pays for that)"

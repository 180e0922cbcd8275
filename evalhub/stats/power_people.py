"""How far the next judgments will spread, judged by those given: items differ, and so do people."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.stats.clusters import clustered_mean
from evalhub.stats.levels import LEAN, POWER
from evalhub.stats.pairs import Labels, line_up, read_weights
from evalhub.stats.power_spread import Leaning, Spread, df_of, items_for

Array = NDArray[np.float64]

_MOST_PEOPLE = 100


@dataclass(frozen=True, slots=True)
class ReviewSize:
    """`only_by_more`: the people there are couldn't settle it however often they judged."""

    judgments: int
    people: int
    only_by_more: bool


def judgment_spread(
    values: Array, *, items: Labels, raters: Labels, weights: ArrayLike | None = None
) -> Spread:
    """The spread of judgments (m,) in [−1/2, 1/2], each of one item by one rater, with `weights`
    (m,) above 0 where they don't count alike.

    Items' part is CR2's variance over `items`; what raters add is CR2's over `raters` beyond that
    of single judgments (two-way clustering: Cameron, Gelbach and Miller 2011), as win_score() has
    it. Few people hardly show how far people lean, so one more is added who leans by .07, and a
    judgment by which items differ.
    """
    alike = np.zeros(len(values))
    by_item, by_rater = (line_up(alike, values, labels).clusters for labels in (items, raters))
    n = values.size
    w = read_weights(weights, n)
    of_items, of_raters = (clustered_mean(values, each, w) for each in (by_item, by_rater))
    alone = float(values.var()) + 1 / n
    of_item = of_items.se**2 * n if of_items.df > 0 else alone * n
    df, seen = max(of_raters.df, 1.0), 0.0
    if of_raters.df > 0:
        single = clustered_mean(values, None, w)
        seen = max(0.0, of_raters.se**2 - single.se**2) * of_raters.clusters
    people = Leaning(of_raters.clusters, math.sqrt(seen + LEAN**2 / df), df + 1, math.sqrt(alone))
    return Spread(math.sqrt(max(of_item, alone)), None, df_of(of_items), 0.0, people)


def review_for(
    gap: float, spread: Spread, *, due: float, power: float = POWER, per_item: float = 1.0
) -> ReviewSize | None:
    """Judgments that reach a z of `due` with the given power, and the fewest people, at least as
    many as there are, with whom no more than twice as many are needed as if nobody leaned.

    None where a hundred people are too few.
    """
    people = spread.people
    if people is None:
        size = items_for(gap, spread, due=due, power=power, cluster_size=per_item)
        return None if size is None else ReviewSize(size, 1, False)

    def judgments(count: int) -> int | None:
        with_count = replace(spread, people=replace(people, count=count))
        return items_for(gap, with_count, due=due, power=power, cluster_size=per_item)

    enough = judgments(10**6)
    if enough is None:
        return None
    for count in range(people.count, _MOST_PEOPLE + 1):
        size = judgments(count)
        if size is not None and size <= 2 * enough:
            return ReviewSize(size, count, judgments(people.count) is None)
    return None

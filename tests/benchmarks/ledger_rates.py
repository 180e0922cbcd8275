"""How often one of ten candidates that gain nothing ships, by each way that went past the ledger.

python -m tests.benchmarks.ledger_rates [--draws 200000] [--seed 0] [--markdown]

Ten candidates as good as the baseline are tried until one ships, or one of them ten times. All are
compared with the same baseline's answers to the same items, so their z-values correlate by one
half; on other items they are independent. "before" is each judged as that way had it; "now" as the
ledger counts it, by the product's own level functions. A rate passes up to .0272. What disguised
items are judged as is found by the product's own functions, too: which items are the same, and
which are near-copies.
"""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.levels import (
    AFTER_ALL,
    CHOSEN,
    FREE_RIVALS,
    level_of,
    level_of_draw,
    level_of_stages,
    stage_weights,
)
from evalhub.decision.sections.copies import MANY
from evalhub.io.items import ItemContent, question_of
from evalhub.ledger.leakage.copies import ItemWords, copies_between
from evalhub.stats.distributions import normal_quantile

ALPHA, CANDIDATES, CORRELATION = 0.025, 10, 0.5
MOST = 0.0272
Array = NDArray[np.float64]


Draw = Callable[[np.random.Generator, int], Array]


@dataclass(frozen=True, slots=True)
class Way:
    """A way past the ledger; both rates by the level that each try was or is judged at.

    `draw` gives the z-values, shape (draws, tries); `before` and `now` the level of each try.
    `draw_before` is of a way whose tries rested on other items then.
    """

    name: str
    draw: Draw
    before: Sequence[float]
    now: Sequence[float]
    draw_before: Draw | None = None


def alike(correlation: float, tries: int = CANDIDATES) -> Draw:
    """z-values that share a part: the baseline's answers, or more of the candidate's own."""

    def draw(rng: np.random.Generator, draws: int) -> Array:
        shared = rng.standard_normal((draws, 1))
        own = rng.standard_normal((draws, tries))
        return math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own

    return draw


def added(stages: int) -> Draw:
    """One candidate whose items are added to: z-values of all that is there at each look."""

    def draw(rng: np.random.Generator, draws: int) -> Array:
        new = rng.standard_normal((draws, stages))
        weights = np.array(stage_weights(stages))
        return np.asarray(np.cumsum(np.sqrt(weights) * new, axis=1) / np.sqrt(np.cumsum(weights)))

    return draw


def judged(looks: Sequence[Sequence[int]]) -> list[float]:
    """The level of each try, by its looks: several where items were added, none where it can't
    ship."""
    return [level_of_stages(each, alpha=ALPHA) if each else 0.0 for each in looks]


def in_turn(tries: int, start: int = 1) -> list[float]:
    return judged([(look,) for look in range(start, start + tries)])


def of_guards(number: Callable[[int], int], guards: int) -> list[float]:
    """The levels at which the guards read beside each candidate are judged as primaries; `number`
    by how many candidates were read by then."""
    return judged([(number(read),) for read in range(1, CANDIDATES + 1) for _ in range(guards)])


QUESTIONS = tuple(
    ItemContent(f"q{i}", f"When does parcel {word} of our shop arrive?", [], "", [], "", {})
    for i, word in enumerate("".join(each) for each in product("bdklmnprst", "aeiou", "fgv"))
)


def disguised(*disguises: Callable[[ItemContent], ItemContent]) -> list[float]:
    """The levels at which tries on the same items in these disguises are judged, in their order:
    counted over earlier tries that share an item; none where half are near-copies of another's."""
    tries = [[disguise(each) for each in QUESTIONS] for disguise in disguises]
    known = [{each.fingerprint() for each in items} for items in tries]
    words = [ItemWords.of(question_of(each.input) for each in items) for items in tries]
    looks = list[tuple[int, ...]]()
    for now in range(len(tries)):
        sharing = [before for before in range(now) if known[before] & known[now]]
        others = [words[before] for before in range(now) if before not in sharing]
        held = any(
            len(copies_between(words[now], each)) >= MANY * len(QUESTIONS) for each in others
        )
        looks.append(() if held else (1 + len(sharing),))
    return judged(looks)


def written(pattern: str) -> Callable[[ItemContent], ItemContent]:
    return lambda item: replace(item, input=pattern.format(item.input))


def with_context(number: int) -> Callable[[ItemContent], ItemContent]:
    return lambda item: replace(item, context=f"{number}: {item.key}")


def spelt(letter: str, other: str) -> Callable[[ItemContent], ItemContent]:
    return lambda item: replace(item, input=str(item.input).replace(letter, other))


UNSEEN = [written("{}" + each) for each in "\u034f\ufe0f\u3164\u2800\U000e0041\u00ad"]
ALIKE = [spelt("e", "\u0435"), spelt("o", "\u043e"), spelt("i", "\u0456")]
IN_FRONT = "Please: {}|Kindly, {}|Hello! {}|Task: {}|{} Thanks.|Q: {}|Exercise: {}|{} Now.|Well: {}"


def read_then_chosen(guards: int, correlation: float) -> Way:
    """Ten candidates, each with so many guards on its items, which are read with its number; then
    any of those guards, the luckiest, is made the primary. Whoever does it pays for each claim that
    was read, `CHOSEN` times; "before" is the number that comes next, as if only candidates had been
    read."""
    return Way(
        f"the luckiest of {guards} guard{'s' * (guards > 1)} beside each, alike by {correlation:g}",
        alike(correlation, CANDIDATES * (1 + guards)),
        in_turn(10) + of_guards(lambda read: read + 1, guards),
        in_turn(10) + of_guards(lambda read: CHOSEN * read * (1 + guards) + 1, guards),
    )


def chosen_part(parts: int) -> Way:
    """One candidate, read on a primary and so many parts of a set as guards; then any of the parts
    is made the primary. "before" each was read for the first time on its own items."""
    return Way(
        f"the luckiest of {parts} parts that were read as guards",
        alike(0.0, 1 + parts),
        judged([(1,)] * (1 + parts)),
        judged([(1,), *[(1 + CHOSEN * (1 + parts),)] * parts]),
    )


def rivals_tried(correlation: float) -> Way:
    """The three rivals that are shown beside the first of ten candidates without a number are tried
    themselves, or other prompts that are as lucky. They pay for each claim that was read, `CHOSEN`
    times; "before" are the numbers that come next."""
    return Way(
        f"{FREE_RIVALS} rivals shown beside the first, then tried, alike by {correlation:g}",
        alike(correlation, CANDIDATES + FREE_RIVALS),
        in_turn(10) + in_turn(FREE_RIVALS, 2),
        in_turn(10) + in_turn(FREE_RIVALS, 1 + CHOSEN * (1 + FREE_RIVALS)),
    )


def copied(correlation: float) -> Callable[[np.random.Generator, int], Array]:
    """z-values of ten fine-tunes, of which the second to the fourth are copies of the rivals that
    were shown beside the first, the luckiest first."""

    def draw(rng: np.random.Generator, draws: int) -> Array:
        z = alike(correlation)(rng, draws)
        z[:, 1 : 1 + FREE_RIVALS] = -np.sort(-z[:, 1 : 1 + FREE_RIVALS], axis=1)
        return z

    return draw


def growing(levels: Callable[[tuple[int, ...]], float]) -> list[float]:
    """The level of each of ten stages."""
    return [levels(tuple(range(1, stages + 1))) for stages in range(1, CANDIDATES + 1)]


def of_draws(tries: tuple[int, ...]) -> float:
    return level_of_stages(tries, alpha=ALPHA, arms=1, tries=tries)


FIRST = judged([(1,)] * CANDIDATES)
WHOLE = [ALPHA] * CANDIDATES
ONE_BY_ONE = [level_of_draw(number, alpha=ALPHA) for number in range(1, CANDIDATES + 1)]
STAGED = growing(lambda looks: level_of_stages(looks, alpha=ALPHA))
APART = alike(0.0)
WAYS = (
    Way("answers replaced under one arm's name", alike(CORRELATION), FIRST, in_turn(10)),
    Way("an answer deleted, the difference read", alike(CORRELATION), FIRST, in_turn(10)),
    Way("ten compared, the best registered", alike(CORRELATION), FIRST, in_turn(10)),
    Way(
        "the items under five names",
        alike(CORRELATION),
        judged([(1,), (2,)] * 5),
        in_turn(10),
    ),
    Way("asked again, runs alike by .5", alike(0.5), FIRST, in_turn(10)),
    Way("asked again, runs alike by .9", alike(0.9), FIRST, in_turn(10)),
    Way("a guard's answers replaced", alike(CORRELATION), FIRST, in_turn(10)),
    Way("guards on the primary's items, one number each decision", alike(0.5), FIRST, in_turn(10)),
    Way("both arms' times recorded again", alike(0.0), FIRST, in_turn(10)),
    *(read_then_chosen(guards, alike_by) for guards in (1, 2, 10) for alike_by in (0.5, 0.0)),
    *(rivals_tried(alike_by) for alike_by in (0.5, 0.0)),
    Way(
        f"copies of {FREE_RIVALS} rivals, called fine-tunes, the luckiest first",
        copied(CORRELATION),
        in_turn(10),
        in_turn(10),
    ),
    Way(
        "items added three times",
        added(4),
        judged([(1,)] * 4),
        judged([(1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)]),
    ),
    Way("one more item of a pool each time", added(10), WHOLE, growing(of_draws), APART),
    Way("other items of a pool each time", APART, WHOLE, ONE_BY_ONE),
    Way("ten parts of a set, whatever their names", APART, FIRST, in_turn(10)),
    Way("ten parts of a set, as stages of a stated build", added(10), FIRST, STAGED, APART),
    *(chosen_part(parts) for parts in (2, 9)),
    Way("a guard retried beside fresh primaries", alike(CORRELATION), FIRST, in_turn(10)),
    Way("a guard retried beside draws of a pool", alike(CORRELATION), WHOLE, ONE_BY_ONE),
    Way("a guard retried by other samples, alike by 0", APART, WHOLE, ONE_BY_ONE),
    Way(
        "first a pool, then parts of a set",
        APART,
        [ALPHA, *FIRST[1:]],
        [ALPHA, *in_turn(9, start=2 + AFTER_ALL)],
    ),
    Way(
        "an unused column as context, another each try",
        alike(CORRELATION),
        FIRST,
        disguised(*map(with_context, range(CANDIDATES))),
    ),
    Way(
        "unseen characters and letters that look alike",
        alike(CORRELATION),
        FIRST,
        disguised(written("{}"), *UNSEEN, *ALIKE),
    ),
    Way(
        "a few words in front, other ones each try",
        alike(CORRELATION),
        FIRST,
        disguised(written("{}"), *map(written, IN_FRONT.split("|"))),
    ),
    Way("read freely, then judged with an unused context", alike(CORRELATION), FIRST, [0.0] * 10),
)


def shipped(z: Array, levels: Sequence[float]) -> Array:
    """Whether any of the tries passes at its level, shape (draws,)."""
    due = [-normal_quantile(each) if each else math.inf for each in levels]
    return np.asarray((z >= np.array(due)).any(axis=1), dtype=float)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    say = sys.stdout.write
    assert sum(level_of(k, alpha=ALPHA) for k in range(1, 1000)) < ALPHA
    if options.markdown:
        say("| way | before | now | |\n| --- | ---: | ---: | --- |\n")
    passed = True
    for way in WAYS:
        z, was = (
            draw(np.random.default_rng(options.seed), options.draws)
            for draw in (way.draw, way.draw_before or way.draw)
        )
        before, now = shipped(was, way.before).mean(), shipped(z, way.now).mean()
        error = math.sqrt(now * (1 - now) / options.draws)
        well = now <= MOST
        passed &= bool(well)
        cells = [way.name, f"{before:.4f}", f"{now:.4f} ± {error:.4f}", "ok" if well else "ABOVE"]
        say(f"| {' | '.join(cells)} |\n" if options.markdown else f"{'  '.join(cells)}\n")
    sys.exit(not passed)


if __name__ == "__main__":
    main()

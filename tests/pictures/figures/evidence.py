"""Figures of what keeps evidence honest. Pure."""

import numpy as np

from evalhub.decision.levels import items_factor, level_of
from evalhub.declare.prices import LongPromptRates, Price
from evalhub.report.charts.parts import Chart
from evalhub.stats.consistency import pass_at_k, pass_hat_k
from evalhub.stats.levels import ALPHA
from evalhub.stats.paired import compare
from evalhub.stats.sequential import combined_p_value
from evalhub.stats.sign_test import two_sided_sign_test
from tests.pictures.figures.drawn import Curve, Range, columns, curves, intervals, percents
from tests.pictures.figures.made_up import SEED, as_row, right_or_wrong, row_of_changes

DIFFERENCE = "difference"
ITEMS = "{:,.0f}".format


def ledger() -> Chart:
    """What the k-th claim is judged at."""
    looks = range(1, 9)
    spent = next(k for k in range(1, 99) if items_factor(k, alpha=ALPHA) >= 2)
    return columns(
        "What the k-th claim pays",
        f"All levels together add up to α = .025; look {spent} needs twice the items of the first: "
        "by then the test set is spent",
        [str(k) for k in looks],
        [("level", "candidate", [level_of(k, alpha=ALPHA) for k in looks])],
        along="look",
        up="level",
    )


def extension() -> Chart:
    """Two stages put together with weights that were fixed beforehand."""
    seconds = [i / 100 for i in range(1, 51)]
    return curves(
        "Items that are added",
        "The p-value of both stages together, by that of the added items: what was seen first "
        "counts, and doesn’t choose how much",
        [
            Curve(
                f"first stage p = {first}",
                [(p, combined_p_value([first, p], [1.0, 1.0])) for p in seconds],
                kind,
            )
            for first, kind in ((0.04, "candidate"), (0.3, "baseline"))
        ],
        along="p of the added items",
        up="p of both",
        level=ALPHA,
        level_label=".025",
    )


def noise_floor() -> Chart:
    """The baseline beside itself, and two candidates."""
    return intervals(
        "What a second run of the baseline changes",
        "A difference within the baseline’s own is no news, however narrow its interval",
        [
            row_of_changes("baseline again", 1000, 24, 20, "baseline"),
            row_of_changes("no news", 1000, 26, 18, "open"),
            row_of_changes("news", 1000, 80, 30, "pass"),
        ],
        along=DIFFERENCE,
    )


def prices() -> Chart:
    """What one request costs by the length of its prompt."""
    flat = Price(prompt=2.0, completion=8.0)
    longer = Price(
        prompt=2.0,
        completion=8.0,
        long_prompts=(LongPromptRates(prompt=4.0, completion=12.0, above=200_000),),
    )
    lengths = range(0, 400_001, 10_000)
    return curves(
        "A request is priced by itself",
        "Two a million tokens of the prompt and eight of the answer; above 200,000 tokens of the "
        "prompt one provider asks more for all of them",
        [
            Curve(
                name,
                [(float(n), price.rates(n).cost(prompt=n, completion=1000)) for n in lengths],
                kind,
            )
            for name, price, kind in (
                ("one price", flat, "baseline"),
                ("long prompts cost more", longer, "candidate"),
            )
        ],
        along="tokens of the prompt",
        up="money, with 1,000 tokens of answer",
        written=ITEMS,
    )


def consistency() -> Chart:
    """Right once, right always, of eight answers to an item."""
    right = np.repeat([8, 6, 3, 0], [80, 60, 40, 20])
    counts = range(1, 9)
    return curves(
        "Once, or always",
        "Of 200 items answered eight times: the chance that one of k answers is right rises with "
        "k, that all are falls",
        [
            Curve(
                "one of k (pass@k)",
                [(float(k), float(pass_at_k(right, 8, k).mean())) for k in counts],
            ),
            Curve(
                "all of k (pass^k)",
                [(float(k), float(pass_hat_k(right, 8, k).mean())) for k in counts],
                "baseline",
            ),
        ],
        along="k",
        up="chance",
        written=ITEMS,
        risen=percents,
    )


def jumps() -> Chart:
    """A guard that gains more than its margin."""
    return intervals(
        "A guard that gains",
        "Nothing was to change on a guard. One whose whole interval lies above its own margin "
        "raises the alarm: a broken extractor or a leak looks like this",
        [
            row_of_changes("as usual", 1000, 40, 36, "pass"),
            row_of_changes("beyond belief", 1000, 130, 10, "fail"),
        ],
        along=DIFFERENCE,
        bound=0.05,
        bound_label="margin, as a gain",
    )


def failures() -> Chart:
    """Answers that failed, as the worst there is and left out."""
    before, after = right_or_wrong(400, 60, 30)
    failed = np.concatenate([np.ones(12), before]), np.concatenate([np.zeros(12), after])
    return intervals(
        "Twelve answers of the candidate failed",
        "They score the worst there is; without their items the result would be better, and "
        "decides nothing",
        [
            as_row("as the worst", compare(*failed)),
            as_row("left out", compare(before, after), "baseline"),
        ],
        along=DIFFERENCE,
    )


def answers() -> Chart:
    """How many more cut answers in one arm than in the other are no chance."""
    counts = range(1, 13)
    return columns(
        "Answers that are cut in one arm alone",
        "The exact sign test’s p-value where so many items’ answers are cut in one arm and in the "
        "other none: from six on it isn’t told by chance, at .05",
        [str(n) for n in counts],
        [("p-value", "candidate", [two_sided_sign_test(0, n) for n in counts])],
        along="items whose answers are cut in one arm",
        up="p-value",
    )


def leakage() -> Chart:
    """Items that were trained on, and the rest."""
    clean = right_or_wrong(420, 30, 34)
    leaked = right_or_wrong(80, 55, 0)
    rows = [
        as_row("all 500", compare(*map(np.concatenate, zip(clean, leaked, strict=True))), "open"),
        as_row("80 leaked", compare(*leaked), "fail"),
        as_row("420 clean", compare(*clean)),
    ]
    return intervals(
        "Memory looks like ability",
        "Of 500 items 80 were in the training data: all the gain is theirs",
        rows,
        along=DIFFERENCE,
    )


def best_untuned() -> Chart:
    """The best of several arms that are alike, on the items that chose it and on the rest."""
    rng = np.random.default_rng(SEED)
    arms = (rng.random((6, 200)) < 0.6).astype(float)
    chosen = int(np.argmax(arms[:, :100].mean(axis=1)))
    rows = []
    for label, part in (("items that chose it", slice(100)), ("the other items", slice(100, 200))):
        comparison = compare(np.full(100, 0.6), arms[chosen, part], bounds=(0.0, 1.0))
        kind = "fail" if part.start is None else "candidate"
        rows.append(
            Range(label, comparison.candidate, 0.6 + comparison.lower, 0.6 + comparison.upper, kind)
        )
    return intervals(
        "The luck of the choice",
        "Six arms that are truly alike, right on 60%: the best of them looks better on the items "
        "that chose it than on others",
        rows,
        along="share right",
        middle=0.6,
        written=percents,
    )

"""How many judgments does the early stop save, and how often does it claim what isn't so?

    .venv/bin/python -m tests.benchmarks.early_stop [--replays 200] [--simulations 4000]

Savings: PandaLM's three human annotators a pair, replayed in the order in which reviewers would
have come by. Each of its five models in turn is the candidate against whatever it was compared
with, so its campaign has 193 to 213 pairs of three judgments. Replays differ in order alone.
The fixed plan asks for every judgment; both err with the same one-sided alpha.

Errors: made-up campaigns without a preference, in which judgments of one item are alike, looked
at after every batch; among them reviewers who differ and strata dealt by priority.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evalhub.declare.review import Anytime
from evalhub.stats.intervals import clopper_pearson
from evalhub.stats.preference import win_score
from reviews.planning.stopping import Judged, look, stratum_shares

PANDALM = Path(__file__).parents[2] / ".." / "shared" / "data" / "pandalm" / "comparisons.jsonl"
ALPHA, EVERY = 0.025, 20
NAMES = ("baseline", "candidate", "tie")


@dataclass(frozen=True)
class Table:
    """What each reviewer (column) says of each item (row), and the item's stratum."""

    choices: list[list[str]]
    strata: list[str]

    def judged(self, order: Sequence[tuple[int, int]]) -> Judged:
        items = [str(item) for item, _ in order]
        return Judged(
            choices=[self.choices[item][rater] for item, rater in order],
            items=items,
            clusters=items,
            raters=[rater for _, rater in order],
            strata=[self.strata[item] for item, _ in order],
        )

    def seats(self) -> dict[str, int]:
        return {str(i): len(row) for i, row in enumerate(self.choices)}


def pandalm(model: str) -> Table:
    """The comparisons of one model with the others; the other model is the stratum."""
    choices, strata = [], []
    for line in PANDALM.read_text().splitlines():
        row = json.loads(line)
        models = row["cmp_key"].split("_")
        if model not in models:
            continue
        first = model == models[0]
        said = [int(row[f"annotator{k}"]) for k in (1, 2, 3)]
        choices.append(["tie" if s == 0 else NAMES[(s == 1) == first] for s in said])
        strata.append(models[1] if first else models[0])
    return Table(choices, strata)


def own_orders(items: int, raters: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Each reviewer goes through the items in an order of their own, all at a like pace."""
    orders = [rng.permutation(items) for _ in range(raters)]
    return [(int(orders[r][i]), r) for i in range(items) for r in rng.permutation(raters)]


def stopped(table: Table, order: list[tuple[int, int]], rule: Anytime) -> tuple[int, str | None]:
    """After how many judgments the campaign was stopped, and for whom."""
    seats = table.seats()
    for n in range(EVERY, len(order), EVERY):
        found = look(table.judged(order[:n]), seats=seats, rule=rule)
        if found is not None and found.winner:
            return n, found.winner
    return len(order), None


def winner(lower: float, upper: float) -> str | None:
    return "candidate" if lower > 0.5 else "baseline" if upper < 0.5 else None


def savings(replays: int) -> list[str]:
    """A line a model: what the stop saves over replays of its campaign."""
    rule = Anytime(alpha=ALPHA)
    lines = [
        "| candidate | pairs | win score | fixed plan | with the stop, if it runs to its end "
        "| stopped early | judgments: fixed | median with the stop | saved on average |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for model in ("llama-7b", "cerebras-gpt-6.7B", "opt-7b", "pythia-6.9b", "bloom-7b"):
        table, rng = pandalm(model), np.random.default_rng(4)
        planned = 3 * len(table.choices)
        orders = [own_orders(len(table.choices), 3, rng) for _ in range(replays)]
        ends = [stopped(table, order, rule) for order in orders]
        whole = table.judged(orders[0])
        found = win_score(whole.choices, items=whole.items, raters=whole.raters, alpha=ALPHA)
        verdict = winner(found.lower, found.upper)
        rest = win_score(
            whole.choices, items=whole.items, raters=whole.raters, alpha=ALPHA * (1 - rule.share)
        )
        used = np.array([n for n, _ in ends])
        early = [side for _, side in ends if side]
        against = sum(side != verdict for side in early)
        lines.append(
            f"| {model} | {len(table.choices)} | {found.score:.3f} "
            f"[{found.lower:.3f}, {found.upper:.3f}] | {verdict or 'nothing'} "
            f"| {winner(rest.lower, rest.upper) or 'nothing'} "
            f"| {len(early)} of {replays}, {against} against it | {planned} "
            f"| {np.median(used):.0f} | {1 - used.mean() / planned:.0%} |"
        )
    return lines


def no_preference(rng: np.random.Generator, kind: str, items: int, raters: int) -> Table:
    """Judgments with a win score of one half: two thirds of an item's reviewers are of one mind.

    "reviewers differ": each reviewer leans by .15 one way or the other, none on the whole.
    "strata differ": one stratum favours the candidate, the other the baseline.
    """
    strata = rng.integers(0, 2, items)
    lean = np.zeros((items, raters))
    if kind == "reviewers differ":
        lean += np.resize([0.15, -0.15], raters)[None, :]
    if kind.startswith("strata differ"):
        lean += np.where(strata == 0, 0.2, -0.2)[:, None]
    own, common = rng.random((items, raters)), rng.random((items, 1))
    follows = rng.random((items, raters)) < 2 / 3
    u = np.where(follows, common, own) - lean
    codes = np.where(u < 0.4, 1, np.where(u < 0.6, 2, 0))
    return Table([[NAMES[c] for c in row] for row in codes], [str(s) for s in strata])


def by_priority(table: Table, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Items drawn from strata with the shares that the judgments before ask for."""
    left: dict[str, list[int]] = {"0": [], "1": []}
    for item in rng.permutation(len(table.strata)):
        left[table.strata[item]].append(int(item))
    plan, order = {"0": 0.5, "1": 0.5}, []
    raters = len(table.choices[0])
    shares = plan
    while left["0"] and left["1"]:
        if len(order) % EVERY == 0 and order:
            seen = table.judged(order)
            scores = [{"candidate": 1.0, "tie": 0.5}.get(c, 0.0) for c in seen.choices]
            shares = stratum_shares(seen.strata, scores, plan=plan)
        stratum = "0" if rng.random() < shares["0"] else "1"
        order.append((left[stratum].pop(), int(rng.integers(raters))))
    return order


def stopped_by_priority(rng: np.random.Generator, rule: Anytime) -> str | None:
    """Whom a campaign of two unlike strata is stopped for, dealt by priority."""
    table = no_preference(rng, "strata differ", 200, 1)
    order, seats = by_priority(table, rng), table.seats()
    for n in range(EVERY, len(order), EVERY):
        found = look(table.judged(order[:n]), seats=seats, rule=rule, shares={"0": 0.5, "1": 0.5})
        if found is not None and found.winner:
            return found.winner
    return None


def errors(simulations: int) -> list[str]:
    """A line a kind of campaign: how often it is stopped where there is no preference."""
    rule = Anytime(alpha=ALPHA)
    lines = [
        "| no preference, and | stopped for the candidate | for the baseline | allowed each |",
        "|---|---|---|---|",
    ]
    for kind, raters in (("1 reviewer", 1), ("3 reviewers of like mind", 3),
                         ("reviewers differ", 4), ("strata differ, by priority", 1)):  # fmt: skip
        rng, ends = np.random.default_rng(11), Counter[str | None]()
        for _ in range(simulations):
            if "priority" in kind:
                ends[stopped_by_priority(rng, rule)] += 1
                continue
            table = no_preference(rng, kind, 100, raters)
            ends[stopped(table, own_orders(100, raters, rng), rule)[1]] += 1
        rates = [_rate(ends[side], simulations) for side in ("candidate", "baseline")]
        lines.append(f"| {kind} | {rates[0]} | {rates[1]} | {ALPHA * rule.share:.4f} |")
    return lines


def _rate(count: int, of: int) -> str:
    """With the 95% Monte Carlo limit above it."""
    upper = clopper_pearson(count, of)[1]
    return f"{count / of:.4f} (at most {upper:.4f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replays", type=int, default=100)
    parser.add_argument("--simulations", type=int, default=1000)
    given = parser.parse_args()
    parts = [errors(given.simulations)]
    if PANDALM.is_file():
        parts.insert(0, savings(given.replays))
    for lines in parts:
        print("\n".join(lines), end="\n\n")  # noqa: T201


if __name__ == "__main__":
    main()

"""How often live experiments that are looked at 200 times decide wrongly, and how soon rightly.

python -m tests.benchmarks.experiment_rates [--draws 2000] [--seed 0] [--markdown] [--only TABLE]

Four weeks of traffic (`experiment_scenes`): users come at any time, the requests of a user are
lognormal in number, and how often they fail differs from user to user. Each truth lies exactly on
the bound, where errors are likeliest. The same requests are judged by the product's rule, by the
same rule with requests as units, and by GrowthBook's sequential one: two-sided .05, tuned to 5,000
users, each metric by itself. Errors are the standard errors of shares.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.confidence_sequences import (
    one_sided_half_width,
    one_sided_rho,
    tuned_rho,
)
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.levels import ALPHA, HARM_ALPHA, POWER
from evalhub.stats.user_ratios import HARM_PLAN, Epoch, UserSums, compare_users
from tests.benchmarks.experiment_scenes import (
    LOOKS,
    Life,
    Visits,
    outcomes,
    requests_by_look,
    sums_by_look,
    visits,
)

GUARDS = 5
PEER_ALPHA, PEER_PLAN = 0.05, 5000
DAY_ONE = 1 / 28
Array = NDArray[np.float64]
Rng = np.random.Generator
Table = list[list[str]]


@dataclass(frozen=True, slots=True)
class Scene:
    """What is true of a metric: shares of requests in both arms, which differ by the margin."""

    name: str
    baseline: Life
    candidate: Life
    shares: tuple[float, float]
    measured: float = 1.0  # share of requests that have the metric

    @property
    def bound(self) -> float:
        """Of the difference, less being better."""
        return self.shares[0] - self.shares[1]


def scenes() -> list[Scene]:
    arm, early = Life(3000), Life(3000, arrive_by=DAY_ONE)
    alike = Life(3000, requests=30, likeness=0.02, arrive_by=DAY_ONE)
    heavy = Life(3000, spread=1.5, likeness=0.3)
    return [
        Scene("no gain, a signal in 3 of 10 requests", arm, arm, (0.4, 0.4), measured=0.3),
        Scene("no gain, all users come on day one", early, early, (0.4, 0.4)),
        Scene("no gain, users alike, 30 requests each", alike, alike, (0.4, 0.4)),
        Scene("2% errors, half a point lost", arm, arm, (0.02, 0.025)),
        Scene("0.2% errors, half a point lost", arm, arm, (0.002, 0.007)),
        Scene("the same, the challenger has a tenth", Life(9000), Life(1000), (0.002, 0.007)),
        Scene("the same, heavier users", heavy, heavy, (0.002, 0.007)),
    ]


class Wrong(NamedTuple):
    """Whether an experiment passed its bound, or was harmed beyond it, at any look."""

    passed: bool
    harmed: bool


def judged(looks: Sequence[Epoch], bound: float, planned: int, upper_alpha: float) -> Wrong:
    """By the product's rule."""
    passed = harmed = False
    for epoch in looks:
        result = compare_users([epoch], planned_users=planned, events=True, upper_alpha=upper_alpha)
        if result and result.lower is not None and result.upper is not None:
            passed = passed or result.lower > bound
            harmed = harmed or result.upper < bound
    return Wrong(passed, harmed)


def judged_by_peer(looks: Sequence[Epoch], bound: float) -> Wrong:
    """By GrowthBook's rule."""
    passed = harmed = False
    for epoch in looks:
        if epoch.has_enough_users:
            distance = peer_distance(epoch, bound)
            passed, harmed = passed or distance > 0, harmed or distance < 0
    return Wrong(passed, harmed)


def passes_unprepared(looks: Sequence[Epoch], bound: float, planned: int) -> bool:
    """Whether it passed at any look by the product's rule without unseen users."""
    rho = one_sided_rho(planned, ALPHA)
    return any(
        epoch.baseline.ratio - epoch.candidate.ratio - bound
        > one_sided_half_width(plain_error(epoch), epoch.users, rho=rho, alpha=ALPHA)
        for epoch in looks
        if epoch.has_enough_users
    )


def plain_error(epoch: Epoch) -> float:
    """Standard error of the difference, of those seen alone."""
    return math.sqrt(epoch.baseline.variance + epoch.candidate.variance)


def peer_distance(epoch: Epoch, bound: float) -> float:
    """How far its limits lie above the bound, or below it; 0 where they hold it."""
    se = plain_error(epoch)
    beyond = epoch.baseline.ratio - epoch.candidate.ratio - bound
    rho = tuned_rho(PEER_PLAN, PEER_ALPHA)
    mass = epoch.users * rho * rho
    width = se * math.sqrt(2 * (mass + 1) / mass * math.log(math.sqrt(mass + 1) / PEER_ALPHA))
    return math.copysign(max(abs(beyond) - width, 0.0), beyond)


Counting = Callable[[Visits, Array, Array], list[UserSums]]


def by_user(seen: Visits, y: Array, x: Array) -> list[UserSums]:
    return sums_by_look(seen, y, x)


def by_request(seen: Visits, y: Array, x: Array) -> list[UserSums]:
    return requests_by_look(Visits(seen.user[x > 0], seen.look[x > 0]), y[x > 0])


def experiment(
    rng: Rng, scene: Scene, metrics: int, *, counts: Sequence[Counting] = (by_user, by_request)
) -> Iterator[list[list[Epoch]]]:
    """For each of so many metrics of the same requests the looks by user and by request."""
    lives = (scene.baseline, scene.candidate)
    arms = [visits(rng, life) for life in lives]
    for _ in range(metrics):
        data = []
        for seen, life, share in zip(arms, lives, scene.shares, strict=True):
            x = (rng.random(len(seen.user)) < scene.measured).astype(float)
            data.append((seen, x * outcomes(rng, seen, share, life.likeness), x))
        yield [
            [Epoch(*pair) for pair in zip(*(count(*arm) for arm in data), strict=True)]
            for count in counts
        ]


def errors(
    rng: Rng, scene: Scene, *, draws: int, metrics: int, upper_alpha: float
) -> dict[str, tuple[float, float]]:
    """By rule the shares of experiments in which any metric passed, and any was harmed."""
    wrong = np.zeros((3, 2))
    planned = scene.baseline.users + scene.candidate.users
    for _ in range(draws):
        once = np.zeros((3, 2), dtype=bool)
        for users, requests in experiment(rng, scene, metrics):
            seen = requests[-1].users
            once[0] |= judged(users, scene.bound, planned, upper_alpha)
            once[1] |= judged(requests, scene.bound, seen, upper_alpha)
            once[2] |= judged_by_peer(users, scene.bound)
        wrong += once
    names = ("Evalhub", "requests as units", "GrowthBook")
    return {name: (a, b) for name, (a, b) in zip(names, (wrong / draws).tolist(), strict=True)}


def our_errors(
    rng: Rng, scene: Scene, *, draws: int, metrics: int, upper_alpha: float
) -> tuple[float, float]:
    """Evalhub's shares alone, of the same experiments as `errors`."""
    wrong = np.zeros(2)
    planned = scene.baseline.users + scene.candidate.users
    for _ in range(draws):
        once = np.zeros(2, dtype=bool)
        for [users] in experiment(rng, scene, metrics, counts=[by_user]):
            once |= judged(users, scene.bound, planned, upper_alpha)
        wrong += once
    passed, harmed = (wrong / draws).tolist()
    return passed, harmed


def false_ships(draws: int, seed: int) -> tuple[Table, bool]:
    """One criterion, a primary or a guard, decides; all others pass."""
    rows: Table = [["truth", "Evalhub", "requests as units", "GrowthBook", "at most .025"]]
    kept = True
    for scene in scenes():
        rng = np.random.default_rng(seed)
        rates = errors(rng, scene, draws=draws, metrics=1, upper_alpha=HARM_ALPHA)
        shares = [passed for passed, _ in rates.values()]
        fits = at_most(shares[0], ALPHA, draws)
        kept = kept and fits
        rows.append([scene.name, *(shown(s, draws) for s in shares), "ok" if fits else "TOO MANY"])
    return rows, kept


def rare_errors(draws: int, seed: int) -> tuple[Table, bool]:
    """False ships with errors of 0.2%, with and without unseen users; a quarter of the draws."""
    draws //= 4
    rows: Table = [["truth", "ten unseen users", "none"]]
    for scene in scenes()[4:]:
        rng = np.random.default_rng(seed)
        planned = scene.baseline.users + scene.candidate.users
        passed = np.zeros(2)
        for _ in range(draws):
            ((looks, _),) = experiment(rng, scene, 1)
            passed[0] += judged(looks, scene.bound, planned, HARM_ALPHA).passed
            passed[1] += passes_unprepared(looks, scene.bound, planned)
        rows.append([scene.name, *(shown(s, draws) for s in (passed / draws).tolist())])
    return rows, True


def false_rollbacks(draws: int, seed: int) -> tuple[Table, bool]:
    """Five guards, each exactly at its margin; a fifth of the draws: each has five metrics."""
    draws //= 5
    arm, early = Life(3000), Life(3000, arrive_by=DAY_ONE)
    small = Life(9000), Life(1000)
    truths = [
        Scene("2% errors, half a point lost", arm, arm, (0.02, 0.025)),
        Scene("the same, all users come on day one", early, early, (0.02, 0.025)),
        Scene("0.2% errors, a tenth of a point lost", arm, arm, (0.002, 0.003)),
        Scene("the same, the challenger has a tenth", *small, (0.002, 0.003)),
        Scene("the same, the champion has a tenth", *small[::-1], (0.002, 0.003)),
    ]
    rows: Table = [["truth of 5 guards", "Evalhub", "requests as units", "GrowthBook", "≤ .025"]]
    kept = True
    for scene in truths:
        rng = np.random.default_rng(seed)
        level = HARM_ALPHA / GUARDS
        rates = errors(rng, scene, draws=draws, metrics=GUARDS, upper_alpha=level)
        shares = [harmed for _, harmed in rates.values()]
        fits = at_most(shares[0], HARM_ALPHA, draws)
        kept = kept and fits
        rows.append([scene.name, *(shown(s, draws) for s in shares), "ok" if fits else "TOO MANY"])
    return rows, kept


HARM_DAYS, HARM_LOOKS = 7, 7 * 24 * 12  # every five minutes
USERS_A_DAY, SHARE = 20_000, 0.1
HARM_MARGIN = 0.01
PLANNED = 40_000


def proven_harm(draws: int, seed: int) -> tuple[Table, bool]:
    """2% errors become 5%, one point is allowed; both arms have a tenth of the users each. A
    quarter of the draws."""
    rng = np.random.default_rng(seed)
    users = int(USERS_A_DAY * SHARE * HARM_DAYS)
    life = Life(users, requests=6.0)
    stops: dict[str, list[float]] = {}
    single: list[float] = []
    for _ in range(draws // 4):
        arms = [visits(rng, life, looks=HARM_LOOKS) for _ in range(2)]
        sums = [
            sums_by_look(seen, outcomes(rng, seen, share, life.likeness), looks=HARM_LOOKS)
            for seen, share in zip(arms, (0.02, 0.05), strict=True)
        ]
        looks = [Epoch(*pair) for pair in zip(*sums, strict=True)]
        single.append(harm_sd(looks[-1]))
        for name, rule in harm_rules().items():
            at = next((e.candidate.users for e in looks if e.has_enough_users and rule(e)), None)
            stops.setdefault(name, []).append(math.inf if at is None else at)
    rows: Table = [["rule", "median", "9 of 10 by"]]
    for name, users_until in stops.items():
        half, most = np.quantile(users_until, (0.5, 0.9), method="higher")
        rows.append([name, *("later" if n == math.inf else f"{n:,.0f}" for n in (half, most))])
    z = normal_quantile(1 - HARM_ALPHA / GUARDS) + normal_quantile(POWER)
    fixed = 2 * (z * float(np.mean(single)) / (0.03 - HARM_MARGIN)) ** 2
    rows.append(["one test, planned for this very harm (80% power)", f"{fixed:,.0f}", "never"])
    rows.append(["one test at the experiment's planned end", *[f"{PLANNED / 2:,.0f}"] * 2])
    return rows, True


def harm_sd(epoch: Epoch) -> float:
    """Standard deviation per user, of both arms on average."""
    sds = epoch.baseline.user_sd**2, epoch.candidate.user_sd**2
    return math.sqrt(sum(sds) / 2)


def harm_rules() -> dict[str, Callable[[Epoch], bool]]:
    """By name, whether an experiment is rolled back at a look."""

    def ours(epoch: Epoch, level: float, tuned_at: float = HARM_PLAN * PLANNED) -> bool:
        result = compare_users([epoch], planned_users=PLANNED, events=True)
        if result is None or result.upper_se is None:
            return False
        rho = one_sided_rho(tuned_at, level)
        width = one_sided_half_width(result.upper_se, result.users, rho=rho, alpha=level)
        return result.difference + width < -HARM_MARGIN

    shared = HARM_ALPHA / GUARDS
    return {
        f"Evalhub, {GUARDS} guards": lambda epoch: ours(epoch, shared),
        "the same, tuned to the planned end": lambda epoch: ours(epoch, shared, PLANNED),
        "Evalhub, 1 guard": lambda epoch: ours(epoch, HARM_ALPHA),
        "GrowthBook, beyond the margin": lambda epoch: peer_distance(epoch, -HARM_MARGIN) < 0,
        "GrowthBook, worse than 0": lambda epoch: peer_distance(epoch, 0.0) < 0,
    }


def tries(draws: int, seed: int) -> tuple[Table, bool]:
    """A challenger that gains nothing is tried again and again, each time by the same plan."""
    rng = np.random.default_rng(seed)
    rows: Table = [["tries", "tests at their ends", "sequences, each new", "one sequence goes on"]]
    kept = True
    paths = normal_paths(rng, 5 * LOOKS, 10 * draws)
    for number in (1, 3, 5):
        part = paths[:, : number * LOOKS]
        ends = np.c_[np.zeros(len(part)), part[:, LOOKS - 1 :: LOOKS]]
        fixed = (np.diff(ends, axis=1) > normal_quantile(1 - ALPHA)).any(axis=1).mean()
        fresh = np.zeros(len(part), dtype=bool)
        for start, end in pairwise(range(0, (number + 1) * LOOKS, LOOKS)):
            before = part[:, start - 1 : start] if start else 0.0
            fresh |= crosses(part[:, start:end] - before, ALPHA)
        continued = crosses(part, ALPHA).mean()
        fits = at_most(float(continued), ALPHA, len(part))
        kept = kept and fits
        shares = (fixed, fresh.mean(), continued)
        rows.append([str(number), *(shown(float(share), len(part)) for share in shares)])
    return rows, kept


def powers(draws: int, seed: int) -> tuple[Table, bool]:
    """Chance to show the planned gain, by how many times the users of one look there are."""
    rng = np.random.default_rng(seed)
    levels = (0.05, ALPHA, 0.005)
    rows: Table = [["times the users of one look", *(f"level {level:g}" for level in levels)]]
    kept = True
    for factor in (1.0, 1.5, 1.6, 1.66, 1.7, 1.91):
        shares = []
        for level in levels:
            z = (normal_quantile(1 - level) + normal_quantile(POWER)) * math.sqrt(factor)
            paths = normal_paths(rng, LOOKS, 10 * draws)
            paths += z * np.arange(1, LOOKS + 1) / LOOKS
            shares.append(float(crosses(paths, level).mean()))
        if factor == 1.66:
            kept = abs(shares[1] - POWER) < 0.02
        rows.append([f"{factor:g}", *(shown(share, 10 * draws) for share in shares)])
    return rows, kept


def normal_paths(rng: Rng, looks: int, draws: int) -> Array:
    """Sums of users' differences, in units of the standard error at the planned end."""
    return np.cumsum(rng.normal(0, 1 / math.sqrt(LOOKS), (draws, looks)), axis=1)


def crosses(paths: Array, alpha: float) -> NDArray[np.bool_]:
    """Whether a one-sided limit, tuned to `LOOKS` looks, ever lies above 0."""
    rho = one_sided_rho(LOOKS, alpha)
    at = range(1, paths.shape[1] + 1)
    z = [one_sided_half_width(1.0, t, rho=rho, alpha=alpha) for t in at]
    return (paths > np.array(z) * np.sqrt(np.array(at) / LOOKS)).any(axis=1)


def at_most(share: float, level: float, draws: int) -> bool:
    """Up to two standard errors at the level itself."""
    return share <= level + 2 * math.sqrt(level * (1 - level) / draws)


def shown(share: float, draws: int) -> str:
    """With its standard error, that of one more yes and one more no: none of many isn't never."""
    supposed = (share * draws + 1) / (draws + 2)
    return f"{share:.4f} ± {math.sqrt(supposed * (1 - supposed) / draws):.4f}"


TABLES = {
    "ships": ("False ships, 200 looks", false_ships),
    "rare": ("False ships with rare errors", rare_errors),
    "rollbacks": ("False rollbacks, 200 looks", false_rollbacks),
    "harm": ("Users of the challenger until a harm of 3 points is rolled back", proven_harm),
    "tries": ("Trying again", tries),
    "power": ("Power with 200 looks", powers),
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--only", choices=TABLES)
    options = parser.parse_args(arguments)
    kept = True
    for key in [options.only] if options.only else TABLES:
        title, table = TABLES[key]
        (head, *rows), holds = table(options.draws, options.seed)
        kept = kept and holds
        lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
        if not options.markdown:
            lines = [head, *rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        sys.stdout.write(f"{title}\n\n{text}\n\n")
        sys.stdout.flush()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

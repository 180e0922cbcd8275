"""Figures of live experiments. Pure."""

import math

import numpy as np

from evalhub.report.charts.parts import Chart
from evalhub.stats.confidence_sequences import one_sided_half_width, one_sided_rho
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.levels import ALPHA
from evalhub.stats.power import paired_sample_size
from evalhub.stats.power_live import users_needed
from evalhub.stats.sample_ratio import MISMATCH, sample_ratio_p_values
from evalhub.stats.user_ratios import HARM_PLAN, Epoch, UserSums, compare_users
from tests.pictures.figures.drawn import Curve, Range, columns, curves, intervals, percents
from tests.pictures.figures.made_up import SEED

PLANNED = 20_000
WHOLE = "{:,.0f}".format


def user_ratios() -> Chart:
    """An arm's error rate with users and with requests as units."""
    rng = np.random.default_rng(SEED)
    x = np.ceil(rng.lognormal(1, 1, 500))
    y = rng.binomial(x.astype(int), rng.beta(0.2, 1.8, 500))
    users = UserSums.of(y, x)
    share, n = users.ratio, users.x
    reach = normal_quantile(1 - ALPHA)
    rows = [
        ("users as units", reach * math.sqrt(users.variance)),
        ("requests as units", reach * math.sqrt(share * (1 - share) / n)),
    ]
    return intervals(
        "Errors a request, of 500 users",
        "Users differ in how often their requests fail and in how many they make: taken one by "
        "one, requests seem to say more than they do",
        [Range(label, share, share - width, share + width) for label, width in rows],
        along="errors a request",
        middle=share,
        written=percents,
    )


def live_sequence() -> Chart:
    """Width of both limits over that of a single look."""
    fixed = normal_quantile(1 - ALPHA)
    plans = (("lower limit", 1.0, "candidate"), ("upper limit, of harm", HARM_PLAN, "baseline"))
    times = [PLANNED * share for share in (0.02, 0.04, 0.08, 0.15, 0.25, 0.5, 0.75, 1, 1.5, 2)]
    lines = []
    for label, share, kind in plans:
        rho = one_sided_rho(share * PLANNED, ALPHA)
        points = [(t, one_sided_half_width(1.0, t, rho=rho, alpha=ALPHA) / fixed) for t in times]
        lines.append(Curve(label, points, kind))
    return curves(
        "What looking at any time costs",
        "Width of the limits over that of one look, for 20,000 planned users",
        lines,
        along="users of both arms",
        up="times as wide",
        written=WHOLE,
        level=1.0,
        level_label="one look",
    )


def unseen_users() -> Chart:
    """How many more errors are possible where none was seen."""
    sizes = [200, 500, 1000, 2000, 5000, 10_000, 20_000]
    points = []
    for users in sizes:
        sums = UserSums.of(np.zeros(users), np.ones(users))
        result = compare_users([Epoch(sums, sums)], planned_users=PLANNED, events=True)
        if result and result.lower is not None:
            points.append((float(users), -result.lower))
    return curves(
        "No error in either arm",
        "How much worse the challenger may still be, while nobody has had an error",
        [Curve("possible loss", points)],
        along="users of each arm, with one request each",
        up="share of requests",
        written=WHOLE,
        risen=percents,
    )


def epochs() -> Chart:
    """Two epochs with weights of their own, between which errors became more frequent."""
    calm, rough = (
        Epoch(*(_failing(users, share) for users in sizes))
        for sizes, share in (((9000, 1000), 0.02), ((5000, 5000), 0.06))
    )
    pooled = Epoch(calm.baseline + rough.baseline, calm.candidate + rough.candidate)
    rows = {
        "epoch 1, weight 0.1": [calm],
        "epoch 2, weight 0.5": [rough],
        "both, within epochs": [calm, rough],
        "pooled": [pooled],
    }
    results = {
        label: compare_users(some, planned_users=PLANNED, events=True)
        for label, some in rows.items()
    }
    return intervals(
        "An evening on which more fails",
        "In both epochs the arms fail alike; pooled, the challenger looks worse, since it had more "
        "of its users that evening",
        [
            Range(label, result.difference, result.lower, result.upper)
            for label, result in results.items()
            if result
        ],
        along="fewer errors a request",
    )


def sample_ratio() -> Chart:
    """P-values as users come in other shares than planned."""
    days = 14
    lines = []
    for share, kind in ((0.5, "baseline"), (0.49, "candidate"), (0.48, "ship dotted")):
        counts = np.tile([share * 2000, (1 - share) * 2000], (days, 1))
        p_values = sample_ratio_p_values(counts, [0.5, 0.5])
        points = [(2000.0 * (day + 1), float(p)) for day, p in enumerate(p_values)]
        lines.append(Curve(f"{percents(share)} of users", points, kind))
    return curves(
        "Users who don’t arrive",
        "The check’s p-value, where half of the users should be in an arm: the more are lost, the "
        "sooner it is noticed",
        lines,
        along="users of both arms",
        up="p-value",
        written=WHOLE,
        level=MISMATCH,
        level_label="mismatch",
    )


def live_users() -> Chart:
    """Users for a gain, with one look and with any."""
    gaps = (0.01, 0.015, 0.02, 0.03)
    return columns(
        "Users of both arms for a gain",
        "Half of the users in each arm, a standard deviation of 0.5 per user, 80% power",
        [f"{gap:g}" for gap in gaps],
        [
            ("one look", "baseline", [paired_sample_size(1.0, gap) for gap in gaps]),
            ("any look", "candidate", [users_needed(0.5, gap) for gap in gaps]),
        ],
        along="gain",
        up="users",
        written=WHOLE,
    )


def _failing(users: int, share: float) -> UserSums:
    """Users with one request each."""
    return UserSums.of(np.arange(users) < share * users, np.ones(users))

"""The methods' figures: one each, drawn from what the methods' own functions compute."""

from collections.abc import Callable, Mapping
from functools import cache

from evalhub.report.charts.parts import Chart
from evalhub.report.figures import comparing, evidence, people, planning, verdicts

FIGURES: Mapping[str, Callable[[], Chart]] = {
    "ship": verdicts.ship,
    "harm": verdicts.harm,
    "futility": verdicts.futility,
    "more": verdicts.more,
    "any-of": verdicts.any_of,
    "levels": verdicts.levels,
    "exact-score": comparing.exact_score,
    "tango": comparing.tango,
    "bounded-score": comparing.bounded_score,
    "skew": comparing.skew,
    "cr2": comparing.cr2,
    "weights": comparing.weights,
    "no-narrower": comparing.no_narrower,
    "unseen-tail": comparing.unseen_tail,
    "widened": comparing.widened,
    "one-observation": comparing.one_observation,
    "relative": comparing.relative,
    "fieller": comparing.fieller,
    "quantile-ratio": comparing.quantile_ratio,
    "mcnemar": comparing.mcnemar,
    "sign-flip": comparing.sign_flips,
    "samples": planning.samples,
    "win-score": people.win_scores,
    "bradley-terry": people.bradley_terry,
    "position": people.position,
    "length": people.length,
    "raw-agreement": people.raw,
    "alpha": people.alpha,
    "ac1": people.ac1,
    "kappa": people.kappa,
    "judge-check": people.judge,
    "ppi": people.ppi,
    "power": planning.power,
    "mde": planning.mde,
    "effort": planning.hours,
    "sequential": planning.sequential,
    "multiplicity": planning.multiplicity,
    "ledger": evidence.ledger,
    "extension": evidence.extension,
    "noise-floor": evidence.noise_floor,
    "prices": evidence.prices,
    "consistency": evidence.consistency,
    "jumps": evidence.jumps,
    "answers": evidence.answers,
    "failures": evidence.failures,
    "leakage": evidence.leakage,
    "best-untuned": evidence.best_untuned,
}
"""By a method's key. Methods that are rules in words, and compute nothing, have none."""


@cache
def figure_of(key: str) -> Chart | None:
    """The figure of the method with this key, drawn once a process; None without one."""
    draw = FIGURES.get(key)
    return None if draw is None else draw()

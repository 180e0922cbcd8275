"""The figures of the page of methods, drawn from what the methods' own functions compute.

The site shows the files of docs/reference/figures as they are: `python -m tests.pictures.figures`
writes them.
"""

from collections.abc import Callable, Mapping

from django.template.loader import render_to_string
from django.utils.html import format_html

from evalhub.report.charts.parts import Chart
from tests.pictures.figures import comparing, evidence, live, monitors, people, planning, verdicts

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
    "paired-bootstrap": comparing.resampled,
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
    "user-ratios": live.user_ratios,
    "live-sequence": live.live_sequence,
    "unseen-users": live.unseen_users,
    "epochs": live.epochs,
    "sample-ratio": live.sample_ratio,
    "live-users": live.live_users,
    "step-evidence": monitors.step_evidence,
    "step-size": monitors.step_size,
    "stability": monitors.stability_by_users,
    "text-classifier": monitors.text_classifier,
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


def as_html(chart: Chart) -> str:
    """A chart as it stands on the page: its words, the picture, its numbers as a table."""
    words = '<p class="figure-words"><strong>{}.</strong> {}.</p>\n'
    return format_html(words, chart.title, chart.desc) + render_to_string(
        "report/charts/_chart.html", {"chart": chart}
    )

"""Experiments in pages of other things, and how their figures are written."""

from django import template

from evalhub.accounts.models import Project, User
from evalhub.decision.wording import plain, significant
from evalhub.features.experiments.page_data.standing import (
    ExperimentLine,
    experiments_by,
    experiments_with,
    running_for,
    running_in,
)
from evalhub.features.experiments.page_data.traffic_metrics import metric_label
from evalhub.features.traffic.page_data.charts import share_text
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion

register = template.Library()

register.filter("user_share", share_text)
register.filter("metric_label", metric_label)


@register.filter
def amount(value: float | None) -> str:
    """A margin, a gain or a mean, at most three digits of it: 0.005."""
    return "–" if value is None else plain(float(f"{value:.3g}"))


@register.filter
def arm_value(value: float | None) -> str:
    """An arm's value to three significant digits, so that the two can be told apart: 0.0123."""
    return "–" if value is None else significant(value, 3)


@register.inclusion_tag("experiments/_banners.html")
def running_experiments(user: User) -> dict[str, object]:
    """A line for each running experiment of the projects whose results this person sees."""
    return {"lines": running_for(user)}


@register.inclusion_tag("experiments/_banners.html")
def running_experiment(project: Project) -> dict[str, object]:
    """The line of a project's running experiment, if there is one."""
    line: ExperimentLine | None = running_in(project)
    return {"lines": [line] if line else []}


@register.inclusion_tag("experiments/_lines.html")
def version_experiments(version: ModelVersion) -> dict[str, object]:
    """The experiments in which a version is or was the challenger."""
    return {"lines": experiments_with(version)}


@register.inclusion_tag("experiments/_lines.html")
def experiments_begun_by(decision: Decision) -> dict[str, object]:
    """The experiments that began by a decision, and how they ended."""
    return {"lines": experiments_by(decision)}

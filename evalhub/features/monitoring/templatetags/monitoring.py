"""Monitors in pages, and how their figures are written."""

from collections.abc import Iterator
from typing import Any

from django import template

from evalhub.accounts.models import Project
from evalhub.decision.wording import plain
from evalhub.features.monitoring.models import Alarm
from evalhub.features.monitoring.page_data.metric_words import KIND_LABELS, metric_label

register = template.Library()

MOST_COUNTED = 100
SIGNS = {"pass": "✓", "fail": "✗", "open": "?"}


@register.filter
def sign(mark: str) -> str:
    """The sign that stands beside a colour."""
    return SIGNS[mark]


@register.filter
def kind_label(kind: str) -> str:
    """What a monitor of this kind is called."""
    return KIND_LABELS[kind]


@register.filter
def a_year(value: float) -> str:
    """False alarms a year, three digits of them: 0.5."""
    return plain(float(f"{value:.3g}"))


@register.inclusion_tag("monitoring/_banner.html")
def alarm_banner(project: Project) -> dict[str, object]:
    """A line that says what is open and not snoozed in a project, if anything is. One query."""
    alarms = Alarm.objects.of_project(project).loud()
    return {"project": project, "alarms": list(alarms[:MOST_COUNTED])}


@register.filter
def plan_rows(plan: Any) -> Iterator[tuple[str, str]]:
    """What a plan says, by name, in words."""
    for name, value in plan.as_json().items():
        if value not in (None, "", [], "of"):
            yield name.replace("_", " ").capitalize(), _plan_text(value)


def _plan_text(value: Any) -> str:
    if isinstance(value, dict):
        if set(value) == {"metric", "margin"} and isinstance(value["metric"], str):
            return f"{metric_label(value['metric'])} {plain(value['margin'])}"
        return ", ".join(
            f"{name.replace('_', ' ')} {_plan_text(each)}" for name, each in value.items()
        )
    if isinstance(value, list):
        return "; ".join(map(_plan_text, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(value) if isinstance(value, float) else str(value)

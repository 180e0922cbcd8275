"""Template tag: how many answers of a study have reported scores, by metric."""

from django import template

from evalhub.features.score_audits.models import ScoreCase
from evalhub.registry.models import Metric, Study

register = template.Library()


@register.simple_tag
def disputed_metrics(study: Study) -> list[tuple[Metric, int]]:
    """The study's metrics with reported scores in its project, and the number of answers. Two
    queries at most."""
    metrics = study.test_sets.order_by().values("metric")
    counts = ScoreCase.objects.filter(project=study.project_id, metric__in=metrics).per_metric()
    sorted_metrics = Metric.objects.filter(pk__in=counts).order_by("name", "pk")
    return [(each, counts[each.pk]) for each in sorted_metrics]

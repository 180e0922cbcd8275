"""Register a study's judges as versions; metrics that use them name them by digest."""

from collections.abc import Mapping

from evalhub.accounts.models import Project
from evalhub.decision.policy import StudySettings
from evalhub.registry.models import Metric, ModelVersion
from evalhub.registry.models.versions import Kind
from evalhub.registry.versions import register_metric, register_version
from evalhub.studies.file.spec import StudySpec
from runners.metrics import MetricDeclaration


def register_judges(spec: StudySpec, project: Project) -> dict[str, ModelVersion]:
    """The judging versions, by their names in the file."""
    return {
        name: register_version(
            project=project,
            slug=name,
            kind=Kind.BASE,
            backend=judge.backend.live_backend,
            sampling=judge.sampling,
            notes=judge.notes,
        )
        for name, judge in spec.judges.items()
    }


def metric_row(metric: MetricDeclaration, judges: Mapping[str, ModelVersion]) -> Metric:
    """The row of a metric; one with a judge names the judge's version, and not its name in the
    file."""
    options = metric.options
    if metric.needs_model:
        options["by"] = judges[metric.model].digest
    return register_metric(name=metric.name, options=options)


def settings_with_judge(spec: StudySpec, judges: Mapping[str, ModelVersion]) -> StudySettings:
    """The study's settings, which name the judge of pairs by its version's digest."""
    pairwise = spec.policy.pairwise
    if pairwise is None:
        return spec.policy
    by_digest = pairwise.model_copy(update={"by": judges[pairwise.by].digest})
    return spec.policy.model_copy(update={"pairwise": by_digest})

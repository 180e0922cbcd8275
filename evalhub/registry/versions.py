"""A spec becomes a version of a model; a metric with its options becomes a row."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from evalhub.accounts.models import Project
from evalhub.files.canonical import digest_of
from evalhub.registry.models import Metric, Model, ModelVersion
from evalhub.registry.models.versions import Kind
from evalhub.schemas.declaration import DeclarationError
from evalhub.schemas.prompt import Prompt
from evalhub.schemas.sampling import Sampling
from evalhub.schemas.study import check_name
from evalhub.schemas.version import BackendDeclaration, TrainingRecord


def register_version(
    *,
    project: Project,
    slug: str,
    kind: str,
    backend: BackendDeclaration,
    parent: ModelVersion | None = None,
    prompt: Prompt = Prompt(),  # noqa: B008 (frozen)
    sampling: Sampling = Sampling(),  # noqa: B008 (frozen)
    training: TrainingRecord = TrainingRecord(),  # noqa: B008 (frozen)
    notes: str = "",
) -> ModelVersion:
    """The version of the model that has this specification, made where there is none.

    Kind, parent, backend, prompt, sampling and training record are the specification. The notes
    are those of the first registration: registering again doesn't change a version.

    Args:
        slug: name of the model in the project; it is made where it isn't there.
        parent: the version it was made from, of any model in the project.

    Raises:
        evalhub.schemas.declaration.DeclarationError: a name, kind or parent that can't be.
    """
    check_name(slug, at="model")
    if kind not in Kind:
        raise DeclarationError(f"{kind!r} isn't one of {', '.join(Kind.values)}", "kind")
    if parent is not None and parent.model.project_id != project.pk:
        raise DeclarationError(f"{parent} isn't in the project {project}", "parent")
    spec = {
        "kind": str(kind),
        "backend": backend.as_json(),
        "prompt": prompt.as_json(),
        "sampling": sampling.as_json(),
        "training": training.as_json(),
    }
    # Versions of two models may have one digest, so the parent's model is part of the lineage.
    lineage = None if parent is None else [parent.model.slug, parent.digest]
    digest = digest_of({**spec, "parent": lineage})
    with transaction.atomic():
        model, _ = Model.objects.select_for_update().get_or_create(project=project, slug=slug)
        if same := model.versions.filter(digest=digest).first():
            return same
        newest = model.versions.aggregate(newest=Max("number", default=0))["newest"]
        return ModelVersion.objects.create(
            model=model, number=newest + 1, parent=parent, notes=notes, digest=digest, **spec
        )


def register_metric(*, name: str, options: Mapping[str, Any]) -> Metric:
    """The row of a metric with these options, made where there is none.

    Whether there is such a metric and whether it takes these options is known to
    `runners.metrics`, which is asked before.
    """
    digest = digest_of({"name": name, "options": options})
    metric, _ = Metric.objects.get_or_create(
        digest=digest, defaults={"name": name, "options": dict(options)}
    )
    return metric

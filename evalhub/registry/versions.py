"""A spec becomes a version of a model; a metric with its options becomes a row."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from evalhub.accounts.models import Project
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.declare.study import check_name
from evalhub.declare.training import TrainingRecord
from evalhub.declare.version import BackendDeclaration
from evalhub.io.canonical import digest_of
from evalhub.registry import drafts
from evalhub.registry.models import Metric, Model, ModelVersion
from evalhub.registry.models.versions import Kind
from evalhub.training.bases import StoodOn, base_of, verdict_on_base


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
    are those of the first registration: registering again doesn't change a version, but for where
    the files lie that its backend knows by their digests.

    Args:
        slug: name of the model in the project; it is made where it isn't there.
        parent: the version it was made from, of any model in the project.

    Raises:
        evalhub.declare.declaration.DeclarationError: a name, kind or parent that can't be, sampling
            that the backend can't take, or a training record of another base.
    """
    check_name(slug, at="model")
    if parent is not None and parent.model.project_id != project.pk:
        raise DeclarationError(f"{parent} isn't in the project {project}", "parent")
    backend.check_sampling(sampling)
    version = _unsaved_version(kind, backend, parent, prompt, sampling, training)
    version.notes = notes
    with transaction.atomic():
        model, _ = Model.objects.select_for_update().get_or_create(project=project, slug=slug)
        return _number_version(version, model)


def stage_version(
    *, project: Project, slug: str, kind: str, backend: BackendDeclaration
) -> ModelVersion:
    """As `register_version` of a specification of no more than this, up to its last step: a draft,
    or the version that is there. `publish_version` makes it seen, `drafts.drop` takes it away."""
    check_name(slug, at="model")
    draft = _unsaved_version(kind, backend)
    with transaction.atomic():
        model, _ = Model.objects.select_for_update().get_or_create(project=project, slug=slug)
        same: ModelVersion | None = model.versions.filter(digest=draft.digest).first()
        if same is not None:
            return same
        draft.model, draft.number, draft.draft_until = model, 0, drafts.lease_end()
        draft.save()
    return draft


@transaction.atomic
def publish_version(version: ModelVersion) -> ModelVersion:
    """The draft as its model's next version, or the one of the same specification by now.

    A version that is no draft is returned as it is. Raises evalhub.registry.drafts.DraftLostError.
    """
    if version.draft_until is None:
        return version
    drafts.renew(version)
    return _number_version(version, Model.objects.select_for_update().get(pk=version.model_id))


def _unsaved_version(
    kind: str,
    backend: BackendDeclaration,
    parent: ModelVersion | None = None,
    prompt: Prompt = Prompt(),  # noqa: B008 (frozen)
    sampling: Sampling = Sampling(),  # noqa: B008 (frozen)
    training: TrainingRecord = TrainingRecord(),  # noqa: B008 (frozen)
) -> ModelVersion:
    """A version of no model yet, with the digest of its specification."""
    if kind not in Kind:
        raise DeclarationError(f"{kind!r} isn't one of {', '.join(Kind.values)}", "kind")
    spec = {
        "kind": str(kind),
        "backend": backend.as_json(),
        "prompt": prompt.as_json(),
        "sampling": sampling.as_json(),
        "training": training.as_json(),
    }
    # Versions of two models may have one digest, so the parent's model is part of the lineage.
    lineage = None if parent is None else [parent.model.slug, parent.digest]
    known_by = {
        **spec,
        "backend": backend.identity(),
        "prompt": prompt.identity(),
        "parent": lineage,
    }
    return ModelVersion(parent=parent, digest=digest_of(known_by), **spec)


def _number_version(version: ModelVersion, model: Model) -> ModelVersion:
    """The version as the model's next one, or that of its specification; the model is locked."""
    same: ModelVersion | None = model.versions.filter(digest=version.digest).first()
    if same is not None:
        if (same.backend, same.prompt) != (version.backend, version.prompt):
            same.backend, same.prompt = version.backend, version.prompt  # files lie elsewhere now
            same.save(update_fields=["backend", "prompt"])
        return same
    _check_base(version)
    newest = model.versions.aggregate(newest=Max("number", default=0))["newest"]
    version.model, version.number, version.draft_until = model, newest + 1, None
    version.save(update_fields=["number", "draft_until"] if version.pk else None)
    return version


def base_of_version(version: ModelVersion) -> StoodOn | None:
    """The base of a fine-tuned version, as far as its backend and its parent's say."""
    parent = version.parent
    return base_of(version.kind, version.backend, None if parent is None else parent.backend)


def _check_base(version: ModelVersion) -> None:
    """Check that the training record doesn't name another base, where that is certain."""
    fields, base = version.training.fields_with_names.fields, base_of_version(version)
    if base is not None and verdict_on_base(fields, base) == "another":
        raise DeclarationError(
            f"is {fields.base_model}, and {base.whose} is {base.name}: a record of another base",
            "training.base_model",
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

"""A version by the name that people give it: MODEL@3, or MODEL for its newest."""

import re

from evalhub.accounts.models import Project
from evalhub.declare.version_name import VersionNameError, parse_version_name
from evalhub.registry.models import MIRRORED_BUILD, ModelVersion

BUILD_OF_VERSION = re.compile(
    rf"({MIRRORED_BUILD})?(?P<model>[A-Za-z0-9_-]+)@(?P<number>[1-9][0-9]{{0,8}})"
)


def version_name(version: ModelVersion) -> str:
    """The name by which `version_by_name` finds it: MODEL@NUMBER."""
    return f"{version.model.slug}@{version.number}"


def answering_version(version: ModelVersion) -> ModelVersion:
    """The version that gave this one's answers: where its build names another of the project, as
    MODEL@NUMBER, that one; else itself. A query at most.

    So production's recorded answers are those of the version that production serves.
    """
    names = BUILD_OF_VERSION.fullmatch(version.backend.get("build") or "")
    if names is None:
        return version
    of_project = ModelVersion.objects.filter(model__project=version.model.project_id)
    of_model = of_project.filter(model__slug=names["model"], number=names["number"])
    return of_model.select_related("model__project").first() or version


def version_by_name(project: Project, name: str) -> ModelVersion:
    """The version called MODEL@NUMBER, or "MODEL vNUMBER" as pages show it; MODEL is its newest.

    Raises evalhub.declare.version_name.VersionNameError, which says which there are.
    """
    model, number = parse_version_name(name)
    versions = ModelVersion.objects.filter(model__project=project).select_related(
        "model__project", "parent__model"
    )
    of_model = versions.filter(model__slug=model).order_by("-number")
    version: ModelVersion | None = (of_model.filter(number=number) if number else of_model).first()
    if version is not None:
        return version
    if newest := of_model.first():
        raise VersionNameError(
            f"{model} has no version {number}, only {newest} and those before it"
        )
    models = project.models.written().order_by("slug").values_list("slug", flat=True)
    models_known = ", ".join(models[:20]) or "none yet"
    raise VersionNameError(f"{project} has no model {model!r} (models: {models_known})")

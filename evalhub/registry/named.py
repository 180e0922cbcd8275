"""A version found by the name that people write."""

from evalhub.accounts.models import Project
from evalhub.registry.models import ModelVersion
from evalhub.schemas.version_name import VersionNameError, written_version


def named_version(project: Project, name: str) -> ModelVersion:
    """The version of the project that is called so: "tuned v3", or tuned:3.

    Raises evalhub.schemas.version_name.VersionNameError.
    """
    model, number = written_version(name)
    versions = ModelVersion.objects.filter(model__project=project).select_related("model__project")
    of_model = versions.filter(model__slug=model)
    found: ModelVersion | None = of_model.filter(number=number).first()
    if found is None:
        there = ", ".join(map(str, (of_model or versions).order_by("-created", "-id")[:5]))
        raise VersionNameError(f"{project} has no version {name!r} (the newest: {there or 'none'})")
    return found

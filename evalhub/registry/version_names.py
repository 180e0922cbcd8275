"""A version by the name that people give it: MODEL@3, or MODEL for its newest."""

import re

from evalhub.accounts.models import Project
from evalhub.registry.models import ModelVersion

_NAME = re.compile(r"(?P<model>[A-Za-z0-9][A-Za-z0-9_-]*)(?:(?:@| v)(?P<number>[1-9][0-9]{0,8}))?")


class VersionNameError(ValueError):
    """No version has that name; the message says which there are."""


def named_version(project: Project, name: str) -> ModelVersion:
    """The version called MODEL@NUMBER, or "MODEL vNUMBER" as pages show it; MODEL is its newest.

    Raises VersionNameError.
    """
    said = _NAME.fullmatch(name)
    if said is None:
        raise VersionNameError(f"{name!r} isn't of the form MODEL@NUMBER, such as support-lora@3")
    versions = ModelVersion.objects.filter(model__project=project).select_related(
        "model__project", "parent__model"
    )
    of_model = versions.filter(model__slug=said["model"]).order_by("-number")
    found: ModelVersion | None = (
        of_model.filter(number=said["number"]) if said["number"] else of_model
    ).first()
    if found is not None:
        return found
    if newest := of_model.first():
        raise VersionNameError(
            f"{said['model']} has no version {said['number']}, only {newest} and those before it"
        )
    models = project.models.written().order_by("slug").values_list("slug", flat=True)
    there = ", ".join(models[:20]) or "none yet"
    raise VersionNameError(f"{project} has no model {said['model']!r} (models: {there})")

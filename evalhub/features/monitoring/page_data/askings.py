"""Part of a version's page: how it answered whenever it was asked again."""

from evalhub.features.monitoring.answers.asking import sentence
from evalhub.features.monitoring.models import Asking
from evalhub.registry.models import ModelVersion

SHOWN = 30
"""Askings, the newest, that the page lists."""


def askings_of(version: ModelVersion) -> list[tuple[Asking, str]]:
    """The version's newest askings, each with its outcome as a sentence. One query."""
    askings = Asking.objects.filter(watch__version=version)
    newest = askings.select_related("watch__test_set_version__test_set", "run")[:SHOWN]
    return [(asking, sentence(asking)) for asking in newest]

"""What a training file is compared with: the project's traffic, or a file of questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalhub.declare.data_report import REFERENCE_DAYS, Against
from evalhub.features.data.checks.check import ReferenceText

if TYPE_CHECKING:
    from evalhub.accounts.models import Project


@dataclass(frozen=True, slots=True)
class Compared:
    """Texts to be represented, and what the report says of them."""

    texts: Sequence[ReferenceText]
    described: Against


def compared_with_traffic(
    project: "Project", *, days: int = REFERENCE_DAYS, seed: int = 0
) -> Compared:
    """A sample of the questions of the project's last days of traffic.

    Raises DataError where no text of them is kept.
    """
    from evalhub.features.data.reference.traffic_reference import traffic_reference

    texts = traffic_reference(project, days=days, seed=seed)
    name = f"{project.slug}'s traffic of {days} days"
    return Compared(texts, Against(kind="traffic", name=name, texts=len(texts)))


def compared_with_file(path: Path) -> Compared:
    """The questions in a file. Raises DataError for what is wrong with it."""
    from evalhub.features.data.reference.file_reference import file_reference

    texts = file_reference(path)
    return Compared(texts, Against(kind="file", name=path.name, texts=len(texts)))

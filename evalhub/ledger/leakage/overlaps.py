"""Test items in a version's training data: searched once, stored, and read for a decision."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from django.db import transaction

from evalhub.decision.sections.leakage import Leak
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.io.json_values import parse_json
from evalhub.io.rows import Row
from evalhub.ledger.leakage.matching import ItemTexts, find_leakage, item_texts
from evalhub.ledger.leakage.result import LeakageMatch, LeakageSettings
from evalhub.ledger.leakage.training import Progress, Training, read_training, training_of
from evalhub.ledger.scores import Pairing
from evalhub.registry.models import (
    ModelVersion,
    StudyArm,
    TestSetVersion,
    TrainingFileVersion,
    TrainingOverlap,
)

_ITEMS_AT_ONCE = 1000


def check_overlaps(
    *,
    version: ModelVersion,
    test_set_versions: Iterable[TestSetVersion],
    path: Path,
    progress: Progress | None = None,
) -> list[TrainingOverlap]:
    """Search a training file, or its fingerprints, for the test sets' items in one pass.

    The same file again gives the rows that are there already, and nothing is read but its hash.

    Raises:
        evalhub.io.rows.DataError: what is wrong with the file, with its line and field.
        evalhub.declare.declaration.DeclarationError: version and test set are of two projects.
    """
    versions = list(test_set_versions)
    for test_set_version in versions:
        if version.model.project_id != test_set_version.test_set.project_id:
            raise DeclarationError(
                f"{test_set_version} isn't in the project of {version}", "training"
            )
    training = read_training(path)
    with path.open("rb") as stream:
        source = hashlib.file_digest(stream, "sha256").hexdigest()
    return _overlaps(version, versions, training, source, progress)


def check_kept_file(
    *, version: ModelVersion, test_set_versions: Iterable[TestSetVersion]
) -> list[TrainingOverlap]:
    """The same, of the training file that the version's record names by its SHA-256, where that
    went out from here and is kept; nothing of any other. Its erased lines can't be searched."""
    sha256 = version.training.fields_with_names.fields.dataset_sha256
    file = TrainingFileVersion.objects.filter(
        project=version.model.project_id, sha256=sha256 or "none"
    ).first()
    if file is None:
        return []
    rows = file.lines.exclude(text="").order_by("line").values_list("line", "text")
    lines = (
        Row(line, {"row": parse_json(text)})
        for line, text in rows.iterator(chunk_size=_ITEMS_AT_ONCE)
    )
    if (first := next(lines, None)) is None:
        return []
    training = training_of(first, lines, str(file))
    return _overlaps(version, list(test_set_versions), training, file.sha256, None)


def _overlaps(
    version: ModelVersion,
    versions: Sequence[TestSetVersion],
    training: Training,
    source: str,
    progress: Progress | None,
) -> list[TrainingOverlap]:
    """The stored checks of a training file with this SHA-256; those that are missing are made."""
    overlaps = version.overlaps.filter(source=source)
    checked = set(overlaps.values_list("test_set_version", flat=True))
    missing = [each for each in dict.fromkeys(versions) if each.pk not in checked]
    if missing:
        leakages = find_leakage(training, *map(items_to_search, missing), progress=progress)
        with transaction.atomic():
            for test_set_version, leakage in zip(missing, leakages, strict=True):
                TrainingOverlap.objects.get_or_create(
                    version=version,
                    test_set_version=test_set_version,
                    source=source,
                    defaults={
                        "rows": leakage.rows,
                        "settings": leakage.settings.as_json(),
                        "leaked": {
                            key: [match.as_json() for match in matches]
                            for key, matches in leakage.leaked.items()
                        },
                    },
                )
    rows = {each.test_set_version_id: each for each in overlaps.all()}
    return [rows[each.pk] for each in versions]


def keys_of_leaks(version: ModelVersion, test_set_version: TestSetVersion) -> dict[str, str] | None:
    """Items in the training data of the version or of its ancestors: {item key: "input: 13-gram,
    line 12; reference: exact, line 12"}.

    None where nobody knows: the version's data weren't looked at, or no item is long enough to
    be found, and no version it was made from has seen one.
    """
    leaked: dict[str, str] = {}
    is_checked = False
    ancestor: ModelVersion | None = version
    while ancestor is not None:
        for overlap in ancestor.overlaps.filter(test_set_version=test_set_version):
            searched = validate(LeakageSettings, overlap.settings)
            is_checked = is_checked or (ancestor == version and searched.too_short < searched.items)
            for key, matches in overlap.leaked.items():
                description = "; ".join(str(validate(LeakageMatch, match)) for match in matches)
                leaked.setdefault(
                    key, description if ancestor == version else f"{ancestor}, {description}"
                )
        ancestor = ancestor.parent
    return leaked if is_checked or leaked else None


def leaks_of(arm: StudyArm, pairings: Mapping[str, Pairing]) -> list[Leak]:
    """A leak for each test set that the arm's training data were looked at for."""
    leaks: list[Leak] = []
    versions: set[int] = set()
    for name, pairing in pairings.items():
        version = pairing.candidate.run.test_set_version
        keys = None if pairing.aligned.same else keys_of_leaks(arm.version, version)
        if keys is not None:
            judged = {each.key for each in pairing.aligned.items}
            seen = {key: text for key, text in keys.items() if key in judged}
            leaks.append(Leak(name, len(judged), seen, again=version.pk in versions))
            versions.add(version.pk)
    return leaks


def items_to_search(test_set_version: TestSetVersion) -> Iterator[ItemTexts]:
    """The texts of a version's items, in bounded memory."""
    rows = test_set_version.items.order_by("position").values_list("key", "input", "references")
    for key, input_, references in rows.iterator(chunk_size=_ITEMS_AT_ONCE):
        yield item_texts(key, input_, references)

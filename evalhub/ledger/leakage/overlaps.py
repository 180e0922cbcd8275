"""A version's training data against a test set version: looked for once, and kept."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.db import transaction

from evalhub.declare.declaration import DeclarationError, declared
from evalhub.declare.leakage import LeakageMatch, LeakageSettings
from evalhub.ledger.leakage.matching import ItemTexts, find_leakage, item_texts
from evalhub.ledger.leakage.training import Progress, read_training
from evalhub.registry.models import ModelVersion, TestSetVersion, TrainingOverlap

_ITEMS_AT_ONCE = 1000


def check_overlaps(
    *,
    version: ModelVersion,
    test_set_versions: Iterable[TestSetVersion],
    path: Path,
    progress: Progress | None = None,
) -> list[TrainingOverlap]:
    """Looks for the test sets' items in a training file, or in its fingerprints, read once.

    The same file again gives the rows that are there already, and nothing is read but its hash.

    Raises:
        evalhub.io.rows.DataError: what is wrong with the file, with its line and field.
        evalhub.declare.declaration.DeclarationError: version and test set are of two projects.
    """
    asked = list(test_set_versions)
    for each in asked:
        if version.model.project_id != each.test_set.project_id:
            raise DeclarationError(f"{each} isn't in the project of {version}", "training")
    training = read_training(path)
    with path.open("rb") as stream:
        source = hashlib.file_digest(stream, "sha256").hexdigest()
    kept = version.overlaps.filter(source=source)
    known = set(kept.values_list("test_set_version", flat=True))
    missing = [each for each in dict.fromkeys(asked) if each.pk not in known]
    if missing:
        found = find_leakage(training, *map(_items, missing), progress=progress)
        with transaction.atomic():
            for each, leakage in zip(missing, found, strict=True):
                TrainingOverlap.objects.get_or_create(
                    version=version,
                    test_set_version=each,
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
    rows = {each.test_set_version_id: each for each in kept.all()}
    return [rows[each.pk] for each in asked]


def leaked_keys(version: ModelVersion, test_set_version: TestSetVersion) -> dict[str, str] | None:
    """The items that are in the training data of the version, or of one that it was made from:
    {item key: "input: 13-gram, line 12; reference: exact, line 12"}.

    None where nobody knows: the version's data weren't looked at, or no item is long enough to
    be found, and no version it was made from has seen one.
    """
    leaked: dict[str, str] = {}
    known = False
    each: ModelVersion | None = version
    while each is not None:
        for overlap in each.overlaps.filter(test_set_version=test_set_version):
            searched = declared(LeakageSettings, overlap.settings)
            known = known or (each == version and searched.too_short < searched.items)
            for key, matches in overlap.leaked.items():
                said = "; ".join(str(declared(LeakageMatch, match)) for match in matches)
                leaked.setdefault(key, said if each == version else f"{each}, {said}")
        each = each.parent
    return leaked if known or leaked else None


def _items(test_set_version: TestSetVersion) -> Iterator[ItemTexts]:
    rows = test_set_version.items.order_by("position").values_list("key", "input", "references")
    for key, input_, references in rows.iterator(chunk_size=_ITEMS_AT_ONCE):
        yield item_texts(key, input_, references)

"""A version's training data against a test set version: looked for once, and kept."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from evalhub.gate.fingerprints import Progress, read_training
from evalhub.gate.leakage import ItemTexts, Match, find_leakage, item_texts
from evalhub.registry.models import ModelVersion, TestSetVersion, TrainingOverlap
from evalhub.registry.specs import SpecError

_ITEMS_AT_ONCE = 1000


def check_overlap(
    *,
    version: ModelVersion,
    test_set_version: TestSetVersion,
    path: Path,
    progress: Progress | None = None,
) -> TrainingOverlap:
    """Looks for the test set's items in a training file, or in its fingerprints.

    The same file again is the row that is there already, and nothing is read but its hash.

    Raises:
        evalhub.registry.files.DataError: what is wrong with the file, with its line and field.
        evalhub.registry.specs.SpecError: version and test set are of two projects.
    """
    if version.model.project_id != test_set_version.test_set.project_id:
        raise SpecError(f"{test_set_version} isn't in the project of {version}", "training")
    training = read_training(path)
    with path.open("rb") as stream:
        source = hashlib.file_digest(stream, "sha256").hexdigest()
    place = {"version": version, "test_set_version": test_set_version, "source": source}
    if same := TrainingOverlap.objects.filter(**place).first():
        return same
    found = find_leakage(training, _items(test_set_version), progress=progress)
    overlap, _ = TrainingOverlap.objects.get_or_create(
        **place,
        defaults={"rows": found.rows, "settings": found.settings, "leaked": found.as_json()},
    )
    return overlap


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
            looked_for = overlap.settings["too_short"] < overlap.settings["items"]
            known = known or (each == version and looked_for)
            for key, matches in overlap.leaked.items():
                said = "; ".join(str(Match(**match)) for match in matches)
                leaked.setdefault(key, said if each == version else f"{each}, {said}")
        each = each.parent
    return leaked if known or leaked else None


def _items(test_set_version: TestSetVersion) -> Iterator[ItemTexts]:
    rows = test_set_version.items.order_by("position").values_list("key", "input", "references")
    for key, input_, references in rows.iterator(chunk_size=_ITEMS_AT_ONCE):
        yield item_texts(key, input_, references)

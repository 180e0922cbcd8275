"""Find near-copies of a working set's items: in the set, in other test sets, in training data.

Among themselves they are told as a review's sample tells them (`reviews.planning.diversity`);
elsewhere as leakage is (`evalhub.ledger.leakage`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evalhub.accounts.models import User
from evalhub.accounts.permissions import check_evaluates
from evalhub.features.working_sets.items import note_alike, set_parts
from evalhub.features.working_sets.models import WorkingItem, WorkingSet
from evalhub.features.working_sets.sets import WorkingSetError
from evalhub.io.rows import Row
from evalhub.ledger.leakage.matching import ItemTexts, find_leakage, item_texts
from evalhub.ledger.leakage.result import LeakageMatch
from evalhub.ledger.leakage.training import read_training, training_of
from evalhub.registry.models import Item, TestSetVersion
from evalhub.studies.file.splitting import draw_share, group_by_labels, without_shared_lines
from reviews.planning.diversity import near_copies, signatures

AT_ONCE = 2_000


def look_inside(working_set: WorkingSet, *, by: User | None, revision: int | None = None) -> int:
    """Notes each item that is a near-copy of an earlier one. Returns their number.

    Raises as `evalhub.features.working_sets.sets.begin_writing`.
    """
    check_evaluates(by, working_set.project)
    rows = list(_rows(working_set, "pk", "key", "input"))
    first: dict[int, str] = {}
    notes: dict[int, str] = {}
    for (pk, key, _), group in zip(rows, _groups([question for *_, question in rows]), strict=True):
        if group in first:
            notes[pk] = f"near-copy of {first[group]}"
        first.setdefault(group, key)
    note_alike(working_set, notes, by=by, revision=revision)
    return len(notes)


def look_in_other_test_sets(
    working_set: WorkingSet, *, by: User | None, revision: int | None = None
) -> int:
    """Notes each item that the newest version of another test set of the project holds exactly or
    nearly. Returns their number. Raises as `look_inside`."""
    check_evaluates(by, working_set.project)
    others = TestSetVersion.objects.filter(test_set__project=working_set.project, pool=None)
    others = others.exclude(test_set__slug=working_set.slug).order_by("test_set", "number")
    newest = {each.test_set_id: each for each in others.select_related("test_set")}
    origins: list[tuple[str, str]] = []
    rows = _item_rows(list(newest.values()), origins)
    first = next(rows, None)
    if first is None:
        raise WorkingSetError("the project has no other test set to look in")
    (leakage,) = find_leakage(training_of(first, rows, "other test sets"), _texts(working_set))

    def describe(match: LeakageMatch) -> str:
        version, key = origins[match.line - 1]
        return f"{match.part}: {_how(match)}, {key} of {version}"

    return _note(working_set, leakage.leaked, describe, by, revision)


def look_in_training(
    working_set: WorkingSet, path: Path, *, by: User | None, revision: int | None = None
) -> int:
    """Notes each item that is in a training file, or in a file of its fingerprints. Returns their
    number.

    Raises as `look_inside`, and evalhub.io.rows.DataError for what is wrong with the file.
    """
    check_evaluates(by, working_set.project)
    (leakage,) = find_leakage(read_training(path), _texts(working_set))

    def describe(match: LeakageMatch) -> str:
        return f"{match.part}: {_how(match)}, line {match.line} of {path.name}"

    return _note(working_set, leakage.leaked, describe, by, revision)


def split(
    working_set: WorkingSet,
    *,
    share: float,
    seed: int,
    by: User | None,
    revision: int | None = None,
) -> int:
    """Draws about this share of the items, by the seed, into the development part, and the rest
    into the test part. Returns the number in development.

    Items of one cluster, and near-copies, stay on one side. The same items, share and seed are the
    same split, whatever the items' order.

    Args:
        share: of the items, above 0 and below 1.

    Raises as `look_inside`, and WorkingSetError where all items hang together.
    """
    check_evaluates(by, working_set.project)
    rows = list(_rows(working_set, "pk", "key", "cluster", "input"))
    copies = _groups([question for *_, question in rows])
    labels = [
        [f"copy {copy}", *([f"cluster {cluster}"] if cluster else [])]
        for (_, _, cluster, _), copy in zip(rows, copies, strict=True)
    ]
    keys = [key for _, key, *_ in rows]
    chosen = draw_share(keys, group_by_labels(labels), share=share, seed=seed)
    if not chosen or len(chosen) == len(rows):
        raise WorkingSetError(
            "one part would be empty: items of a cluster and near-copies stay together, and here "
            "too many do"
        )
    development = [rows[index][0] for index in chosen]
    set_parts(working_set, development, by=by, revision=revision)
    return len(chosen)


def _groups(inputs: Sequence[Any]) -> list[int]:
    """The number of its group of near-copies, for each input."""
    texts = [" ".join(text for _, text in item_texts("", each, ()).parts) for each in inputs]
    return near_copies(signatures(without_shared_lines(texts)))


def _note(
    working_set: WorkingSet,
    leaked: Mapping[str, Sequence[LeakageMatch]],
    describe: Callable[[LeakageMatch], str],
    by: User | None,
    revision: int | None,
) -> int:
    notes = {int(pk): "; ".join(map(describe, matches)) for pk, matches in leaked.items()}
    note_alike(working_set, notes, by=by, revision=revision)
    return len(notes)


def _rows(working_set: WorkingSet, *columns: str) -> Iterator[tuple[Any, ...]]:
    rows = WorkingItem.objects.filter(working_set=working_set).order_by("position")
    yield from rows.values_list(*columns).iterator(chunk_size=AT_ONCE)


def _texts(working_set: WorkingSet) -> Iterator[ItemTexts]:
    rows = WorkingItem.objects.filter(working_set=working_set).order_by("position")
    for pk, input_, references in rows.values_list("pk", "input", "references").iterator(AT_ONCE):
        yield item_texts(str(pk), input_, references)


def _item_rows(versions: list[TestSetVersion], origins: list[tuple[str, str]]) -> Iterator[Row]:
    """The items of these versions as rows with consecutive numbers; appends each one's version and
    id to `origins`."""
    for version in versions:
        rows = Item.objects.filter(version=version, redacted=None).order_by("position")
        for key, input_, references in rows.values_list("key", "input", "references").iterator(
            AT_ONCE
        ):
            origins.append((str(version), key))
            texts = [text for _, text in item_texts(key, input_, references).parts]
            yield Row(len(origins), {"texts": texts})


def _how(match: LeakageMatch) -> str:
    return match.how if match.how == "exact" else f"{match.how} ({match.share:.2f})"

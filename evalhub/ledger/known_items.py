"""Find the test set versions of this home that hold the items of a file."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched

from django.db.models import Q

from evalhub.accounts.models import Project
from evalhub.decision.wording import count_text
from evalhub.ledger.file_claims import Prints
from evalhub.registry.models import Item, TestSetRetirement, TestSetVersion
from evalhub.registry.models.testsets import TOLD_APART
from evalhub.registry.same_items import shows_context
from evalhub.registry.slugs import slug_of

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class KnownItems:
    """Items of a file that this home knows.

    Attributes:
        fingerprints: by which the ledger knows each item, shape (items,).
        versions: ids of all versions that hold one of them.
        cover: ids of few versions that together hold all that are known, the one with most first.
    """

    fingerprints: Sequence[int]
    versions: frozenset[int]
    cover: Sequence[int]


def find_by_text(prints: Sequence[Prints], project: Project | None = None) -> KnownItems | None:
    """By the items' own texts, and where those don't tell them apart by their contexts, too, as
    evalhub.registry.same_items has it. None where no version of a test set holds any, or only such
    that are read freely: on those nothing is judged. With a project, none where it has no such
    version: what others have is not said to it, but counts where it has one."""
    by_text = distinguishable(prints)
    versions = _versions_of(prints, by_text=by_text)
    if project is not None and not _has_one_of(project, versions):
        return None
    fingerprints = [own if by_text else whole for own, whole in prints]
    return KnownItems(fingerprints, frozenset(versions), _cover(versions)) if versions else None


def find_by_id(
    test_set: str, keys: Sequence[str], project: Project | None = None
) -> KnownItems | None:
    """By the ids that they have in a test set of this name, of the project if one is given; None
    where no version has them all.

    Of several versions the newest says what they ask; all of them, and those that share an item
    with them, have been read.
    """
    fingerprints: Sequence[int] = ()
    versions: dict[int, set[int]] = {}
    for version, prints in _with_these_ids(test_set, keys, project):
        for pk, indices in _versions_of(prints, by_text=version.told_apart_by_input).items():
            versions.setdefault(pk, set()).update(indices)
        if not fingerprints:
            by_text = version.told_apart_by_input
            fingerprints = [own if by_text else whole for own, whole in prints]
    return KnownItems(fingerprints, frozenset(versions), _cover(versions)) if versions else None


def distinguishable(prints: Sequence[Prints]) -> bool:
    """Whether the items' own texts distinguish at least 95% of them."""
    return len({own for own, _ in prints}) >= TOLD_APART * len(prints)


def _with_these_ids(
    test_set: str, keys: Collection[str], project: Project | None
) -> Iterator[tuple[TestSetVersion, list[Prints]]]:
    """Versions that have all of these ids, newest first, with their items' fingerprints in the
    order of the ids."""
    names = {test_set} | ({slug_of(test_set)} if test_set.strip() else set())
    versions = TestSetVersion.objects.filter(
        test_set__slug__in=names, read_freely=False, item_count__gte=len(keys)
    )
    if project is not None:
        versions = versions.filter(test_set__project=project)
    for version in versions.order_by("-created", "-pk"):
        rows = Item.objects.filter(version=version).order_by()
        columns = "key", "fingerprint", "fingerprint_in_context"
        prints = {key: (own, whole) for key, own, whole in rows.values_list(*columns).iterator()}
        if all(key in prints for key in keys):
            yield version, [prints[key] for key in keys]


def _versions_of(prints: Sequence[Prints], *, by_text: bool) -> dict[int, set[int]]:
    """By version, the indices of the items that it holds."""
    positions: dict[int, list[int]] = {}
    for index, (own, _) in enumerate(prints):
        positions.setdefault(own, []).append(index)
    holds: dict[int, set[int]] = {}
    in_context: dict[int, set[int]] = {}
    for some in batched(positions, AT_ONCE):
        rows = Item.objects.filter(fingerprint__in=some).order_by()
        columns = "version", "fingerprint", "fingerprint_in_context"
        for version, own, whole in rows.values_list(*columns).iterator():
            holds.setdefault(version, set()).update(positions[own])
            same = (index for index in positions[own] if prints[index][1] == whole)
            in_context.setdefault(version, set()).update(same)
    judged = TestSetVersion.objects.filter(read_freely=False).order_by()
    seen = set[int]()
    for some in batched(holds, AT_ONCE):
        seen.update(judged.filter(pk__in=some).values_list("pk", flat=True))
    by_context = frozenset[int]() if by_text else _by_context(seen)
    matches = {pk: in_context[pk] if pk in by_context else holds[pk] for pk in seen}
    return {pk: at for pk, at in matches.items() if at}


def _has_one_of(project: Project, versions: Collection[int]) -> bool:
    mine = TestSetVersion.objects.filter(test_set__project=project)
    return any(mine.filter(pk__in=some).exists() for some in batched(versions, AT_ONCE))


def _by_context(versions: Collection[int]) -> frozenset[int]:
    """Those from which only a context tells these items apart, as far as an arm's prompt shows it:
    of files nobody knows, and they count as showing it."""
    doubtful = TestSetVersion.objects.not_told_apart_by_input().filter(pk__in=versions)
    return shows_context(set(doubtful.order_by().values_list("pk", flat=True)))


def _cover(versions: dict[int, set[int]]) -> list[int]:
    """Greedy cover: next the version with the most items that no earlier one has; of equals the
    newest."""
    left = set().union(*versions.values())
    cover = []
    while left:
        best = max(versions, key=lambda pk: (len(versions[pk] & left), pk))
        cover.append(best)
        left -= versions[best]
    return cover


def flaw_of_files(known: KnownItems, *, name: str, project: Project | None) -> str:
    """Why nothing can be judged on a file's items: some were released, as every version that holds
    them is retired. "" where there are none.

    Args:
        name: the file's name of its test set.
        project: of a site, to which nothing is said of others; None: this home's own files.
    """
    retirements = _retirements_of(known.versions)
    if not retirements:
        return ""
    known_at_all, in_use = set[int](), set[int]()
    for some in batched(set(known.fingerprints), AT_ONCE):
        rows = Item.objects.filter(
            Q(fingerprint__in=some) | Q(fingerprint_in_context__in=some)
        ).order_by()
        columns = "version", "fingerprint", "fingerprint_in_context"
        for version, *prints in rows.values_list(*columns).iterator():
            if version in known.versions:
                known_at_all.update(prints)
                if version not in retirements:
                    in_use.update(prints)
    released = sum(each in known_at_all - in_use for each in known.fingerprints)
    if not released:
        return ""
    mine = [each for each in retirements.values() if project in (None, each.project)]
    because = f" ({mine[0].sentence})" if mine else ""
    return (
        f"{count_text(released, 'item')} of {name} had been released for training{because}: "
        "nothing is judged on them"
    )


def _retirements_of(versions: Collection[int]) -> dict[int, TestSetRetirement]:
    """By version, its retirement or its pool's, of those that have one."""
    rows = TestSetRetirement.objects.select_related("version__test_set__project")
    retirements = {each.version_id: each for each in rows.order_by("-created", "-pk")}
    if not retirements:
        return {}
    drawn = TestSetVersion.objects.filter(pool__in=retirements).values_list("pk", "pool")
    retirements |= {pk: retirements[pool] for pk, pool in drawn}
    return {pk: each for pk, each in retirements.items() if pk in versions}

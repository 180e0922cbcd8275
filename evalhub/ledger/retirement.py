"""Retire a version of a test set: from then on nothing is judged on its items, and what people said
of answers to them may be trained on."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import Max

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_owns
from evalhub.decision.wording import count_text
from evalhub.ledger.chain.append import append
from evalhub.registry.models import Item, TestSet, TestSetRetirement, TestSetVersion
from evalhub.registry.models.retirements import retired_versions

LONGEST_REASON = 1000
NAMED = 3


class RetirementError(Exception):
    """A version that can't be retired as requested, with what would be right."""


@transaction.atomic
def retire_test_set(*, version: TestSetVersion, by: User | None, reason: str) -> TestSetRetirement:
    """Retires a version for good, with what was drawn from it. One that is retired stays so, and
    its retirement is returned.

    Args:
        by: None: the operator of this home.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` is no owner of the project.
        RetirementError: no reason, or the version was drawn from a pool.
    """
    test_set = TestSet.objects.select_for_update(of=("self",)).get(pk=version.test_set_id)
    project = test_set.project
    check_owns(by, project, "retire a test set")
    text = reason.strip()
    if not text:
        raise RetirementError("who retires a test set says why: give a reason")
    if len(text) > LONGEST_REASON:
        raise RetirementError(f"the reason has more than {LONGEST_REASON:,} characters")
    if version.pool is not None:
        raise RetirementError(f"{version} was drawn from {version.pool}: retire that")
    if retirement := TestSetRetirement.objects.of(version).first():
        return retirement
    newest = TestSetVersion.objects.filter(test_set__project=project).aggregate(n=Max("pk"))["n"]
    retirement = TestSetRetirement.objects.create(
        version=version, by=by, reason=text, newest_version=newest
    )
    retirement.refresh_from_db(fields=["created"])
    append(retirement)
    note(Action.TEST_SET_RETIRED, by=by, project=project, what=str(version))
    return retirement


def retirement_flaws(versions: Iterable[TestSetVersion]) -> list[str]:
    """Why nothing can be judged on versions, one sentence each: they are retired, or hold items
    that were released by retirements before the version was made."""
    distinct = list(dict.fromkeys(versions))
    projects = {each.test_set.project_id for each in distinct}
    if not TestSetRetirement.objects.filter(version__test_set__project__in=projects).exists():
        return []
    flaws = []
    for version in distinct:
        if retirement := TestSetRetirement.objects.of(version).first():
            flaws.append(
                f"{retirement.sentence}: its items may be trained on, and nothing is judged on them"
            )
        elif keys := released_before(version):
            more = ", …" if len(keys) > NAMED else ""
            named = ", ".join(f"'{key}'" for key in keys[:NAMED])
            flaws.append(
                f"{count_text(len(keys), 'item')} of {version} ({named}{more}) had been released "
                "for training, by a retired test set, when the version was made: make one without "
                "them"
            )
    return flaws


def released_before(version: TestSetVersion) -> list[str]:
    """Ids of the version's items that every older version with them had given up when this one was
    made, and that may have been trained on since."""
    project = version.test_set.project
    given_up = _given_up(project, made_after=version.pk)
    if not given_up:
        return []
    column = "fingerprint" if version.told_apart_by_input else "fingerprint_in_context"
    mine = Item.objects.filter(version=version)
    older = Item.objects.asking_the_same_as(mine.order_by()).filter(
        version__test_set__project=project, version__lt=version.pk
    )
    holders = defaultdict[int, set[int]](set)
    for fingerprint, holder in older.values_list(column, "version").distinct().iterator():
        holders[fingerprint].add(holder)
    released = {value for value, of in holders.items() if of <= given_up}
    rows = mine.order_by("position").values_list("key", column)
    return [key for key, fingerprint in rows.iterator(chunk_size=5000) if fingerprint in released]


def _given_up(project: Project, *, made_after: int) -> set[int]:
    """Ids of the project's versions that were retired before the version of this id was made."""
    retired = retired_versions(project).select_related("retirement", "pool__retirement")
    return {
        each.pk
        for each in retired
        if min(r.newest_version for r in _retirements(each)) < made_after and each.pk < made_after
    }


def _retirements(version: TestSetVersion) -> Collection[TestSetRetirement]:
    rows = [getattr(each, "retirement", None) for each in (version, version.pool) if each]
    return [each for each in rows if each is not None]

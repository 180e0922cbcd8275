"""Development sets: items whose scores anybody may read, and on which nothing is judged."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from evalhub.registry.models import RunMetric, Study, StudyTestSet, TestSetVersion
from evalhub.registry.models.studies import CriterionRole
from evalhub.registry.same_items import apart_by_context, items_elsewhere, sharing_items

NAMED = 3


@dataclass(frozen=True, slots=True)
class SharedItems:
    """Items that one test set is read on freely and another is judged on.

    Attributes:
        mine: the test set of the study that was looked at.
        free: the version that is read freely.
        judged: the test set that is judged, of this study or another.
        keys: the first of them, by their ids.
        count: how many there are.

    Where the other test set is another project's, the message names nothing of it, and says neither
    which items they are nor how many: who may not see a project can't ask what is in it, item by
    item, and is told no more than that the ledger wouldn't count here.
    """

    mine: StudyTestSet
    free: TestSetVersion
    judged: StudyTestSet
    keys: Sequence[str]
    count: int

    def __str__(self) -> str:
        if not self.in_one_project:
            role = self.mine.role == CriterionRole.DEVELOPMENT
            one, other = ("read freely", "judged") if role else ("judged", "read freely")
            return (
                f"some of its items are {other} in another project, and {one} in this one. To "
                "read them is a look that nobody pays for: take others"
            )
        keys = ", ".join([*(f"'{key}'" for key in self.keys), *(["…"] if self.more else [])])
        return (
            f"{self.count} of its items are judged as {self.judged} of the study "
            f"{self.judged.study.slug} and read freely as {self.free}: {keys}. To read them is a "
            "look that nobody pays for: leave them out of one of the two"
        )

    @property
    def in_one_project(self) -> bool:
        return self.free.test_set.project_id == self.judged.study.project_id

    @property
    def more(self) -> bool:
        return self.count > len(self.keys)


def read_freely(version: TestSetVersion) -> None:
    """Opens all scores on a version, those that there are and those that will be; for good."""
    if version.read_freely:
        return
    version.read_freely = True
    version.save(update_fields=["read_freely"])
    sealed = RunMetric.objects.filter(run__test_set_version=version, opened=None)
    sealed.update(opened=timezone.now())


def shared_items(study: Study) -> SharedItems | None:
    """Items of the study's test sets that are read freely and judged, here or elsewhere in this
    home; None where there are none, as it must be."""
    free = TestSetVersion.objects.filter(read_freely=True)
    if not free.exists():
        return None
    for mine in study.test_sets.select_related("test_set_version__test_set", "study"):
        development = mine.role == CriterionRole.DEVELOPMENT
        judged = TestSetVersion.objects.filter(studies__in=StudyTestSet.objects.judged())
        version = mine.test_set_version
        sharing = sharing_items(version, apart_by_context(version))
        others = set((judged if development else free).values_list("pk", flat=True))
        others &= sharing
        own = TestSetVersion.objects.filter(pk__in=others, test_set__project=study.project_id)
        # what can be said of the project's own comes first
        others = set(own.values_list("pk", flat=True)) or others
        if others:
            shared = items_elsewhere(version, others)
            newest = TestSetVersion.objects.select_related("test_set")
            other = newest.get(pk=shared[0].version)
            return SharedItems(
                mine=mine,
                free=mine.test_set_version if development else other,
                judged=_judging_test_set(other) if development else mine,
                keys=[item.key for item in shared[:NAMED]],
                count=len(shared),
            )
    return None


def _judging_test_set(version: TestSetVersion) -> StudyTestSet:
    return StudyTestSet.objects.judged().select_related("study").filter(test_set_version=version)[0]

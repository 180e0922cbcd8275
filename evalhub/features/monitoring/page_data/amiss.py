"""What is amiss in production now: open alarms, then what monitors lack. For home and for mail."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from evalhub.accounts.models import Project, User
from evalhub.features.monitoring.models import Alarm, AlarmQuerySet, Monitor, Notice

SHOWN = 5
"""Alarms, and notices, that home names; the others are counted."""


@dataclass(frozen=True, slots=True)
class ProjectCounts:
    """How many open alarms and notices a project has."""

    project: Project
    loud: int
    snoozed: int
    notices: int


@dataclass(frozen=True, slots=True)
class Amiss:
    """What home says first: the newest alarms and notices, and how many there are by project."""

    alarms: Sequence[Alarm]
    notices: Sequence[Notice]
    projects: Sequence[ProjectCounts]

    @property
    def more(self) -> bool:
        """Whether there are more than are named."""
        loud = sum(counts.loud for counts in self.projects)
        notices = sum(counts.notices for counts in self.projects)
        return loud > len(self.alarms) or notices > len(self.notices)

    @property
    def snoozed(self) -> Sequence[ProjectCounts]:
        """Projects with snoozed alarms."""
        return [counts for counts in self.projects if counts.snoozed]


def amiss_for(user: User) -> Amiss:
    """Of the projects whose results this person may see. Three queries where all is well, five
    where it isn't."""
    monitors = Monitor.objects.visible_to(user)
    open_alarms = Alarm.objects.visible_to(user).open()
    notices = Notice.objects.filter(monitor__in=monitors.running(), ended=None)
    projects = list(_counts(open_alarms, notices))
    if not projects:
        return Amiss((), (), ())
    loud = open_alarms.loud().select_related("monitor__project", "owner")
    lacking = notices.select_related("monitor__project")
    return Amiss(list(loud[:SHOWN]), list(lacking[:SHOWN]), projects)


def _counts(alarms: AlarmQuerySet, notices: "QuerySet[Notice]") -> Iterator[ProjectCounts]:
    """Of the projects that have any, by name."""
    snoozed = Q(snoozed_until__gt=timezone.now())
    by_project = alarms.order_by().values_list("monitor__project")
    counted = by_project.annotate(all=Count("pk"), quiet=Count("pk", filter=snoozed))
    of_alarms = {pk: (count, quiet) for pk, count, quiet in counted}
    of_notices = dict(notices.order_by().values_list("monitor__project").annotate(Count("pk")))
    if not of_alarms and not of_notices:
        return
    rows = Project.objects.filter(pk__in=of_alarms.keys() | of_notices.keys()).order_by("name")
    for project in rows:
        count, few = of_alarms.get(project.pk, (0, 0))
        yield ProjectCounts(project, count - few, few, of_notices.get(project.pk, 0))

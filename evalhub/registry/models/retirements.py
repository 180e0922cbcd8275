"""Versions of test sets that are given up: nothing is judged on them any more, and what was made
of their items may be trained on."""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.registry.models.testsets import TestSetVersion, TestSetVersionQuerySet


class RetirementQuerySet(OfProjectQuerySet["TestSetRetirement"]):
    project_field = "version__test_set__project"

    def of(self, version: TestSetVersion) -> Self:
        """The version's own, or that of the pool it was drawn from; the first one first."""
        own = self.filter(version__in=[each for each in (version.pk, version.pool_id) if each])
        return own.select_related("version__test_set").order_by("created", "pk")


class TestSetRetirement(models.Model):
    """A version is retired once, for good. Rows are only added.

    What was drawn from a pool is retired with it.
    """

    __test__ = False

    version = models.OneToOneField(TestSetVersion, models.PROTECT, related_name="retirement")
    reason = models.CharField(max_length=1000)
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: the operator"
    )
    newest_version = models.PositiveBigIntegerField(
        help_text="id of the project's newest version then: what came later may hold items that "
        "were trained on"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = RetirementQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return str(self.version)

    @property
    def project(self) -> Project:
        return self.version.test_set.project

    @property
    def sentence(self) -> str:
        """Since when, and why, as a part of a sentence."""
        return f"{self.version} was retired on {self.created:%Y-%m-%d} ({self.reason})"


def retirement_of(version: TestSetVersion) -> TestSetRetirement | None:
    """The version's retirement or its pool's, of a version with both selected; the first one."""
    rows = [getattr(each, "retirement", None) for each in (version, version.pool) if each]
    return min((each for each in rows if each is not None), key=_when, default=None)


def _when(retirement: TestSetRetirement) -> tuple[Any, ...]:
    return retirement.created, retirement.pk


def retired_versions(project: Project) -> TestSetVersionQuerySet:
    """The project's versions that are retired, or were drawn from a retired pool."""
    return _versions_of(project).filter(_RETIRED)


def versions_in_use(project: Project) -> TestSetVersionQuerySet:
    """The project's versions that something may be judged on: all others."""
    return _versions_of(project).exclude(_RETIRED)


_RETIRED = Q(retirement__isnull=False) | Q(pool__retirement__isnull=False)


def _versions_of(project: Project) -> TestSetVersionQuerySet:
    versions: TestSetVersionQuerySet = TestSetVersion.objects.filter(test_set__project=project)
    return versions

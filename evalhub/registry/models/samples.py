"""Versions of test sets that are samples of production's requests, and where their items came from.

Requests aren't kept as long as evidence is: an item names its request by day and key, so that who
erases a person, or what is old, reaches the items too.
"""

import datetime
from collections.abc import Collection
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.registry.models.testsets import Item, TestSetVersion
from evalhub.registry.models.versions import ModelVersion

MIRRORED_BUILD = "mirrored:"
"""How the build of a candidate begins whose recorded answers are those to mirrored copies."""


class TrafficSampleQuerySet(OfProjectQuerySet["TrafficSample"]):
    project_field = "version__test_set__project"

    def newest_first(self) -> Self:
        return self.select_related("version__test_set__project").order_by("-version_id")


class TrafficSample(models.Model):
    """How the items of a version were drawn from the requests of production."""

    version = models.OneToOneField(
        TestSetVersion, models.PROTECT, primary_key=True, related_name="traffic_sample"
    )
    query = models.JSONField(help_text="what was asked for: time, filters, strata, seed")
    model_name = models.CharField(max_length=200, help_text="under which the requests were served")
    model_version = models.ForeignKey(
        ModelVersion,
        models.PROTECT,
        null=True,
        related_name="traffic_samples",
        help_text="that answered them; empty: nobody has said which it is",
    )
    requests = models.PositiveBigIntegerField(help_text="that it was drawn from")
    drawn = models.PositiveIntegerField(help_text="requests; those that say the same are one item")
    seen_before = models.PositiveBigIntegerField(
        help_text="requests not drawn from: a test set holds what they say already"
    )
    left_out = models.JSONField(help_text="drawn requests that make no item, by reason")
    strata = models.JSONField(help_text="a list of {name, requests, drawn}")
    effective_n = models.FloatField(help_text="items of equal weight that tell as much (Kish)")
    users = models.PositiveIntegerField(
        help_text="by their hashes, of all drawn requests that name one"
    )
    largest_user = models.FloatField(help_text="share of the weight that one user has at most")
    asked_again = models.PositiveIntegerField(
        help_text="items whose answer in production can't stand as the baseline's"
    )
    recorded = models.JSONField(
        default=dict,
        help_text="what production's answers took and cost: {answers, latency_p50_ms, "
        "latency_p95_ms, cost_usd}",
    )
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: the operator"
    )
    for_monitor = models.BooleanField(
        default=False, help_text="drawn by a monitor of quality, for people to compare answers"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = TrafficSampleQuerySet.as_manager()

    class Meta:
        ordering = ["-version_id"]

    def __str__(self) -> str:
        return f"{self.version}: {self.drawn} of {self.requests} requests"


class SampledRequestQuerySet(OfProjectQuerySet["SampledRequest"]):
    def of_requests(self, requests: Collection[tuple[datetime.date, str]]) -> Self:
        """Those that were made from one of these (day, key)."""
        by_day: dict[datetime.date, list[str]] = {}
        for day, key in requests:
            by_day.setdefault(day, []).append(key)
        if not by_day:
            return self.none()
        anyone = Q()
        for day, keys in by_day.items():
            anyone |= Q(day=day, key__in=keys)
        return self.filter(anyone)


class SampledRequest(models.Model):
    """The request that an item was made from; several where they say the same."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="sampled_requests")
    item = models.ForeignKey(Item, models.CASCADE, related_name="sampled_requests")
    day = models.DateField(help_text="of the request, in UTC")
    key = models.CharField(max_length=200, help_text="of the request")
    trace_id = models.CharField(
        max_length=200, blank=True, help_text="of the request: a copy may have the same"
    )
    conversation = models.CharField(
        max_length=200, blank=True, help_text="of the request: later turns repeat its answer"
    )
    content = models.CharField(
        max_length=64, help_text="SHA-256 of its messages as they were sent; never drawn again"
    )
    weight = models.FloatField(help_text="requests of production that it stands for")
    is_baseline = models.BooleanField(
        help_text="whether its answer is the baseline's: nothing in it or before it was masked"
    )

    objects = SampledRequestQuerySet.as_manager()

    class Meta:
        ordering = ["item", "day", "key"]
        indexes = [
            models.Index(fields=["project", column], name=f"sampled_{column}")
            for column in ("content", "key", "trace_id", "conversation")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "day", "key"],
                name="sampled_once",
                violation_error_message="This request is an item of a sample already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.day}"

"""Worker processes of a site with Redis, and what retrievers found for runs under way."""

import datetime
from typing import Self

from django.db import models
from django.db.models.functions import Now

from evalhub.registry.models import Item, Run

KINDS = ("cpu", "gpu", "api")
"""What runs need of a worker: scores are computed, a model is loaded there, or asked elsewhere."""
ALIVE = datetime.timedelta(seconds=30)
"""For how long a worker that isn't heard of still counts as alive."""
FORGOTTEN = datetime.timedelta(days=1)
"""After how long one that isn't heard of is forgotten."""


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self) -> Self:
        """Those that were heard of lately, by the database's own clock."""
        return self.filter(seen__gt=Now() - ALIVE)

    def forgotten(self) -> Self:
        return self.filter(seen__lt=Now() - FORGOTTEN)


class Worker(models.Model):
    """A process that works on runs. One that ends takes its row away; a killed one leaves it."""

    host = models.CharField(max_length=255, help_text="the name of its machine or container")
    pid = models.PositiveIntegerField()
    kinds = models.JSONField(help_text="the kinds of runs that it takes: a list of cpu, gpu, api")
    threads = models.PositiveSmallIntegerField(help_text="shards worked on at once")
    started = models.DateTimeField(db_default=Now(), editable=False)
    seen = models.DateTimeField(db_default=Now(), editable=False)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["seen"], name="worker_seen")]

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class RecordedRetrieval(models.Model):
    """What a version's retriever found for an item of a run, until the run is answered: its answers
    have it then."""

    # found by `retrieval_once`, which begins with it
    run = models.ForeignKey(Run, models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, models.CASCADE, related_name="+")
    passages = models.JSONField(help_text="a list of {id, text, score}, the best first")

    class Meta:
        ordering = ["run_id", "item_id"]
        constraints = [models.UniqueConstraint(fields=["run", "item"], name="retrieval_once")]

    def __str__(self) -> str:
        return f"{self.item_id} of run {self.run_id}"

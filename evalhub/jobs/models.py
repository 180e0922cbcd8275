"""Jobs: requests that are too heavy for the site's own process, and what was answered to them."""

from typing import Literal, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from evalhub.accounts.models import ApiToken, Project, User


class JobState(models.TextChoices):
    WAITING = "waiting", "waiting for other jobs of the project"
    RUNNING = "running", "being worked on"
    ENDED = "ended", "ended"


class JobQuerySet(models.QuerySet["Job"]):
    def unfinished(self) -> Self:
        return self.exclude(state=JobState.ENDED)

    def waiting(self) -> Self:
        """Waiting jobs, the oldest first."""
        return self.filter(state=JobState.WAITING).order_by("pk")

    def running(self) -> Self:
        return self.filter(state=JobState.RUNNING)

    def visible_to(self, user: User) -> Self:
        """Those of the projects whose results the person may see."""
        return self.filter(project__in=Project.objects.visible_to(user))


class Job(models.Model):
    """A request that a process of its own works on, and the answer to it.

    It has a token where it came by REST, else it is a form that its person sent. `status` is null
    until there is an answer; a job that ended has one, which may be a problem.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="jobs")
    by = models.ForeignKey(User, models.CASCADE, related_name="jobs")
    token = models.ForeignKey(ApiToken, models.CASCADE, null=True, related_name="jobs")
    title = models.CharField(max_length=200, help_text="what it does, for people")
    address = models.TextField(help_text="that the request was sent to, with its query")
    sent = models.JSONField(help_text="the request's JSON, or the fields and files of a form")
    conditions = models.JSONField(default=dict, help_text="headers that the answer depends on")
    fingerprint = models.CharField(
        max_length=64, help_text="SHA-256 of address, `sent` and `conditions`"
    )
    state = models.CharField(max_length=10, choices=JobState, default=JobState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    seen_at = models.DateTimeField(null=True, help_text="when its process was last heard of")
    rows_read = models.PositiveBigIntegerField(default=0)
    rows_written = models.PositiveBigIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True)
    location = models.CharField(max_length=500, blank=True)
    body = models.JSONField(null=True)
    page = models.TextField(blank=True, help_text="the answer to a form that is no redirect")
    messages = models.JSONField(default=list, help_text="what the next page says first")
    created = models.DateTimeField(db_default=Now(), editable=False)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(state="running"), name="job_running_alone"
            ),
            models.UniqueConstraint(
                fields=["project", "by", "fingerprint"],
                condition=~Q(state="ended"),
                name="job_unfinished_once",
            ),
            models.CheckConstraint(
                condition=~Q(state="ended") | Q(status__isnull=False), name="job_ended_answered"
            ),
        ]
        indexes = [models.Index(fields=["state"], name="job_by_state")]

    def __str__(self) -> str:
        return f"job {self.pk}: {self.title}"

    @property
    def state_word(self) -> Literal["waiting", "running", "ended"]:
        names: dict[str, Literal["waiting", "running", "ended"]] = {
            JobState.WAITING: "waiting",
            JobState.RUNNING: "running",
            JobState.ENDED: "ended",
        }
        return names[self.state]

    @property
    def has_ended(self) -> bool:
        return self.state == JobState.ENDED

    @property
    def ahead(self) -> int:
        """How many jobs of the project come before it, the one that runs included."""
        if self.state != JobState.WAITING:
            return 0
        # Two queries: SQLite 3.46 ends one with an OR over these indexes by "query planner error".
        jobs = Job.objects.filter(project=self.project_id)
        return jobs.waiting().filter(pk__lt=self.pk).count() + jobs.running().count()

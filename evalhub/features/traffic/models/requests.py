"""Requests of production, their texts, and signals about them.

They are kept by the day on which they happened (UTC): on PostgreSQL each day
is a partition, which retention drops whole. Nothing refers to them by a foreign key.

Of a day that has just begun PostgreSQL knows no frequencies: any index that begins with the project
seems as good as one of ids to it, and it reads all of a project's day. So indexes of ids have no
project, but for the primary key, and who looks for ids uses `at`.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Self, cast

from django.db import connection, models
from django.db.models import Exists, F, OuterRef

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.features.traffic.blindness import (
    ABOUT,
    ALIKE,
    before_reviewer,
    before_reviewer_or_sealed,
)
from evalhub.features.traffic.rows import MOST_TAGS, SignalBy, TrafficSource


class OfDaysQuerySet[M: models.Model](OfProjectQuerySet[M]):
    """Rows kept by day."""

    def of_days(self, first: object, last: object) -> Self:
        return self.filter(day__range=(first, last))

    def at(self, project: int, day: date, keys: Collection[str]) -> Self:
        """Those of a project's day with one of these ids, never by the index of its times."""
        rows = self.filter(day=day, key__in=keys)
        if connection.vendor == "postgresql":
            return rows.alias(owner=F("project_id") + 0).filter(owner=project)
        return rows.filter(project=project)


class RequestQuerySet(OfDaysQuerySet["Request"]):
    def visible_to(self, user: User) -> Self:
        """Those of the projects whose results this person may look at, without what is before them
        in a review or its sealed study: its requests, and what tells of these."""
        return super().visible_to(user).exclude(before_reviewer(user, *ALIKE))

    def with_name(self, column: str, names: Collection[str]) -> Self:
        """Those with one of these in `trace_id`, `conversation` or `mirror_of`. That it isn't empty
        is said, as the column's index is of such rows alone."""
        return self.filter(~models.Q(**{column: ""}), **{f"{column}__in": names})

    def in_hours(self, hours: Sequence[datetime]) -> Self:
        """Requests of these hours, by the index on their time. It is read from one end, which the
        database doesn't see from many spans: so their first and last moment are named too."""
        if not hours:
            return self.none()
        spans = _spans(hours)
        within = models.Q()
        for first, end in spans:
            within |= models.Q(time__gte=first, time__lt=end)
        days = {hour.date() for hour in hours}
        return self.filter(within, day__in=days, time__gte=spans[0][0], time__lt=spans[-1][1])

    def of_traces(self, project: int, condition: str, parameter: str) -> Self:
        """Requests of a project's traces, which `bulk.one_of` names, by the index of traces."""
        rows = self.exclude(trace_id="").alias(owner=F("project_id") + 0).filter(owner=project)
        return cast("Self", rows.extra(where=[condition], params=[parameter]))

    def of_users_below(self, project: int, user_hash: str) -> Self:
        """A project's requests of the users whose hash is below this one, by the index of users."""
        rows = self.exclude(user_hash="").filter(user_hash__lt=user_hash)
        return rows.alias(owner=F("project_id") + 0).filter(owner=project)

    def older_than(self, time: datetime, key: str) -> Self:
        """Requests that stand below this one in a list with the newest at the top."""
        below = models.Q(time__lt=time) | models.Q(time=time, key__gt=key)
        return self.filter(below, time__lte=time)

    def with_tag(self, tag: str) -> Self:
        """Requests that have this tag, at whichever place: databases differ in lists as JSON."""
        places = [models.Q(**{f"tags__{index}": tag}) for index in range(MOST_TAGS)]
        return self.filter(models.Q(*places, _connector=models.Q.OR))


def _spans(hours: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """From when to when they are, neighbouring hours together; the earliest first."""
    spans: list[tuple[datetime, datetime]] = []
    for hour in sorted(hours):
        first = spans.pop()[0] if spans and spans[-1][1] == hour else hour
        spans.append((first, hour + timedelta(hours=1)))
    return spans


class SignalQuerySet(OfDaysQuerySet["Signal"]):
    def visible_to(self, user: User) -> Self:
        """Those of the projects whose results this person may look at, without signals about what
        tells of an item that is before them, or of an item of a study that is sealed. A signal may
        be stored when its request isn't any more."""
        requests = Request.objects.filter(
            project=OuterRef("project"), day=OuterRef("request_day"), key=OuterRef("request_key")
        ).order_by()
        about = Exists(requests.filter(before_reviewer_or_sealed(user, *ALIKE)))
        rows = super().visible_to(user).exclude(about)
        return rows.exclude(before_reviewer_or_sealed(user, ABOUT))


class Request(models.Model):
    """One call of a model in production. What its version is, `ServedModel` says."""

    pk = models.CompositePrimaryKey("project", "day", "key")
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="requests", db_index=False, db_constraint=False
    )
    day = models.DateField(help_text="of `time`, in UTC")
    key = models.CharField(max_length=200, help_text="the sender's id of it, once a day")
    time = models.DateTimeField()
    model_name = models.CharField(max_length=200, help_text="under which it was served")
    user_hash = models.CharField(max_length=32, blank=True, help_text="keyed, hexadecimal")
    conversation = models.CharField(max_length=200, blank=True)
    turn = models.PositiveIntegerField(null=True)
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    cached_tokens = models.PositiveIntegerField(null=True)
    reasoning_tokens = models.PositiveIntegerField(null=True)
    latency_ms = models.FloatField(null=True)
    first_token_ms = models.FloatField(null=True)
    cost_usd = models.FloatField(null=True)
    error_type = models.CharField(max_length=100, blank=True, help_text="empty: it was answered")
    aborted = models.BooleanField(default=False, help_text="the client left before the end")
    finish_reason = models.CharField(max_length=40, blank=True)
    response_id = models.CharField(max_length=200, blank=True)
    trace_id = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the messages")
    source = models.CharField(
        max_length=10, choices=[(each.value, each.value) for each in TrafficSource]
    )
    route = models.CharField(max_length=100, blank=True)
    tags = models.JSONField(default=list, help_text="a list of names")
    language = models.CharField(max_length=3, blank=True, help_text="empty: unknown")
    arm = models.CharField(max_length=100, blank=True, help_text="of an experiment")
    mirror_of = models.CharField(
        max_length=200, blank=True, help_text="key or trace of the mirrored one"
    )
    has_text = models.BooleanField(
        default=False, help_text="whether its texts were kept when it came"
    )
    masked = models.PositiveIntegerField(
        default=0, help_text="personal data found in its texts and replaced"
    )

    objects = RequestQuerySet.as_manager()

    class Meta:
        ordering = ["-time", "key"]
        indexes = [
            models.Index(fields=["project", "time"], name="request_by_time"),
            models.Index(
                fields=["trace_id", "time"],
                condition=~models.Q(trace_id=""),
                name="request_by_trace",
            ),
            models.Index(
                fields=["response_id"],
                condition=~models.Q(response_id=""),
                name="request_by_response",
            ),
            models.Index(
                fields=["conversation", "time"],
                condition=~models.Q(conversation=""),
                name="request_by_conversation",
            ),
            models.Index(
                fields=["mirror_of"],
                condition=~models.Q(mirror_of=""),
                name="request_by_mirrored",
            ),
            models.Index(
                fields=["user_hash"],
                condition=~models.Q(user_hash=""),
                name="request_by_user",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class RequestText(models.Model):
    """The texts of a request: personal data is masked before they are stored."""

    pk = models.CompositePrimaryKey("project", "day", "key")
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    day = models.DateField()
    key = models.CharField(max_length=200)
    messages = models.JSONField(null=True)
    output = models.TextField(null=True)
    tool_calls = models.JSONField(null=True, help_text="the answer's: a list of {name, arguments}")

    objects = OfDaysQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key


class EventTexts(models.Model):
    """Texts of a request that came apart from it, as events of a log, in one batch or in several.

    They wait here for their request, and for each other: it may come after them or before.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200, help_text="of the request")
    day = models.DateField(help_text="on which the last of them came, in UTC")
    until = models.DateTimeField(null=True, help_text="of the last message")
    messages = models.JSONField(null=True, help_text="masked, as all texts")
    output = models.TextField(null=True)
    tool_calls = models.JSONField(null=True)
    masked = models.PositiveIntegerField(default=0)
    tokens = models.JSONField(
        default=dict, help_text="in place of a value, by its keyed hash: it has one in all of them"
    )
    language = models.CharField(max_length=3, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    joined = models.BooleanField(default=False, help_text="whether its request has them")

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="event_texts_once")]
        indexes = [models.Index(fields=["project", "day"], name="event_texts_by_day")]

    def __str__(self) -> str:
        return self.key


class Signal(models.Model):
    """What was said or done about a response, a trace or a conversation."""

    pk = models.CompositePrimaryKey("project", "day", "key")
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="signals", db_index=False, db_constraint=False
    )
    day = models.DateField(help_text="of `time`, in UTC")
    key = models.CharField(max_length=200)
    time = models.DateTimeField()
    name = models.CharField(max_length=100)
    value = models.FloatField(null=True)
    label = models.CharField(max_length=100, blank=True)
    by = models.CharField(max_length=10, choices=[(each.value, each.value) for each in SignalBy])
    target_kind = models.CharField(
        max_length=12, choices=[(each, each) for each in ("request", "trace", "conversation")]
    )
    target = models.CharField(max_length=200, help_text="the id of what it is about")
    text = models.TextField(null=True, help_text="masked, as a request's texts")
    request_day = models.DateField(null=True, help_text="empty: its request hasn't come yet")
    request_key = models.CharField(max_length=200, blank=True)
    model_name = models.CharField(max_length=200, blank=True, help_text="of its request")
    source = models.CharField(
        max_length=10, choices=[(each.value, each.value) for each in TrafficSource]
    )

    objects = SignalQuerySet.as_manager()

    class Meta:
        ordering = ["-time", "key"]
        indexes = [
            models.Index(fields=["request_key"], name="signal_by_request"),
            models.Index(
                fields=["target"],
                condition=models.Q(request_day=None),
                name="signal_waiting",
            ),
            models.Index(
                fields=["project", "day"],
                condition=models.Q(text__isnull=False),
                name="signal_with_text",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.target}"


DAILY = tuple(model._meta.db_table for model in (Request, RequestText, Signal))
"""The tables that are kept by day."""

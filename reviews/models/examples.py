"""Queues of examples that people accept, edit or reject, and the examples in them."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now

from evalhub.accounts.models import OfProjectQuerySet, Project, Role, User
from evalhub.io.items import question_of
from evalhub.registry.models import Item

OPENING = 90
"""Characters of an example that a list shows."""


class QueuePurpose(models.TextChoices):
    TRAINING = "training", "rows to train on"
    REFERENCES = "references", "right answers of a test set"


class QueueState(models.TextChoices):
    OPEN = "open", "open"
    PAUSED = "paused", "paused"
    CLOSED = "closed", "closed"


class ExampleQueueQuerySet(OfProjectQuerySet["ExampleQueue"]):
    def of_annotator(self, user: User) -> Self:
        """Queues that this person may write in: a reviewer of the project any, its owners and
        evaluators those in which nobody has to be blind to another."""
        own = Q(project__memberships__user=user)
        reviews = own & Q(project__memberships__role=Role.REVIEWER)
        alone = own & ~Q(project__memberships__role=Role.REVIEWER) & Q(annotators_per_example=1)
        return self.filter(reviews | alone)

    def with_counts(self) -> Self:
        """Adds the numbers of examples: `size` (without gold), `decided` (accepted or rejected),
        `accepted`, `disputed` (two annotators disagree) and `gold`."""
        return self.annotate(
            size=_number(Example.objects.exclude(state=ExampleState.ERASED).filter(gold=False)),
            decided=_number(Example.objects.decided()),
            accepted=_number(Example.objects.accepted()),
            disputed=_number(Example.objects.filter(state=ExampleState.DISPUTED)),
            gold=_number(Example.objects.filter(state=ExampleState.GOLD)),
        )

    def with_own_progress(self, user: User) -> Self:
        """Adds of this person `own_answers`, and whether the queue has an example left for them
        (`has_left`) and a disagreement that they may decide (`has_disputed`)."""
        from reviews.models.annotations import Annotation

        own = Annotation.objects.standing().filter(annotator=user, queue=OuterRef("pk"))
        counted = own.order_by().values("queue").annotate(n=Count("pk")).values("n")
        fresh = Example.objects.filter(queue=OuterRef("pk")).never_had_by(user)
        return self.annotate(
            own_answers=Coalesce(Subquery(counted), 0),
            has_left=Exists(fresh.with_free_seat()),
            has_disputed=Exists(fresh.filter(state=ExampleState.DISPUTED)),
        )

    def newest_first(self) -> Self:
        return self.select_related("project", "by").order_by("-created", "-pk")


def _number(examples: "ExampleQuerySet") -> Coalesce:
    rows = examples.filter(queue=OuterRef("pk")).order_by().values("queue")
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)


class ExampleQueue(models.Model):
    """Examples of one kind with the instructions for the people who go through them.

    Each example waits for one person, or for two who are blind to each other; where those two
    disagree a third decides. What is accepted goes out as a training file or as a test-set version.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="example_queues")
    name = models.CharField(max_length=200)
    purpose = models.CharField(
        max_length=20, choices=QueuePurpose.choices, default=QueuePurpose.TRAINING
    )
    instructions = models.TextField(blank=True, help_text="for people; it names no model")
    annotators_per_example = models.PositiveSmallIntegerField(default=1, help_text="1 or 2")
    labels = models.JSONField(
        default=list, blank=True, help_text="the answers that are allowed; empty: any text"
    )
    gold_share = models.FloatField(
        default=0.0, help_text="share of a person's turns whose right answer is known"
    )
    state = models.CharField(max_length=20, choices=QueueState.choices, default=QueueState.OPEN)
    seed = models.PositiveBigIntegerField(help_text="of the examples' order and of gold turns")
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: the operator"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    size: int  # of those that were read `with_counts`, and the four that follow
    decided: int
    accepted: int
    disputed: int
    gold: int
    own_answers: int  # of those that were read `with_own_progress`, and the two that follow
    has_left: bool
    has_disputed: bool

    objects: ClassVar = ExampleQueueQuerySet.as_manager()

    forms_read: ClassVar = ("state",)

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                name="example_queue_name",
                violation_error_message="The project has a queue of this name.",
            ),
            models.CheckConstraint(
                condition=Q(annotators_per_example__in=[1, 2]),
                name="example_queue_annotators",
                violation_error_message="An example has one annotator or two.",
            ),
            models.CheckConstraint(
                condition=Q(gold_share__gte=0, gold_share__lte=0.5),
                name="example_queue_gold_share",
                violation_error_message="At most half of the turns are gold.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ExampleSource(models.TextChoices):
    """Where an example's input and proposal came from; `Example.reference` says what of it."""

    TRAFFIC = "traffic", "production traffic"
    MODEL = "model", "a model’s proposal"
    AUGMENTATION = "augmentation", "a variation of another example"
    FILE = "file", "a file"
    PERSON = "person", "a person"


class ExampleState(models.TextChoices):
    WAITING = "waiting", "waiting"
    IN_PROGRESS = "in-progress", "one of two has answered"
    DISPUTED = "disputed", "needs adjudication"
    ACCEPTED = "accepted", "accepted"
    REJECTED = "rejected", "rejected"
    GOLD = "gold", "gold: its right answer is known, it goes nowhere"
    ERASED = "erased", "erased: its texts are gone"


WANTS_ANNOTATORS = (ExampleState.WAITING, ExampleState.IN_PROGRESS)


class ExampleQuerySet(OfProjectQuerySet["Example"]):
    project_field = "queue__project"

    def accepted(self) -> Self:
        """What may go out: `final_answer` is the answer. Never gold, never erased."""
        return self.filter(state=ExampleState.ACCEPTED)

    def decided(self) -> Self:
        """Accepted or rejected."""
        return self.filter(state__in=[ExampleState.ACCEPTED, ExampleState.REJECTED])

    def with_free_seat(self) -> Self:
        """Those that want another annotator, in the queue's order."""
        return self.filter(taken__lt=F("seats"), state__in=WANTS_ANNOTATORS).order_by("position")

    def never_had_by(self, user: User) -> Self:
        """Without those that this person has answered or skipped, in whatever purpose."""
        from reviews.models.annotations import Annotation

        had = Annotation.objects.had().filter(example=OuterRef("pk"), annotator=user)
        return self.filter(~Exists(had))

    def derived_from(self, parents: "ExampleQuerySet") -> Self:
        """Variations of these examples, one step down."""
        return self.filter(parent__in=parents.order_by().values("pk"))


class Example(models.Model):
    """A prompt with a proposed answer that waits for people, with all that is known of its origin.

    `reference` by source: traffic {"day", "request"}; model {"version", "call"}; augmentation
    {"variation", "call"}; file {"name", "sha256", "line"}; person {}.
    """

    queue = models.ForeignKey(ExampleQueue, models.PROTECT, related_name="examples")
    position = models.PositiveIntegerField(help_text="place in the queue's random order")
    input = models.JSONField(help_text="a text, or a list of chat messages {role, content}")
    context = models.TextField(blank=True, help_text="retrieved or given text")
    proposal = models.TextField(
        blank=True, help_text="the proposed answer; empty: people write it from nothing"
    )
    tags = models.JSONField(default=list, blank=True)
    metadata = models.JSONField(default=dict, blank=True, help_text="further fields of its row")

    source = models.CharField(max_length=20, choices=ExampleSource.choices)
    reference = models.JSONField(default=dict, blank=True, help_text="where exactly it came from")
    model = models.CharField(
        max_length=200, blank=True, help_text="that proposed the answer, by name and version"
    )
    prompt = models.TextField(
        blank=True, help_text="with which the model was asked for it; the digest is in `reference`"
    )
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="variations",
        help_text="the example of which it is a variation",
    )
    licence = models.CharField(max_length=100, blank=True)
    user_hash = models.CharField(
        max_length=32, blank=True, help_text="of the traffic's user, whose erasure reaches it"
    )
    by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", help_text="who added it"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    item = models.ForeignKey(
        Item,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="examples",
        help_text="of a test set, whose right answer is written",
    )
    digest = models.CharField(
        max_length=64,
        editable=False,
        help_text="SHA-256 of input and context, whatever their spelling: once a queue",
    )
    fingerprint = models.BigIntegerField(
        editable=False, help_text="of its own text, as an item's: what is in both is a copy"
    )
    fingerprint_in_context = models.BigIntegerField(
        editable=False, help_text="the same of its own text and its context"
    )

    state = models.CharField(
        max_length=20, choices=ExampleState.choices, default=ExampleState.WAITING
    )
    seats = models.PositiveSmallIntegerField(help_text="annotators that it is to have; gold: 0")
    taken = models.PositiveSmallIntegerField(
        default=0, help_text="seats held by an answer or a lease; claimed by compare-and-set"
    )
    gold = models.BooleanField(default=False, help_text="planted, to see whether people look")
    expected = models.TextField(
        blank=True, help_text="gold: the right answer; empty: the proposal is wrong"
    )
    final_answer = models.TextField(blank=True, help_text="accepted: what goes out")
    decided = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar = ExampleQuerySet.as_manager()

    class Meta:
        ordering = ["queue", "position"]
        constraints = [
            models.UniqueConstraint(fields=["queue", "position"], name="example_position"),
            models.UniqueConstraint(
                fields=["queue", "digest"],
                name="example_content",
                violation_error_message="The queue has an example with this input.",
            ),
            models.CheckConstraint(
                condition=Q(taken__lte=F("seats")),
                name="example_not_overassigned",
                violation_error_message="Every seat of this example is taken.",
            ),
            models.CheckConstraint(
                condition=Q(gold=False) | Q(state__in=["gold", "erased"], seats=0),
                name="example_gold_goes_nowhere",
                violation_error_message="A gold example is never accepted into a data set.",
            ),
            models.CheckConstraint(
                condition=Q(decided=None) ^ Q(state__in=["accepted", "rejected"]),
                name="example_decided",
                violation_error_message="An example is decided when it is accepted or rejected.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "position"],
                condition=Q(taken__lt=F("seats")),
                name="example_with_free_seat",
            ),
            models.Index(fields=["queue", "state", "position"], name="example_in_state"),
            models.Index(fields=["fingerprint"], name="example_fingerprint"),
            models.Index(fields=["user_hash"], condition=~Q(user_hash=""), name="example_of_user"),
        ]

    def __str__(self) -> str:
        return f"Example {self.position + 1} of {self.queue}"

    @property
    def is_decided(self) -> bool:
        return self.state in (ExampleState.ACCEPTED, ExampleState.REJECTED)

    @property
    def opening(self) -> str:
        """How its own text begins, for a list."""
        return " ".join(question_of(self.input).split())[:OPENING]

    @property
    def state_gist(self) -> str:
        """The state in a word or two."""
        return ExampleState(self.state).label.split(":")[0]

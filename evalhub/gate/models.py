"""Decisions, what the ledger has been charged for them, and who stands by them."""

from typing import Self

from django.db import models
from django.db.models.functions import Now
from django.utils.functional import cached_property

from evalhub.accounts.models import OfProjectQuerySet, User
from evalhub.registry.models import (
    ModelVersion,
    Run,
    Study,
    TestSet,
    TestSetVersion,
)
from evalhub.schemas.decision import DecisionRecord
from evalhub.schemas.declaration import declared
from evalhub.schemas.verdicts import Verdict


class DecisionQuerySet(OfProjectQuerySet["Decision"]):
    project_field = "study__project"

    def newest_first(self) -> Self:
        return self.order_by("-created", "-id")


class Decision(models.Model):
    """A verdict on one candidate arm with all its evidence. It is never changed."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="decisions")
    arm = models.CharField(max_length=120, help_text="name of the candidate arm")
    verdict = models.CharField(max_length=20, choices=Verdict.choices())
    record = models.JSONField(help_text="the whole decision, as the command line prints it")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the canonical record")
    code_version = models.CharField(max_length=40)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]
        indexes = [models.Index(fields=["study", "arm", "-created"], name="decision_newest")]

    def __str__(self) -> str:
        return f"{self.arm}: {self.verdict}"

    @cached_property
    def document(self) -> DecisionRecord:
        """The record as its type."""
        return declared(DecisionRecord, self.record)


class LookQuerySet(models.QuerySet["Look"]):
    def newest_first(self) -> Self:
        return self.order_by("-number")


class Look(models.Model):
    """A first verdict on a claim from a test set's items: the k-th is judged at a level of its own.

    A claim is that one version does better than another by one metric. To decide again on the
    same items is no new look. Looks are never changed nor taken back.
    """

    test_set = models.ForeignKey(TestSet, models.PROTECT, related_name="looks")
    number = models.PositiveIntegerField(help_text="k: 1 for the first look at the test set")
    test_set_version = models.ForeignKey(TestSetVersion, models.PROTECT, related_name="looks")
    candidate = models.ForeignKey(ModelVersion, models.PROTECT, related_name="looks")
    baseline = models.ForeignKey(ModelVersion, models.PROTECT, related_name="looks_against")
    claim = models.CharField(
        max_length=64, help_text="SHA-256 of baseline, metric and weights: what is claimed"
    )
    candidate_run = models.ForeignKey(Run, models.PROTECT, related_name="looks")
    baseline_run = models.ForeignKey(Run, models.PROTECT, related_name="looks_against")
    items_digest = models.CharField(max_length=64, help_text="SHA-256 of the items")
    candidate_answers = models.CharField(
        max_length=64, help_text="SHA-256 of the candidate's answers to them"
    )
    baseline_answers = models.CharField(
        max_length=64, help_text="SHA-256 of the baseline's answers to them"
    )
    extends = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="extensions",
        help_text="the look at fewer items that this one adds to",
    )
    study = models.ForeignKey(Study, models.PROTECT, related_name="looks")
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = LookQuerySet.as_manager()

    class Meta:
        ordering = ["test_set", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["test_set", "number"],
                name="look_number",
                violation_error_message="The test set's looks are counted: each number once.",
            ),
            models.UniqueConstraint(
                fields=["test_set_version", "candidate", "claim"],
                name="look_once",
                violation_error_message="This claim has been looked at on these items already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.candidate} on {self.test_set}: look {self.number}"


class Action(models.TextChoices):
    SIGNED_OFF = "signed-off", "signed off"
    OVERRIDDEN = "overridden", "overridden"


class SignOff(models.Model):
    """A person stands by a decision, or overrides it, and says why. It is never changed."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="sign_offs")
    by = models.ForeignKey(User, models.PROTECT, related_name="sign_offs")
    action = models.CharField(max_length=20, choices=Action.choices)
    verdict = models.CharField(
        max_length=20, choices=Verdict.choices(), help_text="what holds from now on"
    )
    reason = models.TextField()
    record = models.JSONField(help_text="all of this as one document, with the decision's SHA-256")
    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the canonical record"
    )
    created = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason=""),
                name="sign_off_has_a_reason",
                violation_error_message="A sign-off says why.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.by} {self.get_action_display()}: {self.verdict}"

"""The champion of each project, and every move of a version between stages."""

from typing import Literal, Self

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project, User
from evalhub.ledger.models.decisions import Decision
from evalhub.registry.models import Model, ModelVersion
from evalhub.registry.models.versions import VersionStage


class PromotionQuerySet(OfProjectQuerySet["Promotion"]):
    def newest_first(self) -> Self:
        return self.order_by("-id")

    def holding(self) -> Self:
        """The newest promotion of each project that has a champion."""
        return self.filter(after=None).select_related("version__model")

    def current(self, project: Project) -> "Promotion | None":
        """The newest promotion, whose version is the champion; None: the project has none."""
        related = "version__model__project", "by", "decision", "before__version__model__project"
        promotions = self.filter(project=project).select_related(*related)
        return promotions.newest_first().first()


class Promotion(models.Model):
    """Somebody made a version the project's champion, and says why: by a
    decision, by going back to what was champion before, or, without either, by an override.

    Rows are added, never changed; the newest holds. Each names the one before it, so that of two
    at the same moment one is refused.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="promotions")
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="promotions")
    decision = models.ForeignKey(
        Decision,
        models.PROTECT,
        null=True,
        related_name="promotions",
        help_text="what it rests on; empty: on nothing but its reason, which is an override",
    )
    by = models.ForeignKey(User, models.PROTECT, related_name="promotions")
    reason = models.TextField()
    before = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="after", help_text="what held until then"
    )
    restores = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="restored_by",
        help_text="of a rollback: the one that had made this version champion",
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(before=None),
                name="promotion_first_once",
                violation_error_message="The project has a first champion.",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="promotion_has_a_reason",
                violation_error_message="A promotion says why.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}, champion of {self.project}"

    @property
    def is_override(self) -> bool:
        """Whether it was made without a decision."""
        return self.decision_id is None

    @property
    def how(self) -> Literal["promoted", "rolled-back", "overridden"]:
        """The ground in short: a decision, a rollback, or an override."""
        if self.restores_id is not None:
            return "rolled-back"
        return "overridden" if self.is_override else "promoted"

    @property
    def ground(self) -> str:
        """The ground in words."""
        return "an override, no decision" if self.is_override else f"decision {self.decision_id}"

    @property
    def first_of_its_version(self) -> "Promotion":
        """The one that made this version champion and was no rollback: itself, where it is none."""
        return self.restores or self

    @property
    def goes_back_to(self) -> "Promotion | None":
        """What a rollback restores where it names no version: what had made the champion before
        this one champion. None: there was none before.

        A rollback stands where the one that it restores stood. So a second rollback goes one
        further back, and not forth again to what the first rolled back.
        """
        before = self.first_of_its_version.before
        return before.first_of_its_version if before else None


class StageMoveQuerySet(OfProjectQuerySet["StageMove"]):
    project_field = "version__model__project"

    def of_model(self, model: Model) -> Self:
        return self.filter(version__model=model)

    def in_shadow(self, project: Project) -> Self:
        """The newest move of each version of the project that is in shadow, by the version's
        name."""
        newest = self.model.objects.filter(version=OuterRef("version")).order_by("-id").values("pk")
        rows = self.filter(version__model__project=project, version__stage=VersionStage.SHADOW)
        rows = rows.filter(pk=Subquery(newest[:1])).select_related("version__model")
        return rows.order_by("version__model__slug", "version__number")

    def newest_first(self) -> Self:
        """With all that a history says of each."""
        related = "version__model__project", "by", "decision", "promotion__version__model"
        return self.select_related(*related).order_by("-id")


class StageMove(models.Model):
    """A version moved from one stage to another: who did it, when, why, on which decision.

    Rows are added, never changed: a model's are its history.
    """

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="moves")
    was = models.CharField(max_length=20, choices=VersionStage.choices, help_text="from")
    stage = models.CharField(max_length=20, choices=VersionStage.choices, help_text="to")
    decision = models.ForeignKey(
        Decision,
        models.PROTECT,
        null=True,
        related_name="moves",
        help_text="what it rests on; empty: on nothing but its reason",
    )
    promotion = models.ForeignKey(
        Promotion,
        models.PROTECT,
        null=True,
        related_name="moves",
        help_text="what made this version champion, or another one in its place",
    )
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: an experiment's end"
    )
    reason = models.TextField()
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = StageMoveQuerySet.as_manager()

    class Meta:
        verbose_name = "move of a version"
        verbose_name_plural = "moves of versions"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="move_has_a_reason",
                violation_error_message="A move says why.",
            ),
            models.CheckConstraint(
                condition=~Q(was=F("stage")),
                name="move_goes_somewhere",
                violation_error_message="A move goes to another stage.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.sentence}"

    @property
    def is_override(self) -> bool:
        """Whether it promoted a version, or brought a retired one back, without a decision."""
        brought_back = (self.was, self.stage) == (VersionStage.RETIRED, VersionStage.CANDIDATE)
        return self.decision_id is None and (brought_back or self.stage == VersionStage.CHAMPION)

    @property
    def sentence(self) -> str:
        """What happened to the version, in words."""
        if self.stage == VersionStage.CHAMPION:
            if self.was == VersionStage.RETIRED:
                return "became the champion again, by a rollback"
            return f"became the champion{', by an override' if self.is_override else ''}"
        if self.stage == VersionStage.CANARY:
            return "became the canary of a live experiment"
        if self.was == VersionStage.CANARY and self.promotion is None:
            return f"left its live experiment: {self.get_stage_display()} again"
        if self.stage == VersionStage.SHADOW:
            return "was put in shadow"
        if self.stage == VersionStage.CANDIDATE:
            if self.was == VersionStage.SHADOW:
                return "left the shadow: a candidate again"
            return "was brought back as a candidate, by an override"
        if self.promotion is None:
            return "was retired"
        rolled_back = self.promotion.restores_id is not None
        return f"{'was rolled back to' if rolled_back else 'made way for'} {self.promotion.version}"

"""Lines of models, and the versions that are compared."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Now

from evalhub.accounts.models import OfProjectQuerySet, Project
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.declare.study import FINE_TUNED
from evalhub.declare.training import TrainingRecord
from evalhub.registry.models.declared import DeclaredField


class Kind(models.TextChoices):
    BASE = "base", "base"
    PROMPTED = "prompted", "prompted"
    FEW_SHOT = "few-shot", "few-shot"
    RETRIEVAL = "retrieval", "retrieval"
    LORA = "lora", "LoRA"
    QLORA = "qlora", "QLoRA"
    FULL = "full", "full fine-tune"
    DISTILLED = "distilled", "distilled"
    UNKNOWN = "unknown", "not known"


class VersionStage(models.TextChoices):
    """The stage of a version. In shadow it answers mirrored copies of production's requests, which
    no user sees; as a canary it answers a share of the users, in a live experiment."""

    CANDIDATE = "candidate", "candidate"
    SHADOW = "shadow", "shadow"
    CANARY = "canary", "canary"
    CHAMPION = "champion", "champion"
    RETIRED = "retired", "retired"


PROMOTABLE = (VersionStage.CANDIDATE, VersionStage.SHADOW)
"""The stages from which a version may become champion."""


class ModelQuerySet(models.QuerySet["Model"]):
    def written(self) -> Self:
        """Without those whose only versions are drafts."""
        return self.filter(pk__in=ModelVersion.objects.order_by().values("model"))


class Model(models.Model):
    """A line of models: what a team would call one model across its versions."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="models")
    slug = models.SlugField(max_length=120)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = ModelQuerySet.as_manager()

    class Meta:
        ordering = ["project", "slug"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "slug"],
                name="model_slug",
                violation_error_message="The project has a model of this name.",
            )
        ]

    def __str__(self) -> str:
        return self.slug


class ModelVersionQuerySet(OfProjectQuerySet["ModelVersion"]):
    project_field = "model__project"

    def containing(self, query: str) -> Self:
        """Those in whose name or notes each of these words is found, or whose digest begins so."""
        versions = self
        for word in query.split():
            versions = versions.filter(
                Q(model__slug__icontains=word)
                | Q(notes__icontains=word)
                | Q(digest__startswith=word.lower())
            )
        return versions

    def to_be_tried(self) -> Self:
        """Versions that a study may still try: neither a judge, nor a parent of others, nor
        retired, nor a canary."""
        from evalhub.registry.models.scores import Metric
        from evalhub.registry.models.studies import Study

        metrics = Metric.objects.annotate(judge=KT("options__by")).order_by()
        policies = Study.objects.annotate(judge=KT("policy__pairwise__by")).order_by()
        children = ModelVersion.objects.filter(parent=OuterRef("pk"))
        return self.filter(~Exists(children), judge_runs=None).exclude(
            Q(stage__in=[VersionStage.RETIRED, VersionStage.CANARY])
            | Q(digest__in=metrics.filter(judge__isnull=False).values("judge"))
            | Q(digest__in=policies.filter(judge__isnull=False).values("judge"))
        )

    def without_runs(self) -> Self:
        """Versions without any run, waiting runs included."""
        from evalhub.registry.models.runs import Run

        return self.filter(~Exists(Run.objects.filter(version=OuterRef("pk"))))


class WrittenModelVersions(models.Manager.from_queryset(ModelVersionQuerySet)):  # type: ignore[misc]
    """All but the drafts, which nobody sees."""

    def get_queryset(self) -> ModelVersionQuerySet:
        queryset: ModelVersionQuerySet = super().get_queryset().filter(draft_until=None)
        return queryset


class ModelVersion(models.Model):
    """One version of a model with all that decides how it answers: backend, prompt, sampling."""

    model = models.ForeignKey(Model, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    backend = models.JSONField(
        default=dict, help_text='{"type": "recorded"} or {"type": "openai", "url", "model", …}'
    )
    prompt = DeclaredField(Prompt, default=Prompt, blank=True)
    sampling = DeclaredField(Sampling, default=Sampling, blank=True)
    training = DeclaredField(TrainingRecord, default=TrainingRecord, blank=True)
    notes = models.TextField(blank=True)
    stage = models.CharField(
        max_length=20,
        choices=VersionStage.choices,
        default=VersionStage.CANDIDATE,
        help_text="moved by the verbs of evalhub.ledger alone",
    )
    champion_of = models.OneToOneField(
        Project,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="champion",
        help_text="its project, of the champion: a project has one",
    )
    digest = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the spec")
    created = models.DateTimeField(db_default=Now(), editable=False)
    draft_until = models.DateTimeField(
        null=True,
        editable=False,
        help_text="an upload makes it, whose answers are still being written, and is heard of by "
        "then; null once they are all there",
    )

    objects = WrittenModelVersions()
    with_drafts = ModelVersionQuerySet.as_manager()

    forms_read: ClassVar = ("stage",)

    class Meta:
        ordering = ["model", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "number"],
                condition=Q(draft_until=None),
                name="model_version_number",
            ),
            models.UniqueConstraint(
                fields=["model", "digest"],
                condition=Q(draft_until=None),
                name="model_version_spec",
                violation_error_message="The model has a version with this specification.",
            ),
            models.CheckConstraint(
                condition=Q(stage=VersionStage.CHAMPION, champion_of__isnull=False)
                | (~Q(stage=VersionStage.CHAMPION) & Q(champion_of=None)),
                name="champion_of_its_project",
                violation_error_message="A champion is that of its project.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} v{self.number}"

    @property
    def fine_tuned(self) -> bool:
        return self.kind in FINE_TUNED

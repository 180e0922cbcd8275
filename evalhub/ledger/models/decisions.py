"""Decisions, and who stands by them."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.fields.json import KT, KeyTextTransform
from django.db.models.functions import Cast, Concat, Now, Replace
from django.utils.functional import cached_property

from evalhub.accounts.models import OfProjectQuerySet, User
from evalhub.declare.declaration import validate
from evalhub.declare.verdicts import Verdict
from evalhub.registry.models import (
    MIRRORED_BUILD,
    Model,
    ModelVersion,
    Study,
    StudyArm,
    StudyRun,
    TrainingOverlap,
)
from evalhub.registry.models.runs import UNFINISHED
from evalhub.registry.models.studies import ArmRole
from evalhub.registry.models.versions import PROMOTABLE

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord


def _name(version: str = "") -> Concat:
    """The name MODEL@NUMBER of a version; `version` is the way to it, with its underscores."""
    number = Cast(f"{version}number", models.CharField())
    return Concat(f"{version}model__slug", Value("@"), number, output_field=models.CharField())


class DecisionQuerySet(OfProjectQuerySet["Decision"]):
    project_field = "study__project"

    def newest_first(self) -> Self:
        return self.order_by("-created", "-id")

    def on_studies(self) -> Self:
        """Those that rest on answers to test sets, and can be decided again: a live experiment
        decides by itself, and on users."""
        return self.filter(study__live=False)

    def on_versions_of(self, model: Model) -> Self:
        """Those on arms that are a model's versions, each with its `version` and that one's
        `number`."""
        judged = self.filter(study__arms__version__model=model, study__arms__name=F("arm"))
        return judged.annotate(
            version=F("study__arms__version"), number=F("study__arms__version__number")
        )

    def on_version(self, version: ModelVersion) -> Self:
        """Those on arms that are this version."""
        return self.filter(study__arms__version=version, study__arms__name=F("arm"))

    def standing(self) -> Self:
        """The newest on each study's candidate in question."""
        same = Decision.objects.filter(study=OuterRef("study"), arm=OuterRef("arm"))
        in_question = StudyArm.objects.filter(
            study=OuterRef("study"), name=OuterRef("arm"), role=ArmRole.CANDIDATE
        )
        newest = same.newest_first().values("pk")[:1]
        return self.filter(Exists(in_question), pk=Subquery(newest))

    def with_headline(self) -> Self:
        """Adds `headline` and `signed`, the verdict of the newest sign-off, and reads no record."""
        sign_offs = SignOff.objects.filter(decision=OuterRef("pk")).order_by("-created", "-id")
        return self.annotate(
            headline=KT("record__headline"), signed=Subquery(sign_offs.values("verdict")[:1])
        ).defer("record")

    def to_be_promoted(self) -> Self:
        """Standing ones that ship, by their sign-off or by themselves, a candidate against what is
        its project's champion, and that nobody has acted on. Recorded answers are those of the
        version that their build names, as `answering_version` has it. What an experiment exposes
        waits for its end."""
        champion = _name("study__project__champion__")
        judged = self.standing().with_headline().alias(champion=champion)
        judged = judged.annotate(against=KT("record__arms__baseline__digest"))
        text = Cast(KeyTextTransform("build", "version__backend"), models.CharField())
        build = Replace(text, Value(MIRRORED_BUILD))
        arms = StudyArm.objects.filter(study=OuterRef("study")).alias(build=build)
        served = arms.filter(role=ArmRole.BASELINE, build=OuterRef("champion"))
        of_project = ModelVersion.objects.filter(model__project=OuterRef("study__project"))
        others = of_project.exclude(stage__in=PROMOTABLE).alias(name=_name())
        candidates = arms.filter(name=OuterRef("arm"), version__stage__in=PROMOTABLE)
        candidates = candidates.exclude(Exists(others.filter(name=OuterRef("build"))))
        return judged.filter(
            Q(signed=Verdict.SHIP) | Q(signed=None, verdict=Verdict.SHIP),
            Q(against=F("study__project__champion__digest")) | Exists(served),
            Exists(candidates),
        )

    def with_news(self) -> Self:
        """Those of which something that they rest on was touched since they were made: what is
        asked, an answer, what was looked through of the training, the project's champion.

        By dates alone, which is cheap: whether it is otherwise now is a question to
        `evalhub.ledger.staleness`, and reviews are another.
        """
        from evalhub.ledger.models.promotions import Promotion

        links = StudyRun.objects.filter(arm__study=OuterRef("study")).order_by()
        later = Q(run__finished__gt=OuterRef("created")) | Q(run__state__in=UNFINISHED)
        looked = TrainingOverlap.objects.filter(
            test_set_version__studies__study=OuterRef("study"), created__gt=OuterRef("created")
        )
        promoted = Promotion.objects.filter(
            project=OuterRef("study__project"), created__gt=OuterRef("created")
        )
        return self.filter(
            Q(study__changed__gt=F("created"))
            | Exists(links.filter(later))
            | Exists(looked)
            | Q(Exists(promoted), study__policy__promoted=True)
            | Q(Exists(promoted), study__live=True)
        )


class Decision(models.Model):
    """A verdict on one candidate arm with all its evidence. It is never changed."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="decisions")
    arm = models.CharField(max_length=120, help_text="name of the candidate arm")
    record = models.JSONField(help_text="the whole decision, as the command line prints it")
    verdict = models.GeneratedField(
        expression=KT("record__verdict"),
        output_field=models.CharField(max_length=20),
        choices=Verdict.choices(),
        db_persist=True,
        help_text="as the record says it: it can't be written",
    )
    digest = models.CharField(max_length=64, help_text="SHA-256 of the canonical record")
    code_version = models.CharField(max_length=40)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-id"]
        indexes = [models.Index(fields=["study", "arm", "-created"], name="decision_newest")]

    def __str__(self) -> str:
        return f"{self.arm}: {self.verdict}"

    @property
    def in_the_log(self) -> str:
        """How the audit log's row of its making begins."""
        return f"decision {self.pk} on "

    @property
    def standing_verdict(self) -> Verdict:
        """What holds: by its newest sign-off, or its own verdict. One query."""
        signed = self.sign_offs.first()
        return Verdict(signed.verdict if signed else self.verdict)

    @cached_property
    def document(self) -> "DecisionRecord":
        """The record as its type."""
        # Here, since it loads numpy, which a worker does without.
        from evalhub.decision.document import DecisionRecord

        return validate(DecisionRecord, self.record)

    @property
    def content(self) -> str:
        """SHA-256 of what was measured and decided, the same in any home."""
        from evalhub.decision.content import content_digest

        return content_digest(self.document)


class SignOffAction(models.TextChoices):
    SIGNED_OFF = "signed-off", "signed off"
    OVERRIDDEN = "overridden", "overridden"


class SignOff(models.Model):
    """A person stands by a decision, or overrides it, and says why. It is never changed."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="sign_offs")
    by = models.ForeignKey(User, models.PROTECT, related_name="sign_offs")
    action = models.CharField(max_length=20, choices=SignOffAction.choices)
    reason = models.TextField()
    record = models.JSONField(help_text="all of this as one document, with the decision's SHA-256")
    verdict = models.GeneratedField(
        expression=KT("record__verdict"),
        output_field=models.CharField(max_length=20),
        choices=Verdict.choices(),
        db_persist=True,
        help_text="what holds from now on, as the record says it: it can't be written",
    )
    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the canonical record"
    )
    created = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = "sign-off"
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

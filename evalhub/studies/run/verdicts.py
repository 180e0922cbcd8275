"""Annotate many studies with their newest verdict, and many versions with their evidence, in one
query."""

from django.db.models import Count, Exists, F, Max, OuterRef, Subquery
from django.db.models.functions import Coalesce

from evalhub.judges.models import JudgeRun
from evalhub.ledger.models import Decision, Look, SignOff
from evalhub.registry.models import Run
from evalhub.registry.models.runs import RunState
from evalhub.registry.models.studies import ArmRole, StudyQuerySet
from evalhub.registry.models.testsets import TestSetQuerySet
from evalhub.registry.models.versions import ModelVersionQuerySet


def with_verdict(studies: StudyQuerySet) -> StudyQuerySet:
    """Adds `verdict`, `headline` and `decided` of the newest decision on the candidate arm, and
    `signed`, the verdict of a person's sign-off or override; `holds` is that one, or else the
    decision's."""
    newest = Decision.objects.filter(
        study=OuterRef("pk"), study__arms__name=F("arm"), study__arms__role=ArmRole.CANDIDATE
    ).newest_first()
    sign_offs = SignOff.objects.filter(decision=OuterRef("newest")).order_by("-created", "-id")
    return studies.annotate(
        newest=Subquery(newest.values("pk")[:1]),
        signed=Subquery(sign_offs.values("verdict")[:1]),
        verdict=Subquery(newest.values("verdict")[:1]),
        headline=Subquery(newest.values("record__headline")[:1]),
        decided=Subquery(newest.values("created")[:1]),
        holds=Coalesce("signed", "verdict"),
    )


def with_evidence(versions: ModelVersionQuerySet) -> ModelVersionQuerySet:
    """Adds `runs_done`, whether it `judges` others, and its newest decision: `verdict`, the `study`
    (its id), `study_name`, and the name of its `arm` there."""
    runs = Run.objects.filter(version=OuterRef("pk"), state=RunState.DONE).order_by()
    counted = runs.values("version").annotate(n=Count("pk")).values("n")
    newest = Decision.objects.filter(
        study__arms__version=OuterRef("pk"), arm=F("study__arms__name")
    ).newest_first()
    return versions.annotate(
        runs_done=Coalesce(Subquery(counted), 0),
        judges=Exists(JudgeRun.objects.filter(judge=OuterRef("pk"))),
        verdict=Subquery(newest.values("verdict")[:1]),
        study=Subquery(newest.values("study")[:1]),
        study_name=Subquery(newest.values("study__name")[:1]),
        arm=Subquery(newest.values("arm")[:1]),
    )


def with_looks(test_sets: TestSetQuerySet) -> TestSetQuerySet:
    """Adds `looks`, the number of the last look at items of any of its versions; None without a
    look."""
    looks = Look.objects.filter(test_set_version__test_set=OuterRef("pk")).order_by()
    most = looks.values("test_set_version__test_set").annotate(n=Max("number")).values("n")
    return test_sets.annotate(looks=Subquery(most))

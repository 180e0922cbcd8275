"""The newest verdict on each of many studies, in one query."""

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from evalhub.gate.models import Decision, SignOff
from evalhub.registry.models.studies import ArmRole, StudyQuerySet


def with_verdict(studies: StudyQuerySet) -> StudyQuerySet:
    """Adds `verdict`, `headline` and `decided` of the newest decision on the candidate arm, and
    `signed`, the verdict that a person has put in its place or stands by; `holds` is that one, or
    else the decision's."""
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

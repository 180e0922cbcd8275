# mypy: disable-error-code="type-arg"
"""What people said of scores, in the admin: looked at there, said on pages of their own."""

from django.contrib import admin

from evalhub.features.score_audits.models import ScoreAudit, ScoreCase
from evalhub.registry.read_only import Frozen


@admin.register(ScoreAudit)
class ScoreAuditAdmin(Frozen):
    list_display = ("metric", "project", "population", "by", "created")
    list_select_related = ("metric", "project", "by")
    search_fields = ("metric__name", "project__slug")


@admin.register(ScoreCase)
class ScoreCaseAdmin(Frozen):
    list_display = ("metric", "project", "value", "said", "by", "created")
    list_select_related = ("metric", "project", "by")
    search_fields = ("metric__name", "project__slug", "why")
    fields = readonly_fields = (
        "project",
        "output",
        "metric",
        "audit",
        "value",
        "said",
        "why",
        "by",
        "created",
    )

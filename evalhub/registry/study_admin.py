# mypy: disable-error-code="type-arg"
"""Studies in the admin: what a decision rests on is read-only, a name may be put right."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from evalhub.registry.models import Study, StudyArm, StudyRun, StudyTestSet
from evalhub.registry.read_only import (
    Frozen,
    FrozenInline,
    Kept,
    page_of,
    readable,
    rows_of,
)


class StudyArms(FrozenInline):
    model = StudyArm
    fields = ("name", "role", "version")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StudyArm]:
        return super().get_queryset(request).select_related("version__model")


class StudyTestSets(FrozenInline):
    model = StudyTestSet
    fields = ("name", "role", "test_set_version", "metric", "margin", "min_gain")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StudyTestSet]:
        found = super().get_queryset(request)
        return found.select_related("test_set_version__test_set", "metric")


@admin.register(Study)
class StudyAdmin(Kept):
    list_display = ("name", "slug", "project", "created", page_of("study"))
    list_select_related = ("project",)
    search_fields = ("name", "slug", "project__slug")
    fields = (
        "name",
        "project",
        "slug",
        readable("policy"),
        readable("review"),
        "created",
        "changed",
        page_of("study"),
        rows_of("ledger_decision", "study"),
        rows_of("reviews_campaign", "study"),
    )
    readonly_fields = fields[1:]
    inlines = (StudyArms, StudyTestSets)


@admin.register(StudyArm)
class StudyArmAdmin(Frozen):
    list_display = ("name", "study", "role", "version")
    list_filter = ("role",)
    list_select_related = ("study", "version__model")
    search_fields = ("name", "study__name", "version__model__slug")
    ordering = ("-study_id", "position", "id")


@admin.register(StudyTestSet)
class StudyTestSetAdmin(Frozen):
    list_display = ("name", "study", "role", "test_set_version", "metric", "margin", "min_gain")
    list_filter = ("role",)
    list_select_related = ("study", "test_set_version__test_set", "metric")
    search_fields = ("name", "study__name", "test_set_version__test_set__slug")
    ordering = ("-study_id", "position", "id")


@admin.register(StudyRun)
class StudyRunAdmin(Frozen):
    list_display = ("arm", "test_set", "run")
    list_select_related = (
        "arm",
        "test_set",
        "run__version__model",
        "run__test_set_version__test_set",
    )
    search_fields = ("arm__name", "test_set__name", "arm__study__name")
    ordering = ("-id",)

"""Decisions, looks, sign-offs, promotions and moves in the admin, all of them read-only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from evalhub.ledger.models import (
    Acceptance,
    Decision,
    GuardLook,
    Ledger,
    LedgerLink,
    LedgerRestore,
    Look,
    NearCopies,
    Peek,
    Promotion,
    SharedLook,
    SignOff,
    StageMove,
)
from evalhub.registry.read_only import Frozen, page_of, readable, rows_of


@admin.register(Decision)
class DecisionAdmin(Frozen):
    list_display = (
        "study",
        "arm",
        "verdict",
        "code_version",
        "created",
        page_of("study", "study_id"),
    )
    list_filter = ("verdict",)
    list_select_related = ("study",)
    search_fields = ("study__name", "study__slug", "arm", "digest__startswith")
    fields = readonly_fields = (
        "study",
        "arm",
        "verdict",
        readable("record"),
        "digest",
        "code_version",
        "created",
        page_of("study", "study_id"),
        rows_of("ledger_signoff", "decision"),
        rows_of("ledger_promotion", "decision"),
    )


@admin.register(Ledger)
class LedgerAdmin(Frozen):
    list_display = ("name", "entries", "created")
    search_fields = ("name",)
    fields = readonly_fields = ("name", "entries", "links", "head", "created")


@admin.register(LedgerLink)
class LedgerLinkAdmin(Frozen):
    list_display = ("place", "kind", "row", "head")
    list_filter = ("kind",)
    search_fields = ("kind", "head__startswith")
    ordering = ("-place",)
    fields = readonly_fields = ("place", "kind", "row", "head")


@admin.register(LedgerRestore)
class LedgerRestoreAdmin(Frozen):
    list_display = ("name", "parent", "entries", "created")
    search_fields = ("name", "parent")
    ordering = ("-id",)
    fields = readonly_fields = (
        "parent",
        "name",
        "began_as",
        "entries",
        "newest_version",
        "created",
    )


@admin.register(Look)
class LookAdmin(Frozen):
    list_display = (
        "test_set_version",
        "number",
        "candidate",
        "baseline",
        "study",
        "created",
        page_of("test_set", "test_set_version__test_set_id"),
    )
    list_select_related = (
        "test_set_version__test_set",
        "candidate__model",
        "baseline__model",
        "study",
    )
    search_fields = (
        "test_set_version__test_set__slug",
        "candidate__model__slug",
        "baseline__model__slug",
    )
    ordering = ("-id",)
    fields = readonly_fields = (
        "test_set_version",
        "number",
        "candidate",
        "baseline",
        "claim",
        "candidate_run",
        "baseline_run",
        "items_digest",
        "candidate_answers",
        "baseline_answers",
        "drawn_for",
        "extends",
        "study",
        "beginning",
        "created",
    )


@admin.register(SharedLook)
class SharedLookAdmin(Frozen):
    list_display = ("look", "count", "created")
    list_select_related = ("look__candidate__model", "look__test_set_version__test_set")
    search_fields = ("look__test_set_version__test_set__slug", "look__candidate__model__slug")
    ordering = ("-id",)
    fields = readonly_fields = ("look", "count", "correlations", "readings", "created")


@admin.register(GuardLook)
class GuardLookAdmin(Frozen):
    list_display = ("guard", "primary", "number", "charged", "created")
    list_select_related = (
        "guard__candidate__model",
        "guard__test_set_version__test_set",
        "primary__candidate__model",
        "primary__test_set_version__test_set",
    )
    search_fields = ("guard__candidate__model__slug", "guard__test_set_version__test_set__slug")
    ordering = ("-id",)
    fields = readonly_fields = ("guard", "primary", "number", "charged", "created")


@admin.register(Peek)
class PeekAdmin(Frozen):
    list_display = ("test_set_version", "number", "files", "charged", "created")
    list_select_related = ("test_set_version__test_set",)
    search_fields = ("test_set_version__test_set__slug", "files", "claim__startswith")
    ordering = ("-id",)
    fields = readonly_fields = (
        "test_set_version",
        "number",
        "files",
        "claim",
        "beside",
        "shares",
        "charged",
        readable("others"),
        "created",
    )


@admin.register(SignOff)
class SignOffAdmin(Frozen):
    list_display = ("decision", "action", "verdict", "by", "created")
    list_filter = ("action", "verdict")
    list_select_related = ("decision", "by")
    search_fields = ("by__username", "decision__arm", "decision__study__slug", "digest__startswith")
    fields = readonly_fields = (
        "decision",
        "by",
        "action",
        "verdict",
        "reason",
        readable("record"),
        "digest",
        "created",
    )


@admin.register(NearCopies)
class NearCopiesAdmin(Frozen):
    list_display = ("version", "earlier", "created")
    list_select_related = ("version__test_set", "earlier__test_set")
    search_fields = ("version__test_set__slug", "earlier__test_set__slug")
    fields = readonly_fields = ("version", "earlier", readable("positions"), "created")


@admin.register(Acceptance)
class AcceptanceAdmin(Frozen):
    list_display = ("project", "subject", "by", "created")
    list_filter = ("project",)
    search_fields = ("by__username", "subject__startswith")
    ordering = ("-id",)
    fields = readonly_fields = ("project", "subject", "reason", "by", "created")


@admin.register(Promotion)
class PromotionAdmin(Frozen):
    list_display = (
        "version",
        "project",
        "decision",
        "by",
        "created",
        page_of("version", "version_id"),
    )
    list_filter = ("project",)
    search_fields = ("version__model__slug", "by__username")
    fields = readonly_fields = (
        "project",
        "version",
        "decision",
        "by",
        "reason",
        "before",
        "restores",
        "created",
        rows_of("ledger_stagemove", "promotion"),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        other = "before__version__model", "before__project", "restores__version__model"
        found: Any = super().get_queryset(request)
        return found.select_related(
            "version__model", "project", "decision__study", "by", *other, "restores__project"
        )


@admin.register(StageMove)
class StageMoveAdmin(Frozen):
    list_display = (
        "version",
        "was",
        "stage",
        "decision",
        "by",
        "created",
        page_of("version", "version_id"),
    )
    list_filter = ("stage",)
    search_fields = ("version__model__slug", "by__username")
    fields = readonly_fields = (
        "version",
        "was",
        "stage",
        "decision",
        "promotion",
        "by",
        "reason",
        "created",
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        of = "version__model", "decision__study", "by"
        promotion = "promotion__version__model", "promotion__project"
        return super().get_queryset(request).select_related(*of, *promotion)

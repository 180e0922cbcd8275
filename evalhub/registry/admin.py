# mypy: disable-error-code="type-arg"
"""The registry in the admin: searchable, and read-only where evidence rests on it.

Test sets come in by `import_test_set`, versions by `register_version`, runs by `launch`: the admin
shows them, and changes only what no digest covers (a purpose, notes, a study's name). A version's
stage is moved by the gate's verbs, which keep its history.
"""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from evalhub.registry import score_case_admin, spending_admin, study_admin  # noqa: F401 (their pages)
from evalhub.registry.models import (
    DocumentSet,
    DocumentText,
    Draw,
    Ingestion,
    Item,
    JudgeRun,
    JudgeVote,
    Metric,
    Model,
    ModelVersion,
    Output,
    Redaction,
    Run,
    RunMetric,
    Score,
    Shard,
    TestSet,
    TestSetVersion,
    TrainingOverlap,
)
from evalhub.registry.read_only import (
    Frozen,
    FrozenInline,
    FrozenLarge,
    Kept,
    Written,
    beginning,
    page_of,
    readable,
    rows_of,
)

RUN = ("run__version__model", "run__test_set_version__test_set")


def _of(run: str) -> tuple[str, str]:
    return f"{run}__version__model", f"{run}__test_set_version__test_set"


SEARCH_RUN = ("run__version__model__slug", "run__test_set_version__test_set__slug")


@admin.register(TestSet)
class TestSetAdmin(Written, Kept):
    list_display = ("slug", "project", "purpose", "created", page_of("test_set"))
    list_filter = ("purpose",)
    list_select_related = ("project",)
    search_fields = ("slug", "project__slug")
    fields = (
        "project",
        "slug",
        "purpose",
        "created",
        page_of("test_set"),
        rows_of("registry_testsetversion", "test_set"),
    )
    readonly_fields = tuple(field for field in fields if field != "purpose")


@admin.register(TestSetVersion)
class TestSetVersionAdmin(Frozen):
    list_display = (
        "__str__",
        "test_set",
        "number",
        "item_count",
        "source",
        "created",
        page_of("test_set", "test_set_id"),
    )
    list_select_related = ("test_set",)
    search_fields = ("test_set__slug", "test_set__project__slug", "source", "digest__startswith")
    fields = readonly_fields = (
        "test_set",
        "number",
        "digest",
        "item_count",
        "source",
        "pool",
        "read_freely",
        readable("engine"),
        "created",
        page_of("test_set", "test_set_id"),
        rows_of("registry_item", "version"),
        rows_of("registry_run", "test_set_version"),
    )


@admin.register(Draw)
class DrawAdmin(Frozen):
    list_display = ("version", "pool", "question", "created")
    list_select_related = ("version__test_set", "pool__test_set")
    search_fields = ("pool__test_set__slug", "question__startswith")


@admin.register(Redaction)
class RedactionAdmin(Frozen):
    list_display = ("version", "run", "reason", "by", "created")
    list_select_related = (
        "version__test_set",
        "run__version__model",
        "run__test_set_version__test_set",
        "by",
    )
    search_fields = ("version__test_set__slug", "reason")


@admin.register(Item)
class ItemAdmin(Written, FrozenLarge):
    list_display = ("key", "version", "position", beginning("input"), "tags", "cluster")
    list_select_related = ("version__test_set",)
    search_fields = ("key__startswith",)
    search_help_text = "how the item's id begins"
    fields = readonly_fields = (
        "version",
        "position",
        "key",
        readable("input"),
        readable("references"),
        "context",
        readable("tags"),
        "cluster",
        readable("metadata"),
        rows_of("registry_output", "item"),
    )


@admin.register(Model)
class ModelAdmin(Written, Frozen):
    list_display = ("slug", "project", "created")
    list_select_related = ("project",)
    search_fields = ("slug", "project__slug")
    fields = readonly_fields = (
        "project",
        "slug",
        "created",
        rows_of("registry_modelversion", "model"),
    )


@admin.register(ModelVersion)
class ModelVersionAdmin(Kept):
    list_display = ("__str__", "kind", "parent", "stage", "created", page_of("version"))
    list_filter = ("kind", "stage")
    list_select_related = ("model", "parent__model")
    search_fields = ("model__slug", "model__project__slug", "notes", "digest__startswith")
    fields = (
        "model",
        "number",
        "kind",
        "parent",
        "stage",
        "notes",
        readable("backend"),
        readable("prompt"),
        readable("sampling"),
        readable("training"),
        "digest",
        "created",
        page_of("version"),
        rows_of("registry_run", "version"),
    )
    readonly_fields = tuple(field for field in fields if field != "notes")


class RunMetrics(FrozenInline):
    model = RunMetric
    fields = ("metric", "readable_mean", "scored", "unscored", "extraction_misses", "opened")
    readonly_fields = ("readable_mean", "opened")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RunMetric]:
        return super().get_queryset(request).select_related("metric", *RUN)


@admin.register(Run)
class RunAdmin(Frozen):
    list_display = (
        "version",
        "test_set_version",
        "state",
        "samples",
        "created",
        "finished",
        page_of("run"),
    )
    list_filter = ("state",)
    list_select_related = ("version__model", "test_set_version__test_set")
    search_fields = ("version__model__slug", "test_set_version__test_set__slug", "error")
    fields = readonly_fields = (
        "version",
        "test_set_version",
        "source",
        "samples",
        "state",
        "error",
        "created",
        "started",
        "finished",
        page_of("run"),
        rows_of("registry_shard", "run"),
        rows_of("registry_output", "run"),
    )
    inlines = (RunMetrics,)


@admin.register(Shard)
class ShardAdmin(Frozen):
    list_display = ("run", "start", "stop", "state", "attempts", "done", "lease_until")
    list_filter = ("state",)
    list_select_related = RUN
    search_fields = (*SEARCH_RUN, "error")
    ordering = ("-run_id", "start")


@admin.register(Output)
class OutputAdmin(Written, FrozenLarge):
    list_display = ("item__key", "sample", "run", beginning("text"), "error", "latency_ms")
    list_filter = (("error", admin.EmptyFieldListFilter),)
    list_select_related = ("item", *RUN)
    search_fields = ("item__key__startswith",)
    search_help_text = "how the item's id begins"
    fields = readonly_fields = (
        "run",
        "item",
        "sample",
        "text",
        "error",
        "latency_ms",
        "prompt_tokens",
        "completion_tokens",
        rows_of("registry_score", "output"),
    )


@admin.register(Ingestion)
class IngestionAdmin(Frozen):
    list_display = ("id", "project", "run", "rows", "by", "created", "finished")
    list_select_related = ("project", "by", *RUN)
    search_fields = SEARCH_RUN
    fields = readonly_fields = ("run", "metrics", "rows", "samples", "digest", "by", "created")


@admin.register(Metric)
class MetricAdmin(Frozen):
    list_display = ("name", "options", "digest")
    search_fields = ("name", "digest__startswith")
    fields = readonly_fields = ("name", readable("options"), "digest")


@admin.register(RunMetric)
class RunMetricAdmin(Frozen):
    """Those that may be read: an address can filter and sort a list by any of its columns."""

    list_display = ("metric", "run", "mean", "scored", "unscored", "extraction_misses", "opened")
    list_select_related = ("metric", *RUN)
    search_fields = ("metric__name", *SEARCH_RUN)
    ordering = ("-run_id", "metric_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RunMetric]:
        return RunMetric.objects.readable()


@admin.register(Score)
class ScoreAdmin(FrozenLarge):
    """Those that may be read."""

    list_display = ("output__item__key", "output_id", "metric", "value", "reason", "extracted")
    list_filter = (("value", admin.EmptyFieldListFilter),)
    list_select_related = ("output__item", "metric")
    search_fields = ("output__item__key__startswith",)
    search_help_text = "how the item's id begins"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Score]:
        return Score.objects.readable()


@admin.register(TrainingOverlap)
class TrainingOverlapAdmin(Frozen):
    list_display = ("version", "test_set_version", "rows", "created")
    list_select_related = ("version__model", "test_set_version__test_set")
    search_fields = ("version__model__slug", "test_set_version__test_set__slug")
    fields = readonly_fields = (
        "version",
        "test_set_version",
        "source",
        "rows",
        readable("settings"),
        readable("leaked"),
        "created",
    )


@admin.register(DocumentSet)
class DocumentSetAdmin(Frozen):
    list_display = ("source", "project", "count", "digest", "created")
    list_select_related = ("project",)
    search_fields = ("source", "project__slug", "digest__startswith")
    fields = readonly_fields = (
        "project",
        "digest",
        "count",
        "source",
        "created",
        rows_of("registry_documenttext", "documents"),
    )


@admin.register(DocumentText)
class DocumentTextAdmin(FrozenLarge):
    list_display = ("key", "documents", "position", beginning("text"))
    list_select_related = ("documents",)
    search_fields = ("key__startswith",)
    search_help_text = "how the document's id begins"


@admin.register(JudgeRun)
class JudgeRunAdmin(Frozen):
    list_display = ("judge", "baseline", "candidate", "state", "created", "opened")
    list_filter = ("state",)
    list_select_related = ("judge__model", *_of("baseline"), *_of("candidate"))
    search_fields = ("judge__model__slug", "candidate__version__model__slug")
    fields = readonly_fields = (
        "judge",
        "baseline",
        "candidate",
        readable("asked"),
        "digest",
        "state",
        "attempts",
        "error",
        "unreachable",
        "created",
        "finished",
        "opened",
    )


@admin.register(JudgeVote)
class JudgeVoteAdmin(FrozenLarge):
    """Those that a decision has read."""

    list_display = ("item__key", "judge_run_id", "candidate_first", "choice", "reason")
    list_filter = ("choice",)
    list_select_related = ("item",)
    search_fields = ("item__key__startswith",)
    search_help_text = "how the item's id begins"

    def get_queryset(self, request: HttpRequest) -> QuerySet[JudgeVote]:
        return JudgeVote.objects.readable()

"""The registry in the admin: searchable, and read-only where evidence rests on it.

Test sets come in by `import_test_set`, versions by `register_version`, runs by `launch`: the admin
shows them, and changes only what no digest covers (a purpose, notes, a study's name). A version's
stage is moved by the gate's verbs, which keep its history. Outputs and items of drafts aren't
shown, nor scores that no decision has paid for: an address can filter and sort a list by its
columns.
"""

from django.contrib.admin import EmptyFieldListFilter

from evalhub.accounts.read_only import AdminTable, inline, register
from evalhub.registry.models import (
    DocumentSet,
    DocumentText,
    Draw,
    Ingestion,
    Item,
    Metric,
    Model,
    ModelVersion,
    Output,
    ProductionShares,
    Redaction,
    Reserved,
    Run,
    RunMetric,
    SampledRequest,
    Score,
    Shard,
    Spending,
    StoredDataReport,
    Study,
    StudyArm,
    StudyBudget,
    StudyRun,
    StudyTestSet,
    TestSet,
    TestSetRetirement,
    TestSetVersion,
    TrafficSample,
    TrainingFileLine,
    TrainingFileVersion,
    TrainingOverlap,
)

RUN = "run__version__model__slug run__test_set_version__test_set__slug"
ITEM_ID = "how the item's id begins"

register(
    {
        TestSet: AdminTable(
            "slug project purpose created",
            "slug project__slug",
            filters=("purpose",),
            editable="purpose",
            page=("test_set", "pk"),
            rows={"registry_testsetversion": "test_set"},
            queryset=lambda rows: rows.written(),
        ),
        TestSetVersion: AdminTable(
            "__str__ test_set number item_count source created",
            "test_set__slug test_set__project__slug source digest__startswith",
            hidden="distinct_inputs draft_until",
            page=("test_set", "test_set_id"),
            rows={"registry_item": "version", "registry_run": "test_set_version"},
        ),
        Draw: AdminTable(
            "version pool question created", "pool__test_set__slug question__startswith"
        ),
        TrafficSample: AdminTable(
            "version model_name requests drawn created",
            "version__test_set__slug model_name",
            order="-version_id",
        ),
        SampledRequest: AdminTable(
            "key day item weight is_baseline", "key__startswith", "how the request's key begins"
        ),
        ProductionShares: AdminTable(
            "version counted", "version__test_set__slug", order="-version_id"
        ),
        TestSetRetirement: AdminTable(
            "version reason by created", "version__test_set__slug reason", order="-id"
        ),
        TrainingFileVersion: AdminTable(
            "__str__ project format rows sha256 by created",
            "name sha256__startswith",
            filters=("format",),
            hidden="card",
            order="-id",
        ),
        TrainingFileLine: AdminTable(
            "__str__ file line erased", "file__name", fields="file line erased", order="-id"
        ),
        Redaction: AdminTable("version run reason by created", "version__test_set__slug reason"),
        StoredDataReport: AdminTable(
            "file project rows serious important minor by created",
            "file project__slug sha256__startswith digest__startswith",
            filters=("project",),
            page=("data_report", "pk"),
            rows={"ledger_datasignoff": "report"},
            needs="project",
            queryset=lambda rows: rows.without_report(),
        ),
        Item: AdminTable(
            "key version position input tags cluster",
            "key__startswith",
            ITEM_ID,
            fields="version position key input references context tags cluster metadata",
            shortened="input",
            rows={"registry_output": "item"},
            large=True,
            queryset=lambda rows: rows.written(),
        ),
        Model: AdminTable(
            "slug project created",
            "slug project__slug",
            rows={"registry_modelversion": "model"},
            queryset=lambda rows: rows.written(),
        ),
        ModelVersion: AdminTable(
            "__str__ kind parent stage created",
            "model__slug model__project__slug notes digest__startswith",
            filters=("kind", "stage"),
            hidden="champion_of draft_until",
            editable="notes",
            page=("version", "pk"),
            rows={"registry_run": "version"},
        ),
        Run: AdminTable(
            "version test_set_version state samples created finished",
            "version__model__slug test_set_version__test_set__slug error",
            filters=("state",),
            fields="version test_set_version source samples state error created started finished",
            page=("run", "pk"),
            rows={"registry_shard": "run", "registry_output": "run"},
            inlines=(
                inline(
                    RunMetric,
                    "metric readable_mean scored unscored extraction_misses opened",
                    readonly_fields=("readable_mean", "opened"),
                ),
            ),
        ),
        Shard: AdminTable(
            "run start stop state attempts done lease_until",
            f"{RUN} error",
            filters=("state",),
            hidden="limit",
            order="-run_id start",
        ),
        Output: AdminTable(
            "item__key sample run text error latency_ms",
            "item__key__startswith",
            ITEM_ID,
            filters=(("error", EmptyFieldListFilter),),
            fields="run item sample text error latency_ms prompt_tokens completion_tokens",
            shortened="text",
            rows={"registry_score": "output"},
            large=True,
            queryset=lambda rows: rows.written(),
        ),
        Ingestion: AdminTable(
            "id project run rows by created finished",
            RUN,
            fields="run metrics rows samples digest by created",
        ),
        Metric: AdminTable("name options digest", "name digest__startswith"),
        RunMetric: AdminTable(
            "metric run mean scored unscored extraction_misses opened",
            f"metric__name {RUN}",
            hidden="scores_digest",
            order="-run_id metric_id",
            queryset=lambda rows: rows.readable(),
        ),
        Score: AdminTable(
            "output__item__key output_id metric value reason extracted",
            "output__item__key__startswith",
            ITEM_ID,
            filters=(("value", EmptyFieldListFilter),),
            large=True,
            queryset=lambda rows: rows.readable(),
        ),
        TrainingOverlap: AdminTable(
            "version test_set_version rows created",
            "version__model__slug test_set_version__test_set__slug",
        ),
        DocumentSet: AdminTable(
            "source project count digest created",
            "source project__slug digest__startswith",
            rows={"registry_documenttext": "documents"},
        ),
        DocumentText: AdminTable(
            "key documents position text",
            "key__startswith",
            "how the document's id begins",
            shortened="text",
            large=True,
        ),
        Study: AdminTable(
            "name slug project created",
            "name slug project__slug",
            hidden="lease_until lease_token advanced_runs advanced_review",
            editable="name",
            page=("study", "pk"),
            rows={"ledger_decision": "study", "reviews_campaign": "study"},
            inlines=(
                inline(StudyArm, "name role version"),
                inline(StudyTestSet, "name role test_set_version metric margin min_gain"),
            ),
        ),
        StudyArm: AdminTable(
            "name study role version",
            "name study__name version__model__slug",
            filters=("role",),
            order="-study_id position id",
        ),
        StudyTestSet: AdminTable(
            "name study role test_set_version metric margin min_gain",
            "name study__name test_set_version__test_set__slug",
            filters=("role",),
            order="-study_id position id",
        ),
        StudyRun: AdminTable(
            "arm test_set run", "arm__name test_set__name arm__study__name", order="-id"
        ),
        StudyBudget: AdminTable(
            "study arm project spent_tokens tokens spent_money money", "study arm project__slug"
        ),
        Reserved: AdminTable(
            "budget tokens money until",
            "budget__study budget__arm holder",
            needs="budget__project",
        ),
        Spending: AdminTable(
            "version run prompt_tokens completion_tokens money",
            "version__model__slug run__test_set_version__test_set__slug",
        ),
    }
)

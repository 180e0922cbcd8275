"""Decisions, looks, sign-offs, promotions and moves in the admin, all of them read-only."""

from evalhub.accounts.read_only import AdminTable, register
from evalhub.ledger.models import (
    Acceptance,
    DataSignOff,
    Decision,
    GuardLook,
    Ledger,
    LedgerLink,
    LedgerRestore,
    Look,
    NearCopies,
    Peek,
    Promotion,
    PromptTrial,
    SharedLook,
    SignOff,
    StageMove,
)

register(
    {
        Decision: AdminTable(
            "study arm verdict code_version created",
            "study__name study__slug arm digest__startswith",
            filters=("verdict",),
            page=("study", "study_id"),
            rows={"ledger_signoff": "decision", "ledger_promotion": "decision"},
        ),
        Ledger: AdminTable("name entries created", "name"),
        LedgerLink: AdminTable(
            "place kind row head",
            "kind head__startswith",
            filters=("kind",),
            fields="place kind row head",
            order="-place",
        ),
        LedgerRestore: AdminTable("name parent entries created", "name parent", order="-id"),
        Look: AdminTable(
            "test_set_version number candidate baseline study created",
            "test_set_version__test_set__slug candidate__model__slug baseline__model__slug",
            hidden="asked shares candidate_key baseline_key metric_key tries reading read_with",
            page=("test_set", "test_set_version__test_set_id"),
            order="-id",
        ),
        SharedLook: AdminTable(
            "look count created",
            "look__test_set_version__test_set__slug look__candidate__model__slug",
            order="-id",
        ),
        GuardLook: AdminTable(
            "guard primary number charged created",
            "guard__candidate__model__slug guard__test_set_version__test_set__slug",
            order="-id",
        ),
        Peek: AdminTable(
            "test_set_version number files charged created",
            "test_set_version__test_set__slug files claim__startswith",
            hidden="asked",
            order="-id",
        ),
        SignOff: AdminTable(
            "decision action verdict by created",
            "by__username decision__arm decision__study__slug digest__startswith",
            filters=("action", "verdict"),
        ),
        DataSignOff: AdminTable(
            "report verdict by created",
            "by__username report__file report__sha256__startswith digest__startswith",
            filters=("verdict",),
        ),
        NearCopies: AdminTable(
            "version earlier created", "version__test_set__slug earlier__test_set__slug"
        ),
        Acceptance: AdminTable(
            "project subject by created",
            "by__username subject__startswith",
            filters=("project",),
            order="-id",
        ),
        Promotion: AdminTable(
            "version project decision by created",
            "version__model__slug by__username",
            filters=("project",),
            page=("version", "version_id"),
            rows={"ledger_stagemove": "promotion"},
            needs="before__version__model before__project restores__version__model "
            "restores__project",
        ),
        PromptTrial: AdminTable(
            "item model by created",
            "item__key by__username model",
            page=("test_set", "item__version__test_set_id"),
            needs="item__version",
            order="-id",
        ),
        StageMove: AdminTable(
            "version was stage decision by created",
            "version__model__slug by__username",
            filters=("stage",),
            page=("version", "version_id"),
        ),
    }
)

"""Judges in the admin: looked at, never changed."""

from evalhub.accounts.read_only import AdminTable, register
from evalhub.judges.models import JudgeRun, JudgeVote

register(
    {
        JudgeRun: AdminTable(
            "judge baseline candidate state created opened",
            "judge__model__slug candidate__version__model__slug",
            filters=("state",),
            hidden="baseline_answers candidate_answers claim lease_until",
        ),
        JudgeVote: AdminTable(
            "item__key judge_run_id candidate_first choice reason",
            "item__key__startswith",
            "how the item's id begins",
            filters=("choice",),
            large=True,
            queryset=lambda rows: rows.readable(),
        ),
    }
)

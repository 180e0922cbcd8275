"""Admin pages of score cases: read only; cases are made on pages of their own."""

from evalhub.accounts.read_only import AdminTable, register
from evalhub.features.score_audits.models import ScoreAudit, ScoreCase

register(
    {
        ScoreAudit: AdminTable(
            "metric project population by created", "metric__name project__slug"
        ),
        ScoreCase: AdminTable(
            "metric project value said by created", "metric__name project__slug why"
        ),
    }
)

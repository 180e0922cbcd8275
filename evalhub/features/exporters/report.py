"""A decision as one HTML file that loads nothing from elsewhere and prints completely."""

from evalhub.accounts.models import User
from evalhub.accounts.results_seen import note_export
from evalhub.ledger.models import Decision
from evalhub.report.one_file import render_report
from evalhub.report.stored_report import stored_report


def export_report(*, decision: Decision, by: User | None) -> str:
    """The decision's report as HTML, with the items that changed most.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    note_export(decision.study.project, by=by, what=f"decision {decision.pk} as report")
    return render_report(**stored_report(decision))

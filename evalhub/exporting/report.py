"""A decision as one HTML file: nothing is loaded from elsewhere, and it prints whole."""

from collections import Counter

from evalhub.accounts.models import User
from evalhub.exporting.leaving import leaves
from evalhub.gate.changed_items import worst_flips
from evalhub.gate.differences import compared_runs, items_by_outcome
from evalhub.gate.models import Decision
from evalhub.report.one_file import MOST, render_report
from evalhub.verdict.outcomes import Outcome


def export_report(*, decision: Decision, by: User | None) -> str:
    """The decision's report as HTML, with the items that changed most.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    leaves(decision.study.project, by=by, what=f"decision {decision.pk} as report")
    record = decision.document
    flips = worst_flips(decision.study, record, MOST)
    totals: Counter[Outcome] = Counter()
    for pair in compared_runs(decision.study, record.evidence).values() if flips else ():
        for outcome, items in items_by_outcome(pair).items():
            totals[outcome] += len(items)
    return render_report(record, flips, totals=totals, digest=decision.digest)

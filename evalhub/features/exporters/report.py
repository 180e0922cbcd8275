"""A decision as one HTML file that loads nothing from elsewhere and prints completely."""

from collections import Counter

from evalhub.accounts.models import User
from evalhub.accounts.results_seen import note_export
from evalhub.decision.outcomes import Outcome
from evalhub.ledger.changed_items import worst_flips, worst_losses
from evalhub.ledger.differences import items_by_outcome, runs_of_evidence
from evalhub.ledger.models import Decision
from evalhub.report.one_file import MOST, render_report
from evalhub.report.skills import skills_of

EXAMPLES = 3
"""Items that are shown of a skill that was lost."""


def export_report(*, decision: Decision, by: User | None) -> str:
    """The decision's report as HTML, with the items that changed most.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    note_export(decision.study.project, by=by, what=f"decision {decision.pk} as report")
    record = decision.document
    flips = worst_flips(decision.study, record, MOST)
    totals: Counter[Outcome] = Counter()
    for pair in runs_of_evidence(decision.study, record.evidence).values() if flips else ():
        for outcome, items in items_by_outcome(pair).items():
            totals[outcome] += len(items)
    skills = skills_of(
        record, set(decision.study.test_sets.capability().values_list("name", flat=True))
    )
    lost = [each.criterion.test_set for each in skills.losses] if skills else []
    return render_report(
        record,
        flips,
        skills=skills,
        lost=worst_losses(decision.study, record, lost, EXAMPLES),
        totals=totals,
        digest=decision.digest,
    )

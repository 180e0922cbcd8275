"""The report of a decision that is stored here: its record, and the items that changed most."""

from collections import Counter
from functools import partial
from typing import Any

from evalhub.decision.outcomes import Outcome
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.changed_items import worst_flips, worst_losses
from evalhub.ledger.differences import ComparedRuns, items_by_outcome, runs_of_evidence
from evalhub.ledger.joint_parts import paired_parts
from evalhub.ledger.models import Decision
from evalhub.report.joint_scores import JointScoresView, joint_scores_view
from evalhub.report.one_file import MOST
from evalhub.report.skills import skills_of
from runners.metrics import metric_declaration

EXAMPLES = 3
"""Items that are shown of a skill that was lost."""


def stored_report(decision: Decision) -> dict[str, Any]:
    """The arguments of `evalhub.report.one_file.report_context` for a stored decision."""
    record = decision.document
    flips = worst_flips(decision.study, record, MOST)
    totals: Counter[Outcome] = Counter()
    arms = (record.arms.baseline.name, record.arms.candidate.name)
    invalid = record.verdict is Verdict.INVALID
    pairs = {} if invalid else runs_of_evidence(decision.study, record.evidence)
    for pair in pairs.values() if flips else ():
        for outcome, items in items_by_outcome(pair).items():
            totals[outcome] += len(items)
    skills = skills_of(
        record, set(decision.study.test_sets.capability().values_list("name", flat=True))
    )
    lost = [each.criterion.test_set for each in skills.losses] if skills else []
    return {
        "record": record,
        "flips": flips,
        "skills": skills,
        "joint": [
            joint_scores_of_runs(pair, test_set=name, arms=arms) for name, pair in pairs.items()
        ],
        "lost": worst_losses(decision.study, record, lost, EXAMPLES),
        "totals": totals,
        "digest": decision.digest,
    }


def joint_scores_of_runs(
    pair: ComparedRuns, *, test_set: str, arms: tuple[str, str]
) -> JointScoresView:
    """What lies behind two runs' scores by their metric. No query where it scores each answer
    alone."""
    declared = metric_declaration(pair.metric.name, **pair.metric.options)
    return joint_scores_view(declared, partial(paired_parts, pair), test_set=test_set, arms=arms)

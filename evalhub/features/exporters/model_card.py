"""A decision's candidate as `model-index`, for the head of a model card on Hugging Face."""

from typing import Any

import yaml

from evalhub.accounts.models import User
from evalhub.accounts.results_seen import note_export
from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.features.exporters.decisions import check_has_results
from evalhub.ledger.models import Decision

TASK = "text-generation"


def export_model_index(*, decision: Decision, by: User | None) -> str:
    """YAML between two lines of dashes, the beginning of a model card.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        ExportError: evidence that is invalid has no results; a live experiment has no test set.
    """
    check_has_results(decision)
    note_export(decision.study.project, by=by, what=f"decision {decision.pk} as model-index")
    document = {"model-index": [_model(decision)]}
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return f"---\n{text}---\n"


def _model(decision: Decision) -> dict[str, Any]:
    record = decision.document
    judged = [each for each in record.criteria if each.kind.by_metric]
    return {
        "name": record.arms.candidate.version or record.arms.candidate.name,
        "results": [_result(decision, record, each) for each in judged],
    }


def _result(decision: Decision, record: DecisionRecord, criterion: Criterion) -> dict[str, Any]:
    row = next(each for each in record.evidence if each.test_set == criterion.test_set)
    c = criterion
    return {
        "task": {"type": TASK, "name": c.name},
        "dataset": {
            "type": f"{decision.study.project.slug}/{c.test_set}",
            "name": row.version,
            "revision": row.digest,
        },
        "metrics": [
            {
                "type": c.metric,
                "name": c.metric,
                "value": c.candidate,
                "args": {
                    "baseline": record.arms.baseline.version or record.arms.baseline.name,
                    "baseline_value": c.baseline,
                    "difference": c.difference,
                    "interval": [c.lower, c.upper],
                    "confidence_level": 1 - c.alpha - c.harm_alpha,
                    "method": c.method,
                    "items": c.n,
                    "status": c.status.value,
                    "verdict": record.verdict.value,
                    "decision": decision.digest,
                },
            }
        ],
    }

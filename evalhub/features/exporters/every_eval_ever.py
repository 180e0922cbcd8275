"""A decision's two arms in the format Every Eval Ever 0.3, with our intervals.

https://evalevalai.com/every_eval_ever: an aggregate and a file of samples for each model, under
data/collection/developer/model. An arm's score has the interval of its mean; the candidate's gain
over the baseline, item by item, is a result of its own, with the interval that was judged.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from evalhub import __version__
from evalhub.accounts.models import User
from evalhub.accounts.results_seen import note_export
from evalhub.decision.align import clusters_of, weights_of
from evalhub.decision.criterion import Criterion
from evalhub.features.exporters.decisions import check_has_results
from evalhub.features.exporters.rows import AT_ONCE, ExportError
from evalhub.io.full_disk import whole_or_gone
from evalhub.ledger.differences import ComparedRuns, runs_of_evidence
from evalhub.ledger.models import Decision
from evalhub.ledger.scores import item_labels, run_scores
from evalhub.registry.models import ModelVersion, Output, Run, Score
from evalhub.report.flips import input_text
from evalhub.stats.levels import ALPHA
from evalhub.stats.paired import compare
from runners.metrics import metric_declaration
from runners.metrics.score import MetricDeclaration

SCHEMA = "0.3.0"


@dataclass(frozen=True, slots=True)
class _ExportedArm:
    """One arm of a decision: its role, its version, and its runs by test set."""

    decision: Decision
    candidate: bool
    version: ModelVersion
    compared: dict[str, ComparedRuns]

    def run(self, test_set: str) -> Run:
        runs = self.compared[test_set]
        return runs.candidate if self.candidate else runs.baseline

    def metric(self, test_set: str) -> MetricDeclaration:
        metric = self.compared[test_set].metric
        return metric_declaration(metric.name, **metric.options)

    @property
    def model(self) -> str:
        return f"{self.version.model.slug}-v{self.version.number}"

    @property
    def developer(self) -> str:
        return self.decision.study.project.slug

    @property
    def evaluation_id(self) -> str:
        return f"{self.decision.study.slug}/{self.developer}_{self.model}/{self.retrieved}"

    @property
    def retrieved(self) -> str:
        return f"{self.decision.created.timestamp():.0f}"

    @property
    def folder(self) -> Path:
        return Path("data", self.decision.study.slug, self.developer, self.model)

    @property
    def name(self) -> str:
        """A UUID that is always the same for a decision and arm, in the form of a random one."""
        of = f"{self.decision.digest} {self.version.digest} {self.candidate}"
        return str(UUID(bytes=hashlib.sha256(of.encode()).digest()[:16], version=4))

    @property
    def aggregate(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def samples(self) -> Path:
        return self.folder / f"{self.name}_samples.jsonl"


def export_every_eval_ever(*, decision: Decision, by: User | None, to: Path) -> list[Path]:
    """Writes both arms' files below the folder `to`. Returns their names.

    Answers without a score are no samples; their number stands beside the score.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        ExportError: invalid evidence has no results, and a live experiment no test set; or an arm
            is another version by now.
    """
    check_has_results(decision)
    arms = _arms(decision)
    note_export(decision.study.project, by=by, what=f"decision {decision.pk} as Every Eval Ever")
    files = [path for arm in arms for path in (to / arm.aggregate, to / arm.samples)]
    with whole_or_gone(*files):
        for arm in arms:
            _write_arm(arm, to)
    return files


def _write_arm(arm: _ExportedArm, to: Path) -> None:
    (to / arm.folder).mkdir(parents=True, exist_ok=True)
    rows, digest = _write(to / arm.samples, _samples(arm))
    detailed = {
        "format": "jsonl",
        "file_path": str(arm.samples),
        "hash_algorithm": "sha256",
        "checksum": digest,
        "total_rows": rows,
    }
    document = _aggregate(arm) | {"detailed_evaluation_results": detailed}
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    with whole_or_gone(to / arm.aggregate):
        (to / arm.aggregate).write_text(f"{text}\n", encoding="utf-8")


def _arms(decision: Decision) -> list[_ExportedArm]:
    record = decision.document
    compared = runs_of_evidence(decision.study, record.evidence)
    arms = []
    for arm_record in (record.arms.baseline, record.arms.candidate):
        arm = (
            decision.study.arms.select_related("version__model")
            .filter(name=arm_record.name)
            .first()
        )
        if arm is None or arm.version.digest != arm_record.digest:
            raise ExportError(f"{arm_record.name} is another version by now: decide again")
        arms.append(
            _ExportedArm(decision, arm_record == record.arms.candidate, arm.version, compared)
        )
    return arms


def _criteria(arm: _ExportedArm) -> list[Criterion]:
    judged = arm.decision.document.criteria
    return [
        criterion
        for criterion in judged
        if criterion.kind.by_metric and criterion.test_set in arm.compared
    ]


def _aggregate(arm: _ExportedArm) -> dict[str, Any]:
    decision, record = arm.decision, arm.decision.document
    results = []
    for criterion in _criteria(arm):
        results.append(_score(arm, criterion))
        if arm.candidate:
            results.append(_gain(arm, criterion))
    return {
        "schema_version": SCHEMA,
        "evaluation_id": arm.evaluation_id,
        "evaluation_timestamp": decision.created.isoformat(),
        "retrieved_timestamp": arm.retrieved,
        "source_metadata": {
            "source_name": "Evalhub",
            "source_type": "evaluation_run",
            "source_organization_name": decision.study.project.name,
            "evaluator_relationship": "first_party",
            "additional_details": {
                "study": decision.study.name,
                "verdict": record.verdict.value if arm.candidate else "",
                "decision": decision.digest,
            },
        },
        "eval_library": {"name": "evalhub", "version": __version__},
        "model_info": {
            "name": str(arm.version),
            "id": f"{arm.developer}/{arm.model}",
            "developer": arm.developer,
            "additional_details": {
                "deployment_type": "unknown",
                "model_availability": "unknown",
                "kind": arm.version.kind,
                "digest": arm.version.digest,
            },
        },
        "evaluation_results": results,
    }


def _score(arm: _ExportedArm, criterion: Criterion) -> dict[str, Any]:
    """The arm's mean as the decision has it, with its interval."""
    c, run = criterion, arm.run(criterion.test_set)
    scores = run_scores(run, arm.compared[c.test_set].metric, item_labels(run.test_set_version))
    value = c.candidate if arm.candidate else c.baseline
    details = {"unscored": str(scores.arm.unscored), "status": c.status.value}
    return {
        "evaluation_result_id": c.name,
        "evaluation_name": c.name,
        "source_data": _source(arm, c),
        "metric_config": _metric(arm, c),
        "score_details": {
            "score": value,
            "details": details if arm.candidate else {"unscored": details["unscored"]},
            **_uncertainty(arm, c, value),
        },
    }


def _gain(arm: _ExportedArm, criterion: Criterion) -> dict[str, Any]:
    """The candidate's gain per item as the decision has it; positive is better."""
    c, record = criterion, arm.decision.document
    reach = arm.metric(c.test_set).reach
    return {
        "evaluation_result_id": f"{c.name}/gain",
        "evaluation_name": f"{c.name}: gain over {record.arms.baseline.version}",
        "source_data": _source(arm, c),
        "metric_config": {
            "metric_name": f"paired gain in {c.metric}",
            "metric_unit": c.unit or "proportion",
            "lower_is_better": False,
            "score_type": "continuous",
            **_ends(reach and (reach[0] - reach[1], reach[1] - reach[0])),
        },
        "score_details": {
            "score": c.difference,
            "details": {
                "baseline": str(record.arms.baseline.version),
                "baseline_score": repr(c.baseline),
                "requires": c.requires,
                "status": c.status.value,
                "p_value": repr(c.p_value),
                "test": c.test,
            },
            "uncertainty": {
                "confidence_interval": {
                    "lower": c.lower,
                    "upper": c.upper,
                    "confidence_level": 1 - c.alpha - c.harm_alpha,
                    "method": c.method,
                },
                "standard_deviation": c.sd,
                "num_samples": c.n,
            },
        },
    }


def _source(arm: _ExportedArm, criterion: Criterion) -> dict[str, Any]:
    version = arm.run(criterion.test_set).test_set_version
    return {
        "dataset_name": criterion.test_set,
        "source_type": "other",
        "additional_details": {"version": str(version), "digest": version.digest},
    }


def _metric(arm: _ExportedArm, criterion: Criterion) -> dict[str, Any]:
    metric = arm.metric(criterion.test_set)
    return {
        "metric_name": criterion.metric,
        "metric_unit": criterion.unit or "proportion",
        "lower_is_better": not criterion.higher_is_better,
        "score_type": "binary" if metric.binary else "continuous",
        **_ends(metric.reach),
    }


def _ends(reach: tuple[float, float] | None) -> dict[str, Any]:
    """Smallest and largest value; unbounded ends as the schema writes them."""
    least, most = reach or ("-Infinity", "Infinity")
    return {"min_score": least, "max_score": most}


def _uncertainty(arm: _ExportedArm, criterion: Criterion, value: float) -> dict[str, Any]:
    """Interval of the arm's own mean: its scores compared with 0, by the method for two arms.

    Nothing where the mean that was judged is of other items: those that chose the baseline were
    left out, or earlier looks' scores stand in it.
    """
    compared = arm.compared[criterion.test_set]
    labels = item_labels(compared.baseline.test_set_version)
    means = [
        run_scores(run, compared.metric, labels).arm.means(len(labels))
        for run in (compared.baseline, compared.candidate)
    ]
    complete = ~np.isnan(means[0]) & ~np.isnan(means[1])
    values = means[1 if arm.candidate else 0][complete]
    items = [each for each, whole in zip(labels, complete, strict=True) if whole]
    mix = arm.decision.study.test_sets.get(name=criterion.test_set).mix
    comparison = compare(
        np.zeros(len(values)),
        values,
        clusters=clusters_of([each.cluster for each in items]),
        weights=weights_of(items, mix),
        alpha=ALPHA,
    )
    if abs(comparison.candidate - value) > 1e-9 * max(1.0, abs(value)):
        return {}
    return {
        "uncertainty": {
            "confidence_interval": {
                "lower": comparison.lower,
                "upper": comparison.upper,
                "confidence_level": 1 - 2 * ALPHA,
                "method": comparison.method,
            },
            "standard_deviation": comparison.sd,
            "num_samples": comparison.n,
        }
    }


def _samples(arm: _ExportedArm) -> Iterator[dict[str, Any]]:
    for criterion in _criteria(arm):
        best = (arm.metric(criterion.test_set).reach or (0.0, 1.0))[criterion.higher_is_better]
        run, of = arm.run(criterion.test_set), arm.compared[criterion.test_set].metric
        scores = Score.objects.readable().filter(output__run=run, metric=of).exclude(value=None)
        ordered = scores.order_by("output__item__position", "output__sample")
        for score in ordered.select_related("output__item").iterator(chunk_size=AT_ONCE):
            yield _sample(arm, criterion, score.output, float(score.value or 0.0), best)


def _sample(
    arm: _ExportedArm, criterion: Criterion, output: Output, value: float, best: float
) -> dict[str, Any]:
    item = output.item
    raw = "\n\n".join(part for part in (item.context, input_text(item.input)) if part)
    references = [
        reference if isinstance(reference, str) else json.dumps(reference, ensure_ascii=False)
        for reference in item.references
    ]
    prompt, completion = output.prompt_tokens, output.completion_tokens
    tokens = None
    if prompt is not None and completion is not None:
        total = prompt + completion
        tokens = {"input_tokens": prompt, "output_tokens": completion, "total_tokens": total}
    text = output.text or ""
    return {
        "schema_version": SCHEMA,
        "evaluation_id": arm.evaluation_id,
        "model_id": f"{arm.developer}/{arm.model}",
        "evaluation_name": criterion.name,
        "evaluation_result_id": criterion.name,
        "sample_id": f"{item.key}#{output.sample}" if output.sample else item.key,
        "sample_hash": hashlib.sha256("".join([raw, *references]).encode()).hexdigest(),
        "interaction_type": "single_turn",
        "input": {"raw": raw, "reference": references},
        "output": {"raw": [text]},
        "answer_attribution": [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": text,
                "extraction_method": "custom",
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": value, "is_correct": value == best},
        "token_usage": tokens,
        "performance": None if output.latency_ms is None else {"latency_ms": output.latency_ms},
        "error": output.error or None,
        "metadata": {"tags": ", ".join(item.tags)} if item.tags else None,
    }


def _write(path: Path, rows: Iterator[dict[str, Any]]) -> tuple[int, str]:
    """Writes the rows. Returns their number and the file's SHA-256."""
    count, digest = 0, hashlib.sha256()
    with whole_or_gone(path), path.open("wb") as file:
        for row in rows:
            line = json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"
            digest.update(line)
            file.write(line)
            count += 1
    return count, digest.hexdigest()

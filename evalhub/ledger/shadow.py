"""What a decision's record says of test sets that are samples of production's requests."""

from collections.abc import Sequence

import numpy as np

from evalhub.decision.sections.shadow import COST_SCORE, AnswerCosts, ShadowRow, ShadowSection
from evalhub.declare.declaration import validate
from evalhub.ledger.measured_costs import run_costs
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import (
    MIRRORED_BUILD,
    Output,
    Run,
    SampledRequest,
    StudyArm,
    TrafficSample,
)
from evalhub.stats.sampling import weighted_quantiles

QUANTILES = (0.5, 0.95)


def shadow_section(
    evidence: StudyEvidence, baseline: StudyArm, arm: StudyArm
) -> ShadowSection | None:
    """The section; None where no test set is such a sample. A few queries a sample."""
    test_sets = [each for each in evidence.test_sets if not each.form]
    rows = [
        _row(
            each.test_set_version.traffic_sample,
            each.name,
            evidence.run(baseline, each),
            evidence.run(arm, each),
        )
        for each in test_sets
        if hasattr(each.test_set_version, "traffic_sample")
    ]
    if not rows:
        return None
    second = any((baseline.pk, each.pk) in evidence.repeats for each in test_sets)
    return ShadowSection(second_answer=second, test_sets=tuple(rows))


def costs_not_comparable(baseline: Run, candidate: Run) -> str:
    """Why what two runs' answers to a sample of requests took and cost can't be compared; "" where
    they can, or where the items are no such sample."""
    sample = hasattr(baseline.test_set_version, "traffic_sample")
    if not sample or _is_mirrored(baseline, candidate) or _asked_together(baseline, candidate):
        return ""
    return "the arms weren't asked by one runner in turn, nor by a mirror"


def _row(sample: TrafficSample, name: str, baseline: Run, candidate: Run) -> ShadowRow:
    mirrored = _is_mirrored(baseline, candidate)
    together = _asked_together(baseline, candidate)
    answered = SampledRequest.objects.filter(item__version=sample.version, is_baseline=True)
    stands = answered.order_by().values("item").distinct().count()
    items = sample.version.item_count
    return ShadowRow(
        test_set=name,
        model=sample.model_name,
        items=items,
        requests=sample.requests,
        drawn=sample.drawn,
        seen_before=sample.seen_before,
        asked_again=0 if mirrored or together else items - stands,
        mirrored=mirrored,
        asked_together=together,
        users=sample.users,
        largest_user=sample.largest_user,
        production=validate(AnswerCosts, sample.recorded) if sample.recorded else None,
        candidate=_answer_costs(candidate),
    )


def _is_mirrored(baseline: Run, candidate: Run) -> bool:
    """Whether the recorded answers are those to mirrored copies, as the candidate's build says."""
    build = str(candidate.version.backend.get("build") or "")
    return bool(baseline.source and candidate.source) and build.startswith(MIRRORED_BUILD)


def _asked_together(baseline: Run, candidate: Run) -> bool:
    """Whether both were asked anew, and neither had ended when the other was launched: workers take
    the runs that go on in turn."""
    runs = (baseline, candidate)
    if any(run.source or run.reused or run.finished is None for run in runs):
        return False
    ends = [run.finished for run in runs if run.finished is not None]
    return max(run.enqueued for run in runs) < min(ends)


def _answer_costs(run: Run) -> AnswerCosts | None:
    rows = Output.objects.filter(run=run, error="").order_by()
    latencies: list[tuple[float, float]] = []
    prices: list[tuple[float, float]] = []
    for latency, scores, weight in rows.values_list("latency_ms", "given_scores", "item__weight"):
        price, stands_for = (scores or {}).get(COST_SCORE), 1.0 if weight is None else weight
        latencies += [] if latency is None else [(latency, stands_for)]
        prices += [] if price is None else [(price, stands_for)]
    money = run_costs([run.pk])[run.pk].money
    if not latencies and not prices and money is None:
        return None
    p50, p95 = _quantiles(latencies)
    return AnswerCosts(
        answers=max(len(latencies), len(prices)) or (money.n if money else 0),
        latency_p50_ms=p50,
        latency_p95_ms=p95,
        cost_usd=money.mean if money else _mean(prices),
    )


def _mean(rows: Sequence[tuple[float, float]]) -> float | None:
    """The weighted mean of (value, weight)."""
    if not rows:
        return None
    values, weights = np.array(rows).T
    return float(values @ weights / weights.sum())


def _quantiles(rows: Sequence[tuple[float, float]]) -> tuple[float | None, float | None]:
    if not rows:
        return None, None
    values, weights = np.array(rows).T
    p50, p95 = weighted_quantiles(values, weights, QUANTILES)
    return p50, p95

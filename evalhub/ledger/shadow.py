"""What a decision's record says of test sets that are samples of production's requests."""

from evalhub.decision.sections.shadow import ShadowRow, ShadowSection
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import Output, Run, SampledRequest, StudyArm, TrafficSample


def shadow_section(evidence: StudyEvidence, baseline: StudyArm) -> ShadowSection | None:
    """The section; None where no test set is such a sample. Two queries a sample."""
    test_sets = [each for each in evidence.test_sets if not each.form]
    rows = [
        _row(each.test_set_version.traffic_sample, each.name, evidence.run(baseline, each))
        for each in test_sets
        if hasattr(each.test_set_version, "traffic_sample")
    ]
    if not rows:
        return None
    second = any((baseline.pk, each.pk) in evidence.repeats for each in test_sets)
    return ShadowSection(second_answer=second, test_sets=tuple(rows))


def _row(sample: TrafficSample, name: str, baseline: Run) -> ShadowRow:
    mirrored = _is_mirrored(baseline)
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
        asked_again=0 if mirrored else items - stands,
        mirrored=mirrored,
        users=sample.users,
        largest_user=sample.largest_user,
    )


def _is_mirrored(baseline: Run) -> bool:
    """Whether the recorded answers say how long they took, which those for a replay don't."""
    timed = Output.objects.filter(run=baseline, latency_ms__isnull=False)
    return bool(baseline.source) and timed.exists()

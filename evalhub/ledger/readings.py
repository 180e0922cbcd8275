"""Results on a study's development sets: to be read at any time, never for a verdict."""

from itertools import compress

from evalhub.decision.align import clusters_of, pair_scores, weights_of
from evalhub.declare.decision import Reading
from evalhub.ledger.scores import item_labels, run_scores
from evalhub.registry.models import Study, StudyArm, StudyRun, StudyTestSet
from evalhub.registry.models.runs import UNFINISHED
from evalhub.registry.models.studies import ArmRole
from evalhub.stats.paired import compare
from runners.metrics import metric_declaration


def readings_of(study: Study) -> list[Reading]:
    """Each arm compared with the baseline on each development set that both have answered."""
    links = {
        (link.test_set_id, link.arm_id): link
        for link in StudyRun.objects.filter(
            arm__study=study, test_set__in=study.test_sets.development(), repeat=0
        )
        .exclude(run__state__in=UNFINISHED)
        .select_related("arm", "run__test_set_version")
    }
    test_sets = study.test_sets.development().select_related("metric", "test_set_version")
    baseline = study.arms.get(role=ArmRole.BASELINE)
    return [
        reading
        for test_set in test_sets
        for arm in study.arms.exclude(pk=baseline.pk)
        if (test_set.pk, arm.pk) in links and (test_set.pk, baseline.pk) in links
        if (
            reading := _reading(
                test_set, arm, links[test_set.pk, baseline.pk], links[test_set.pk, arm.pk]
            )
        )
    ]


def _reading(
    test_set: StudyTestSet, arm: StudyArm, before: StudyRun, after: StudyRun
) -> Reading | None:
    """The comparison; None where fewer than two items have both arms' scores."""
    items = item_labels(test_set.test_set_version)
    arms = [run_scores(link.run, test_set.metric, items).arm for link in (before, after)]
    whole, *scores = pair_scores(len(items), *arms)
    if whole.sum() < 2:
        return None
    metric = metric_declaration(test_set.metric.name, **test_set.metric.options)
    rising = metric.rises
    worse, better = scores if rising else reversed(scores)
    scored = list(compress(items, whole))
    comparison = compare(
        worse,
        better,
        clusters=clusters_of([each.cluster for each in scored]),
        weights=weights_of(scored, None),
        bounds=metric.reach,
    )
    value, candidate = comparison.baseline, comparison.candidate
    if not rising:
        value, candidate = candidate, value
    return Reading(
        test_set=test_set.name,
        metric=test_set.metric.name,
        arm=arm.name,
        n=comparison.n,
        left_out=len(items) - comparison.n,
        baseline=value,
        candidate=candidate,
        difference=comparison.difference,
        lower=comparison.lower,
        upper=comparison.upper,
    )

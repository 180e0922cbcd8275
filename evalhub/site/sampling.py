"""Facts about a criterion that only the database has: answers for each item, and people's time."""

from statistics import median
from urllib.parse import urlencode

from django.db.models.functions import Coalesce
from django.urls import reverse

from evalhub.decision.align import pair_scores
from evalhub.decision.criterion import Criterion
from evalhub.ledger.differences import ComparedRuns, runs_of_evidence
from evalhub.ledger.models import Decision
from evalhub.ledger.scores import item_labels, run_scores
from evalhub.report.power_advice import EvidenceSampling
from evalhub.site.queries import judgments_of_study
from evalhub.stats.paired import VarianceSplit, variance_split


def sampling_of(decision: Decision, criterion: Criterion) -> EvidenceSampling:
    """How the evidence of one criterion of `decision` was sampled."""
    if criterion.kind.counts_judgments:
        return _of_people(decision, criterion)
    runs = runs_of_evidence(decision.study, decision.document.evidence).get(criterion.test_set)
    if runs is None:
        return EvidenceSampling()
    samples = min(runs.baseline.samples, runs.candidate.samples)
    return EvidenceSampling(samples=samples, split=_split(runs) if samples > 1 else None)


def flips_of(decision: Decision, criterion: Criterion) -> str:
    """The link to a criterion's changed items; "" for one that has none."""
    if not criterion.kind.by_metric:
        return ""
    query = urlencode({"tab": "answers", "arm": decision.arm, "test_set": criterion.test_set})
    return f"{reverse('site:study', args=[decision.study_id])}?{query}"


def _of_people(decision: Decision, criterion: Criterion) -> EvidenceSampling:
    per_item = criterion.n / criterion.clusters if criterion.clusters else 1.0
    took = judgments_of_study(decision.study).annotate(took=Coalesce("visible_seconds", "seconds"))
    seconds = list(took.filter(took__gt=0).values_list("took", flat=True))
    if not seconds:
        return EvidenceSampling(judgments_per_item=per_item)
    return EvidenceSampling(judgments_per_item=per_item, seconds=median(seconds))


def _split(runs: ComparedRuns) -> VarianceSplit | None:
    """The variance of scores within and between items; None if fewer than two items have all
    answers scored."""
    items = item_labels(runs.baseline.test_set_version)
    arms = [run_scores(run, runs.metric, items).arm for run in (runs.baseline, runs.candidate)]
    full = [arm.counts(len(items)) == arm.samples for arm in arms]
    _, before, after = pair_scores(len(items), *arms, judged=full[0] & full[1])
    return variance_split(before, after) if len(before) > 1 else None

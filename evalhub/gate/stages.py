"""Which earlier look a claim adds items to: the same question, asked of more items."""

from evalhub.gate.models import Look
from evalhub.gate.scores import item_labels
from evalhub.registry.models import Item, Output, Run, TestSetVersion

RECORDED = "recorded"


def first_stages(asked: str, baseline: Run, candidate: Run) -> list[Look]:
    """The looks that a claim extends, oldest first; empty where it is a claim of its own.

    The newest look at fewer items, by the same metric and weights, at the same two arms: versions
    of one specification. Recorded answers may come from anywhere: there the answers to the items
    that were there before must be the same, too.
    """
    larger = candidate.test_set_version
    looks = (
        Look.objects.filter(
            asked=asked,
            candidate__digest=candidate.version.digest,
            baseline__digest=baseline.version.digest,
            test_set_version__item_count__lt=larger.item_count,
        )
        .select_related(
            "test_set_version", "candidate_run__version", "baseline_run__version", "extends"
        )
        .newest_first()
    )
    for look in looks:
        if (
            _extends(larger, look.test_set_version)
            and _goes_on(look.candidate_run, candidate)
            and _goes_on(look.baseline_run, baseline)
        ):
            return look.stages
    return []


def _extends(larger: TestSetVersion, smaller: TestSetVersion) -> bool:
    """Whether `larger` holds every item of `smaller` unchanged, and new ones that stand apart.

    New items of a cluster that was there before, or with the text of an item that was, aren't
    independent of what was seen.
    """
    before, after = _contents(smaller), _contents(larger)
    if any(after.get(key) != digest for key, digest in before.items()):
        return False
    labels = item_labels(larger)
    clusters = {each.cluster for each in labels if each.key in before} - {""}
    return not any(each.cluster in clusters for each in labels if each.key not in before)


def _contents(version: TestSetVersion) -> dict[str, str]:
    """By key: the digest of what an answer and its score depend on."""
    rows = Item.objects.filter(version=version).order_by()
    return dict(rows.values_list("key", "digest"))


def _goes_on(before: Run, after: Run) -> bool:
    """Whether `after` may be the same arm as `before`, as far as its answers can tell."""
    if RECORDED not in (before.version.backend["type"], after.version.backend["type"]):
        return True
    return _answers(before).items() <= _answers(after).items()


def _answers(run: Run) -> dict[tuple[str, int], str | None]:
    rows = Output.objects.filter(run=run).order_by().values_list("item__key", "sample", "text")
    return {(key, sample): text for key, sample, text in rows.iterator(chunk_size=5000)}

"""The earlier look that a claim extends: the same question on more items."""

from typing import Protocol

from django.db.models import Q

from evalhub.ledger.candidates import is_sure
from evalhub.ledger.models import Look
from evalhub.ledger.same_items import SameItems
from evalhub.ledger.scores import item_labels
from evalhub.registry.models import Item, Output, Run, TestSetVersion
from evalhub.registry.models.versions import VersionStage

RECORDED = "recorded"


class ExtendingClaim(Protocol):
    """The part of evalhub.ledger.positions.Claim that is read here."""

    @property
    def question_digest(self) -> str: ...
    @property
    def baseline(self) -> Run: ...
    @property
    def candidate(self) -> Run: ...
    @property
    def baseline_key(self) -> str: ...
    @property
    def candidate_key(self) -> str: ...


def extended_looks(claim: ExtendingClaim, shared: SameItems) -> list[Look]:
    """The looks that a claim extends, oldest first; empty where it is a claim of its own.

    The newest look by the same metric and weights at the same two arms, at items that this claim
    adds to: all of them are there, or none is, where they are another part of the same test set or
    another draw of the same pool. Recorded answers may come from anywhere: there the answers to the
    items that were there before must be the same, too, and another part may only be asked of a
    build that is stated. A champion that is evaluated again begins anew.
    """
    version = claim.candidate.test_set_version
    if claim.candidate.version.stage == VersionStage.CHAMPION:
        return []
    looks = (
        Look.objects.filter(
            Q(candidate_key=claim.candidate_key)
            | Q(candidate__digest=claim.candidate.version.digest),
            Q(baseline_key=claim.baseline_key) | Q(baseline__digest=claim.baseline.version.digest),
            asked=claim.question_digest,
        )
        .select_related(
            "test_set_version", "candidate_run__version", "baseline_run__version", "extends"
        )
        .newest_first()
    )
    sure = is_sure(claim.candidate.version) and is_sure(claim.baseline.version)
    for look in looks:
        before = look.test_set_version
        if before.test_set_id == version.test_set_id and before.pk not in shared.of(version):
            if sure:
                return look.with_extended
        elif (
            before.item_count < version.item_count
            and _extends(version, before)
            and _goes_on(look.candidate_run, claim.candidate)
            and _goes_on(look.baseline_run, claim.baseline)
        ):
            return look.with_extended
    return []


def _extends(larger: TestSetVersion, smaller: TestSetVersion) -> bool:
    """Whether `larger` holds every item of `smaller` unchanged, and new items in clusters of their
    own.

    New items of a cluster that was there before, or with the text of an item that was, aren't
    independent of what was seen.
    """
    before, after = contents_of(smaller), contents_of(larger)
    if any(after.get(key) != digest for key, digest in before.items()):
        return False
    labels = item_labels(larger)
    clusters = {each.cluster for each in labels if each.key in before} - {""}
    return not any(each.cluster in clusters for each in labels if each.key not in before)


def contents_of(version: TestSetVersion) -> dict[str, str]:
    """By key, the digest of everything that an answer and its score depend on."""
    rows = Item.objects.filter(version=version).order_by()
    return dict(rows.values_list("key", "digest"))


def _goes_on(before: Run, after: Run) -> bool:
    """Whether `after` may be the same arm as `before`, judging by their answers."""
    if RECORDED not in (before.version.backend["type"], after.version.backend["type"]):
        return True
    return _answers(before).items() <= _answers(after).items()


def _answers(run: Run) -> dict[tuple[str, int], str | None]:
    rows = Output.objects.filter(run=run).order_by().values_list("item__key", "sample", "text")
    return {(key, sample): text for key, sample, text in rows.iterator(chunk_size=5000)}

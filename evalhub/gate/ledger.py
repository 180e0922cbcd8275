"""The test sets' ledger: who was judged on them before, and what the next look costs.

A look is a verdict on a claim, that one version does better than another by one metric, from one
version of a test set. Its number stays, so that to decide again on the same items changes
nothing; another candidate, baseline, metric or weighting is another claim, and so is new items'
verdict on an old one. No verdict ("invalid") is no look.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max

from evalhub.files.canonical import digest_of
from evalhub.gate.models import Look
from evalhub.registry.models import Item, Run, Study, TestSet, TestSetVersion
from evalhub.schemas.policy import LedgerScope
from evalhub.schemas.sections import LedgerRow, LedgerSection
from evalhub.verdict.levels import extended_level, is_spent, level_of

COUNTS = ("primaries", "all", "off")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a decision says of one test set: whose run against whose, by what.

    What is charged for goes by the versions (`digest`); what was read goes by the content of the
    items and of both arms' answers, which stands beside it in the ledger.

    Attributes:
        asked: whatever else the comparison rests on (metric, weights, items held back for choosing
            an arm), as JSON. Margins and gains don't belong to it: one interval answers for all.
    """

    name: str
    primary: bool
    baseline: Run
    candidate: Run
    asked: dict[str, Any]

    @property
    def version(self) -> TestSetVersion:
        return self.candidate.test_set_version

    @property
    def digest(self) -> str:
        return digest_of({"baseline": self.baseline.version_id, **self.asked})

    @property
    def content(self) -> dict[str, str]:
        """SHA-256 of the items and of both arms' answers to them, by Look's fields."""
        return {
            "items_digest": self.version.digest,
            "candidate_answers": self.candidate.answers_digest,
            "baseline_answers": self.baseline.answers_digest,
        }


@dataclass(frozen=True, slots=True)
class LedgerPosition:
    """Where a claim stands in its test set's ledger.

    Attributes:
        number: the look's number, whether it was taken already or would be the next.
        taken: whether it was.
        first: the number of the look that this one extends; None where it extends none.
        first_id: that look's id.
        changed: the claim was judged before on other items that these don't extend.
        refused: why these items can't be judged on any more; "" where they can.
    """

    number: int
    taken: bool
    first: int | None = None
    first_id: int | None = None
    changed: bool = False
    refused: str = ""


def positions_of(claims: Sequence[Claim]) -> list[LedgerPosition]:
    """Where each claim stands now; nothing is written."""
    test_sets = {claim.version.test_set_id for claim in claims}
    latest = dict(
        Look.objects.filter(test_set__in=test_sets)
        .order_by()
        .values_list("test_set")
        .annotate(Max("number"))
    )
    candidates = {claim.candidate.version_id for claim in claims}
    looks = list(
        Look.objects.filter(test_set__in=test_sets, candidate__in=candidates)
        .select_related("extends", "test_set_version__test_set")
        .newest_first()
    )
    return [
        _position(
            claim,
            [
                look
                for look in looks
                if look.test_set_id == claim.version.test_set_id
                and look.candidate_id == claim.candidate.version_id
                and look.claim == claim.digest
            ],
            latest.get(claim.version.test_set_id, 0) + 1,
        )
        for claim in claims
    ]


def take(claims: Sequence[Claim], positions: Sequence[LedgerPosition], *, study: Study) -> bool:
    """Writes the looks that `positions` says are still to be taken; for one transaction.

    False, and nothing is written, where another decision came between: the claims stand elsewhere
    now and must be judged anew.
    """
    ids = sorted({claim.version.test_set_id for claim in claims})
    list(TestSet.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    if positions_of(claims) != list(positions):
        return False
    Look.objects.bulk_create(
        Look(
            test_set=claim.version.test_set,
            number=position.number,
            test_set_version=claim.version,
            candidate=claim.candidate.version,
            baseline=claim.baseline.version,
            claim=claim.digest,
            candidate_run=claim.candidate,
            baseline_run=claim.baseline,
            extends_id=position.first_id,
            study=study,
            **claim.content,
        )
        for claim, position in zip(claims, positions, strict=True)
        if not position.taken
    )
    return True


def _position(claim: Claim, own: Iterable[Look], following: int) -> LedgerPosition:
    """`own` are the claim's looks at this test set, the newest first."""
    looks = list(own)
    here = next((look for look in looks if look.test_set_version_id == claim.version.pk), None)
    if here is not None:
        if here.extends is not None:
            return LedgerPosition(here.number, True, here.extends.number, here.extends.pk)
        changed = any(look.number < here.number for look in looks)
        return LedgerPosition(here.number, True, changed=changed)
    for look in looks:
        if _extends(claim.version, look.test_set_version):
            if look.extends is not None:
                return LedgerPosition(following, False, refused=_refusal(claim, look))
            return LedgerPosition(following, False, look.number, look.pk)
    return LedgerPosition(following, False, changed=bool(looks))


def _refusal(claim: Claim, look: Look) -> str:
    return (
        f"{claim.name} has been extended once already ({look.test_set_version}), and one extension "
        "is what the levels allow for: judge this candidate on a fresh test set"
    )


def _extends(larger: TestSetVersion, smaller: TestSetVersion) -> bool:
    """Whether `larger` holds every item of `smaller` unchanged, and new ones that stand apart.

    New items of a cluster that was there before aren't independent of what was seen.
    """
    if larger.item_count <= smaller.item_count:
        return False
    before, after = _contents(smaller), _contents(larger)
    if any(after.get(key, ("", ""))[1] != digest for key, (_, digest) in before.items()):
        return False
    clusters = {cluster for cluster, _ in before.values()} - {""}
    return not any(after[key][0] in clusters for key in after.keys() - before.keys())


def _contents(version: TestSetVersion) -> dict[str, tuple[str, str]]:
    """By key: the item's cluster, and the digest of what an answer and its score depend on."""
    rows = Item.objects.filter(version=version).values_list("key", "cluster", "digest")
    return {key: (cluster, digest) for key, cluster, digest in rows}


@dataclass(frozen=True, slots=True)
class Charge:
    """What a decision pays: the level of all its bounds, and the record's section."""

    level: float
    section: LedgerSection | None


def charge(
    claims: Sequence[Claim],
    positions: Sequence[LedgerPosition],
    *,
    counts: LedgerScope,
    alpha: float,
    arms: int,
) -> Charge:
    """The level that a decision is judged at.

    The strictest of the test sets that count: the primaries ("primaries") or all of them ("all"),
    and in both cases those on which the claim was judged before with other items. "off" counts
    nothing and divides alpha over the study's arms.
    """
    if counts == "off":
        return Charge(alpha / arms, None)
    plain = any(position.changed for position in positions)
    rows, levels = [], [level_of(1, alpha=alpha)]
    for claim, position in zip(claims, positions, strict=True):
        level = level_of(position.number, alpha=alpha)
        if position.first is not None and not plain:
            level = extended_level(position.first, position.number, alpha=alpha)
        again = position.first is not None or position.changed
        counted = counts == "all" or claim.primary or again
        if counted:
            levels.append(level)
        rows.append(
            LedgerRow(
                test_set=claim.name,
                number=position.number,
                level=level,
                counted=counted,
                extends=position.first,
                spent=is_spent(position.number, alpha=alpha),
            )
        )
    level = min(levels)
    section = LedgerSection(
        counts=counts,
        alpha=alpha,
        level=level,
        test_sets=tuple(rows),
        spent=any(row.spent and row.counted for row in rows),
    )
    return Charge(level, section)

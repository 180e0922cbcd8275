"""Claims of files in the form that is sent to a site, and the site's charge in reply. Pure.

Ids are left out where fingerprints say what the items are, tags where no mix weighs them; a
cluster goes as a number.
"""

from typing import TYPE_CHECKING, cast

import numpy as np
from pydantic import Field

from evalhub.decision.arm_scores import ArmScores, ItemLabel
from evalhub.decision.charge import Charge
from evalhub.decision.criterion import NextLook
from evalhub.decision.requirements import Requirement
from evalhub.decision.sections.ledger import LedgerSection
from evalhub.declare.declaration import Declaration
from evalhub.declare.peeks import SentArm, SentClaim, SentItems
from evalhub.ledger.file_claims import FileCharge, FileClaim

if TYPE_CHECKING:
    from evalhub.declare.roles import DemandRole


class PeekCharge(Declaration):
    """What the ledger leaves to files: at which levels they are judged."""

    registered: bool = Field(
        description="the site knows items of every critical claim's test set, so that a ledger "
        "counts the look"
    )
    level: float = Field(description="of what has no level of its own")
    levels: dict[str, float] = Field(description="by test set, the levels that differ from it")
    next_looks: dict[str, NextLook] = Field(
        description="by test set, how it would be judged once items were added to it"
    )
    refused: tuple[str, ...] = Field(
        description="why nothing is left to judge by: then the evidence is invalid, and takes no "
        "number"
    )
    ledger: LedgerSection | None = Field(
        description="the look of each test set, as a record has it; null: no ledger counts it, "
        "since the site knows none of the items in this project or the policy says `off`"
    )


def to_sent_claim(claim: FileClaim) -> SentClaim:
    """The claim in the form that is sent. Raises pydantic.ValidationError where no site would take
    it."""
    requirement = claim.requirement
    count = len(claim.items)
    return SentClaim(
        test_set=requirement.test_set,
        role=cast("DemandRole", requirement.role),
        tier=requirement.tier,
        metric=claim.metric,
        options=None if claim.options is None else dict(claim.options),
        higher_is_better=requirement.higher_is_better,
        mix=dict(claim.mix) if claim.mix else None,
        measured=claim.measured,
        items=_items_to_send(claim),
        baseline=_arm_to_send(claim.baseline, count),
        candidate=_arm_to_send(claim.candidate, count),
    )


def _items_to_send(claim: FileClaim) -> SentItems:
    prints, items = claim.prints, claim.items
    numbers: dict[str, int] = {}
    clusters = [
        numbers.setdefault(item.cluster, len(numbers) + 1) if item.cluster else 0 for item in items
    ]
    has_context = prints is not None and any(own != whole for own, whole in prints)
    return SentItems(
        ids=tuple(each.key for each in items) if prints is None else (),
        fingerprints=tuple(own for own, _ in prints or ()),
        in_context=tuple(whole for _, whole in prints or ()) if has_context else (),
        clusters=tuple(clusters) if numbers else (),
        weights=tuple(each.weight for each in items)
        if any(each.weight is not None for each in items)
        else (),
        tags=tuple(tuple(each.tags) for each in items) if claim.mix else (),
    )


def _arm_to_send(arm: ArmScores, items: int) -> SentArm:
    scores = tuple(None if np.isnan(value) else float(value) for value in arm.values)
    one_each = len(arm.item_indices) == items and bool((arm.item_indices == np.arange(items)).all())
    return SentArm(scores=scores, places=() if one_each else tuple(arm.item_indices.tolist()))


def from_sent_claim(sent: SentClaim) -> FileClaim:
    """The claim that was received, for evalhub.ledger.peeking."""
    items = sent.items
    requirement = Requirement(
        name=sent.test_set,
        role=sent.role,
        test_set=sent.test_set,
        metric=sent.metric,
        higher_is_better=sent.higher_is_better,
        tier=sent.tier,
    )
    labels = [
        ItemLabel(
            items.ids[i] if items.ids else str(i),
            str(items.clusters[i]) if items.clusters and items.clusters[i] else "",
            items.tags[i] if items.tags else (),
            items.weights[i] if items.weights else None,
        )
        for i in range(items.count)
    ]
    prints = list(zip(items.fingerprints, items.in_context or items.fingerprints, strict=True))
    return FileClaim(
        requirement,
        labels,
        prints or None,
        _arm_from("baseline", sent.baseline),
        _arm_from("candidate", sent.candidate),
        sent.metric,
        sent.options,
        sent.mix,
        sent.measured,
    )


def _arm_from(name: str, sent: SentArm) -> ArmScores:
    indices = np.array(sent.places or range(len(sent.scores)), dtype=np.intp)
    return ArmScores(name, indices, np.array(sent.scores, dtype=float))


def to_peek_charge(charged: FileCharge | None, *, alpha: float) -> PeekCharge:
    """A site's reply; None: no ledger counts the claims, and `alpha` stays as it is."""
    if charged is None:
        return PeekCharge(
            registered=False, level=alpha, levels={}, next_looks={}, refused=(), ledger=None
        )
    paid = charged.paid
    return PeekCharge(
        registered=charged.registered,
        level=paid.level,
        levels=dict(paid.alphas),
        next_looks=dict(paid.extended),
        refused=tuple(paid.refused),
        ledger=paid.section,
    )


def from_peek_charge(sent: PeekCharge) -> FileCharge | None:
    """The charge in a site's reply."""
    if sent.ledger is None:
        return None
    section = sent.ledger
    paid = Charge(
        sent.level, sent.levels, sent.next_looks, section.test_sets, section, sent.refused
    )
    return FileCharge(paid, sent.registered)

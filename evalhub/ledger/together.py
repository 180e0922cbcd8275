"""Arms of one study that share a look: those that are unread when the first one is decided.

They are registered, answered and complete before any result of theirs can be seen, so that what
the look may spend is spent once over all of them (`evalhub.stats.max_t`). An arm that is added
later, or that wasn't complete then, takes a number of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.align import Aligned
from evalhub.decision.levels import Together, readings_worth
from evalhub.declare.policy import LedgerScope
from evalhub.ledger.ledger import Claim, paying_claims
from evalhub.ledger.models import Look, Peek
from evalhub.ledger.scores import Pairing
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import StudyArm
from evalhub.stats.max_t import correlation_floor


@dataclass(frozen=True, slots=True)
class ReadArm:
    """An arm's evidence by test set."""

    arm: StudyArm
    claims: Sequence[Claim]
    pairings: Mapping[str, Pairing]


@dataclass(frozen=True, slots=True)
class SharedLooks:
    """The arms that share a look; empty for fewer than two."""

    together: Together | None = None
    arms: Sequence[Sequence[Claim]] = ()

    def of(self, claims: Sequence[Claim]) -> Together | None:
        """The shared look of these claims of one arm; None where the arm doesn't share."""
        return self.together if any(claims is each for each in self.arms) else None

    def beside(self, claims: Sequence[Claim]) -> list[Sequence[Claim]]:
        """Claims of the other arms; empty where these belong to none of the arms."""
        return [each for each in self.arms if each is not claims] if self.of(claims) else []


def looks_to_share(evidence: StudyEvidence, arms: Sequence[ReadArm]) -> SharedLooks:
    """Those of the complete `arms` that are fine-tuned and that nobody has read: an arm that is
    there to ask whether a prompt would do takes nothing of the candidate's level.

    Items that were drawn from a pool for one look have an alpha of their own, which their arms
    share by equal parts.
    """
    tuned = [each for each in arms if each.arm.version.fine_tuned]
    if len(tuned) < 2:
        return SharedLooks()
    unread = [each for each in tuned if is_unread(each.claims, evidence.policy.ledger)]
    if len(unread) < 2 or any(claim.drawn_for for each in unread for claim in each.claims):
        return SharedLooks()
    together = _together(evidence, unread)
    return SharedLooks(together, [each.claims for each in unread])


def is_unread(claims: Sequence[Claim], counts: LedgerScope) -> bool:
    """Whether nobody has read the claims that the arm pays for."""
    paying = paying_claims(claims, counts)
    digests = {claim.digest for claim in paying}
    read = (model.objects.filter(claim__in=digests).exists() for model in (Look, Peek))
    return bool(digests) and not any(read)


def _together(evidence: StudyEvidence, arms: Sequence[ReadArm]) -> Together:
    """How alike the arms are at least by each critical criterion; 0 of what isn't a score."""
    policy = evidence.policy
    names = [each.name for each in evidence.test_sets if each.tier == "critical"]
    tiers = [each.tier for each in policy.budgets.values()]
    if policy.preference is not None and policy.preference.required:
        tiers.append("critical")
    if (judge := evidence.study.policy.pairwise) is not None:
        tiers.append(judge.tier)
    alikeness = [_alike([each.pairings[name].aligned for each in arms]) for name in names]
    unknown = [0.0 for tier in tiers if tier == "critical"]
    return Together(
        len(arms),
        (*alikeness, *unknown) or (0.0,),
        max((readings_worth(len(arms), each) for each in alikeness), default=len(arms)),
    )


def _alike(arms: Sequence[Aligned]) -> float:
    """The smallest correlation of the arms' differences; 0 where their items differ."""
    first = arms[0]
    ids = [each.id for each in first.items]
    if any(each.same or [item.id for item in each.items] != ids for each in arms):
        return 0.0
    factor = first.requirement.factor
    rows = [_means(each.candidate) - (factor or 1.0) * _means(each.baseline) for each in arms]
    clusters = None
    if first.clusters is not None:
        clusters = np.unique(first.clusters, return_inverse=True)[1]
    floor = correlation_floor(np.array(rows), clusters, first.weights)
    return float(int(floor * 1000) / 1000)


def _means(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return scores if scores.ndim == 1 else np.asarray(scores.mean(axis=1))

"""A test set's ledger as its page shows it: the looks at it, and what the next one costs."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, OuterRef, Subquery

from evalhub.gate.models import Decision, Look
from evalhub.registry.models import TestSet
from evalhub.schemas.declaration import default_of
from evalhub.schemas.policy import Rule
from evalhub.verdict.levels import extended_level, is_spent, items_factor, level_of

SHOWN = 50
ALPHA: float = default_of(Rule, "alpha")


@dataclass(frozen=True, slots=True)
class LookRow:
    """A look, with `verdict` of the newest decision that it led to, and the level that it pays."""

    look: Look
    level: float


@dataclass(frozen=True, slots=True)
class LedgerPage:
    looks: Sequence[LookRow]
    more: int
    next: int
    share: float
    factor: float
    spent: bool


def ledger_page(test_set: TestSet) -> LedgerPage:
    """The newest looks at a test set. Two queries."""
    decisions = Decision.objects.filter(
        study=OuterRef("study"),
        study__arms__version=OuterRef("candidate"),
        arm=F("study__arms__name"),
    ).newest_first()
    looks = (
        Look.objects.filter(test_set=test_set)
        .newest_first()
        .select_related(
            "candidate__model", "baseline__model", "study", "test_set_version", "extends"
        )
        .annotate(verdict=Subquery(decisions.values("verdict")[:1]))
    )
    shown = list(looks[:SHOWN])
    following = shown[0].number + 1 if shown else 1
    return LedgerPage(
        looks=[LookRow(look, _level(look)) for look in shown],
        more=max(0, following - 1 - SHOWN),
        next=following,
        share=level_of(following, alpha=1.0),
        factor=items_factor(following, alpha=ALPHA),
        spent=is_spent(following, alpha=ALPHA),
    )


def _level(look: Look) -> float:
    alpha = look.study.policy.alpha
    if look.extends is None:
        return level_of(look.number, alpha=alpha)
    return extended_level(look.extends.number, look.number, alpha=alpha)

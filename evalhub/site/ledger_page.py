"""The ledger on a test set's page: looks at its items, and the next look's cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Subquery

from evalhub.accounts.models import User
from evalhub.decision.ledger_origin import restore_sentence
from evalhub.decision.levels import is_spent, items_factor, level_of
from evalhub.decision.policy import Rule
from evalhub.declare.declaration import default_of
from evalhub.ledger.ledger_origin import newest_restore
from evalhub.ledger.models import Decision, Ledger, Look
from evalhub.ledger.numbering import Tally
from evalhub.ledger.peeks import peeks_that_count
from evalhub.ledger.same_items import SameItems
from evalhub.registry.models import Study, TestSetVersion

SHOWN = 50
ALPHA: float = default_of(Rule, "alpha")


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """What has been read from a version's items, and what the next claim costs.

    Attributes:
        home: the ledger's id; None where nobody has looked at anything yet.
        looks: the newest first, each with the `verdict` of the newest decision that it led to and
            whether its study may be `seen`.
        peeks: how often its items were read from files alone, of what no decision has read since.
        restored: a sentence, where the items were in a backup that the ledger was restored from.
    """

    home: UUID | None
    looks: Sequence[Look]
    peeks: int
    more: int
    next: int
    share: float
    factor: float
    spent: bool
    restored: str


def ledger_page(version: TestSetVersion, *, user: User) -> LedgerPage:
    """The newest looks at the version's items, whoever took them; details of a study only if the
    user sees it."""
    shared = SameItems()
    sharing = shared.of(version)
    decisions = Decision.objects.filter(
        study=OuterRef("study"),
        study__arms__version=OuterRef("candidate"),
        arm=F("study__arms__name"),
    ).newest_first()
    looks = (
        Look.objects.filter(test_set_version__in=sharing)
        .newest_first()
        .select_related(
            "candidate__model",
            "baseline__model",
            "study",
            "test_set_version__test_set",
        )
        .annotate(
            verdict=Subquery(decisions.values("verdict")[:1]),
            seen=Exists(Study.objects.visible_to(user).filter(pk=OuterRef("study"))),
        )
    )
    count, restored = looks.count(), newest_restore([version], shared)
    following = Tally(shared).next(version)
    return LedgerPage(
        home=Ledger.objects.values_list("name", flat=True).first(),
        looks=list(looks[:SHOWN]),
        peeks=sum(
            peek.reading and not peek.versions.isdisjoint(sharing) for peek in peeks_that_count()
        ),
        more=max(0, count - SHOWN),
        next=following,
        share=level_of(following, alpha=1.0),
        factor=items_factor(following, alpha=ALPHA),
        spent=is_spent(following, alpha=ALPHA),
        restored=restore_sentence(restored) if restored else "",
    )

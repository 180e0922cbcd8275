"""Who may challenge the champion: versions that a decision says may ship, and for owners others."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import owns
from evalhub.features.lifecycle.moves import StageError
from evalhub.features.lifecycle.promotion import judged_version
from evalhub.features.traffic.served import MADE_OF
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion
from evalhub.registry.models.versions import PROMOTABLE

MOST_DECISIONS = 10
MOST_OTHERS = 50


@dataclass(frozen=True, slots=True)
class Challenger:
    """A version that may be started; `decision` is None where only an owner's word lets it."""

    version: ModelVersion
    decision: Decision | None

    @property
    def label(self) -> str:
        if self.decision is None:
            return f"{self.version}: no decision, an owner’s override"
        return f"{self.version}: ships by decision {self.decision.pk} ({self.decision.study.name})"


def challengers(project: Project, user: User) -> Sequence[Challenger]:
    """Versions with their newest decision that ships against the champion, the newest first; then,
    for an owner, the other ones that may become champion. A query for each decision."""
    decisions = Decision.objects.filter(study__project=project).to_be_promoted().newest_first()
    rows: dict[int, Challenger] = {}
    for decision in decisions.select_related("study__project")[:MOST_DECISIONS]:
        try:
            version = judged_version(decision, "candidate")
        except StageError:
            continue
        rows.setdefault(version.pk, Challenger(version, decision))
    if not owns(user, project):
        return list(rows.values())
    others = ModelVersion.objects.filter(model__project=project, stage__in=PROMOTABLE)
    others = others.exclude(pk__in=list(rows)).select_related("model").defer(*MADE_OF)
    newest = others.order_by("-created", "-pk")[:MOST_OTHERS]
    return [*rows.values(), *(Challenger(version, None) for version in newest)]

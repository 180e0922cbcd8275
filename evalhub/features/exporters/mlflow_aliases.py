"""Keep an MLflow server's aliases `champion` and `challenger` up to date.

Nothing is written down when a version is promoted: the promotion is the row, in the transaction
that changes the champion. A timer looks whose each alias is, and tells the server until it has
understood. So a server that is away holds up nothing, and telling it twice changes nothing.
"""

import logging
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.accounts.outgoing import RETRY_WAITS, hold_began
from evalhub.declare.verdicts import Verdict
from evalhub.features.exporters.mlflow import (
    CHALLENGER,
    CHAMPION,
    decision_tags,
    model_name,
    ships,
)
from evalhub.features.exporters.mlflow_server import MlflowError, MlflowServer
from evalhub.features.exporters.models import AliasState, MlflowAlias
from evalhub.ledger.models import Decision, Promotion
from evalhub.registry.models import ModelVersion
from evalhub.registry.models.versions import PROMOTABLE, VersionStage
from evalhub.registry.version_names import answering_version
from runners.timer import every

TICK_S = 30.0
LEASE = timedelta(minutes=5)
"""For which an alias is whoever tells of it; who dies meanwhile holds it up for that long."""
LOOKED_AT = 20
"""Decisions of a project, the newest, that are looked at for a challenger."""

logger = logging.getLogger(__name__)

type Holder = tuple[ModelVersion, Decision | None]


def tell_mlflow() -> int:
    """Updates the aliases and sends what has changed to the server. Returns how many were sent.

    An error is kept with its alias and keeps up no other. Two processes may do this at once.
    Nothing is told while the site's messages are held.
    """
    if not settings.MLFLOW_URL or hold_began():
        return 0
    look()
    return sum(_tell(each) for each in MlflowAlias.objects.due() if _claim(each))


def teller_of_mlflow() -> AbstractContextManager[None]:
    """Calls `tell_mlflow` every TICK_S seconds on a thread of this process, while the block
    runs."""
    return every(TICK_S, tell_mlflow)


def look(*, anew: bool = False) -> None:
    """Stores which version has each alias by the registry; changed aliases become due.

    Args:
        anew: what is told already, too.
    """
    decided = Project.objects.filter(
        Q(promotions__isnull=False) | Q(studies__decisions__isnull=False)
    )
    for project in decided.distinct():
        current = Promotion.objects.current(project)
        champion = None if current is None else (current.version, current.decision)
        _write(project, CHAMPION, champion, anew=anew)
        _write(project, CHALLENGER, challenger(project), anew=anew)


def challenger(project: Project) -> Holder | None:
    """The newest candidate, a canary too, that a decision ships and that was never promoted.

    Of each arm of a study its newest decision counts.
    """
    decisions = Decision.objects.filter(study__project=project).select_related("study__project")
    shipping = decisions.filter(Q(verdict=Verdict.SHIP) | Q(sign_offs__verdict=Verdict.SHIP))
    for decision in shipping.distinct().order_by("-pk")[:LOOKED_AT]:
        if decisions.filter(study=decision.study, arm=decision.arm, pk__gt=decision.pk).exists():
            continue
        version = _candidate(decision)
        if version is None or version.stage not in (*PROMOTABLE, VersionStage.CANARY):
            continue
        if not version.promotions.filter(project=project).exists() and ships(decision):
            return version, decision
    return None


def _candidate(decision: Decision) -> ModelVersion | None:
    """The version whose answers the decision judged, if its study still has them."""
    arms = decision.study.arms.select_related("version__model__project")
    arm = arms.filter(name=decision.arm).first()
    judged = decision.document.arms.candidate.digest
    same = arm is not None and arm.version.digest == judged
    return answering_version(arm.version) if arm is not None and same else None


def _write(project: Project, alias: str, holder: Holder | None, *, anew: bool) -> None:
    version, decision = holder or (None, None)
    now = timezone.now()
    tags = {} if version is None else _tags(version, decision)
    existing = MlflowAlias.objects.filter(project=project, alias=alias).first()
    if existing is None:
        if version is None:
            return
        existing, _ = MlflowAlias.objects.get_or_create(
            project=project,
            alias=alias,
            defaults={"version": version, "decision": decision, "tags": tags, "due_at": now},
        )
    same = (existing.version, existing.decision, existing.tags) == (version, decision, tags)
    if same and not anew:
        return
    MlflowAlias.objects.filter(pk=existing.pk).update(
        version=version,
        decision=decision,
        tags=tags,
        state=AliasState.WAITING,
        attempts=0,
        due_at=now,
        error="",
    )


def _tags(version: ModelVersion, decision: Decision | None) -> dict[str, str]:
    """Tags of the server's version; no verdict if the decision judged another version."""
    tags = {"evalhub.version": str(version), "evalhub.digest": version.digest}
    if decision is None:
        return tags
    if decision.document.arms.candidate.digest == version.digest:
        return tags | decision_tags(decision)
    return tags | {"evalhub.decision": decision.digest, "evalhub.study": decision.study.slug}


def _claim(alias: MlflowAlias) -> bool:
    """Leases it for LEASE, by compare-and-set."""
    same = MlflowAlias.objects.filter(
        pk=alias.pk, state=AliasState.WAITING, attempts=alias.attempts, due_at=alias.due_at
    )
    alias.attempts += 1
    alias.due_at = timezone.now() + LEASE
    return bool(same.update(due_at=alias.due_at, attempts=alias.attempts))


def _tell(alias: MlflowAlias) -> bool:
    """Sends the alias to its server, or stores why that failed."""
    try:
        server = MlflowServer.of_environment(settings.MLFLOW_URL)
        name, number = _move(alias, server)
    except MlflowError as error:
        wait = RETRY_WAITS[min(alias.attempts, len(RETRY_WAITS)) - 1]
        _conclude(alias, due_at=timezone.now() + wait, error=str(error)[:300])
        logger.warning("MLflow wasn't told of %s: %s", alias, error)
        return False
    _conclude(
        alias,
        state=AliasState.TOLD,
        error="",
        told=timezone.now(),
        told_name=name,
        told_version=number,
    )
    return True


def _move(alias: MlflowAlias, server: MlflowServer) -> tuple[str, str]:
    """The server's model and version that have the alias now; "" if none has."""
    name = number = ""
    version = alias.version
    if version is not None:
        name = model_name(version)
        made_of = {"source": f"evalhub:/{name}/{version.number}"}
        number = server.version(name, digest=version.digest, tags=alias.tags, made_of=made_of)
        server.set_alias(name, alias.alias, number)
    before = alias.told_name
    if (
        before
        and before != name
        and server.version_of_alias(before, alias.alias) == alias.told_version
    ):
        server.delete_alias(before, alias.alias)
    return name, number


def _conclude(alias: MlflowAlias, **changes: Any) -> None:
    """Stores the outcome, unless the alias has changed meanwhile."""
    same = MlflowAlias.objects.filter(
        pk=alias.pk, attempts=alias.attempts, due_at=alias.due_at, version=alias.version
    )
    if not same.update(**changes) and "told_name" in changes:
        # the next attempt starts from what the server has now
        where = {name: changes[name] for name in ("told_name", "told_version", "told")}
        MlflowAlias.objects.filter(pk=alias.pk).update(**where)

"""Send a decision to an MLflow server: a run with its metrics, a model version with its verdict.

MLflow is spoken to by its REST API (2.0 of MLflow 3), with the standard library: a dozen calls that
its own client makes in the same words, without that client's two hundred dependencies. The alias
`challenger` is a ship's that stands; `champion` is what the project has promoted, and nothing else
makes it so.
"""

import re
from dataclasses import dataclass
from typing import Any

from evalhub.accounts.models import User
from evalhub.accounts.results_seen import note_export
from evalhub.decision.document import DecisionRecord
from evalhub.declare.verdicts import Verdict
from evalhub.features.exporters.mlflow_server import MlflowServer
from evalhub.features.exporters.rows import ExportError
from evalhub.ledger.champion_standing import standing_of
from evalhub.ledger.models import Decision
from evalhub.ledger.staleness import changes_since
from evalhub.registry.models import ModelVersion
from evalhub.registry.version_names import answering_version

CHALLENGER, CHAMPION = "challenger", "champion"
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_. /-]")
"""What no key of a metric has there: a signal may have any name."""


@dataclass(frozen=True, slots=True)
class ToldMlflow:
    """What the server has now: experiment, run, model, version, and the aliases that were set."""

    experiment: str
    run: str
    model: str
    version: str
    aliases: tuple[str, ...]


def export_mlflow(*, decision: Decision, by: User | None, server: MlflowServer) -> ToldMlflow:
    """Sends a decision to the server. Sending it again updates what has changed and adds nothing.

    The experiment is named after project and study, the registered model after the candidate's.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
        ExportError: the arm is another version in its study by now.
        MlflowError: the server can't be reached, or refuses.
    """
    record = decision.document
    arm = decision.study.arms.select_related("version__model").filter(name=decision.arm).first()
    if arm is None or arm.version.digest != record.arms.candidate.digest:
        raise ExportError(f"{decision.arm} is another version by now: decide again")
    project = decision.study.project
    note_export(project, by=by, what=f"decision {decision.pk} to MLflow")
    experiment = server.experiment(f"{project.slug}/{decision.study.slug}")
    run, model_id = _run(decision, record, experiment, server)
    judged = answering_version(arm.version)
    name = model_name(judged)
    tags = decision_tags(decision) | {
        "evalhub.version": str(judged),
        "evalhub.digest": judged.digest,
    }
    made_of = {"source": f"models:/{model_id}", "run_id": run, "model_id": model_id}
    version = server.version(name, digest=judged.digest, tags=tags, made_of=made_of)
    aliases = _aliases(decision)
    for alias in aliases:
        server.set_alias(name, alias, version)
    for alias in {CHALLENGER, CHAMPION} - set(aliases):
        if server.version_of_alias(name, alias) == version:
            server.delete_alias(name, alias)
    return ToldMlflow(experiment, run, name, version, aliases)


def _run(
    decision: Decision, record: DecisionRecord, experiment: str, server: MlflowServer
) -> tuple[str, str]:
    """The decision's run and logged model, created if missing."""
    existing = server.run_of(experiment, decision.digest)
    if existing is not None:
        return existing
    started = int(decision.created.timestamp() * 1000)
    name = f"{decision.arm}: {record.verdict.value}"
    tags = decision_tags(decision)
    run = server.make_run(experiment, name=name, started=started, tags=tags)
    model_id = server.make_model(experiment, run=run, name=decision.arm, tags=tags)
    server.log(run, _metrics(record, model_id, started), {"evalhub.arm": decision.arm})
    server.finish(run, model_id, ended=started)
    return run, model_id


def decision_tags(decision: Decision) -> dict[str, str]:
    """Tags of the server's model version about the decision on it."""
    return {
        "evalhub.verdict": decision.verdict,
        "evalhub.holds": decision.standing_verdict,
        "evalhub.decision": decision.digest,
        "evalhub.study": decision.study.slug,
    }


def _metrics(record: DecisionRecord, model_id: str, at: int) -> list[dict[str, Any]]:
    metrics = []
    for criterion in record.criteria:
        metric = _NOT_IN_KEYS.sub("_", criterion.metric)
        values = {
            "": criterion.candidate,
            ".baseline": criterion.baseline,
            ".difference": criterion.difference,
            ".lower": criterion.lower,
            ".upper": criterion.upper,
        }
        for part, value in values.items():
            metrics.append(
                {
                    "key": f"{_NOT_IN_KEYS.sub('_', criterion.name)}.{metric}{part}",
                    "value": value,
                    "timestamp": at,
                    "step": 0,
                    "model_id": model_id,
                }
            )
    return metrics


def model_name(version: ModelVersion) -> str:
    """The server's name for the version's model."""
    return f"{version.model.project.slug}.{version.model.slug}"


def ships(decision: Decision) -> bool:
    """Whether the candidate may replace the baseline: by a ship that somebody signed or that is
    registered, with no change of its evidence since."""
    answered_for = decision.sign_offs.exists() or decision.document.registered
    return (
        decision.standing_verdict == Verdict.SHIP and answered_for and not changes_since(decision)
    )


def _aliases(decision: Decision) -> tuple[str, ...]:
    """Aliases of the version: from a ship that holds, and from the project's promotion."""
    aliases = []
    if ships(decision):
        aliases.append(CHALLENGER)
    if standing_of(decision).arm == "candidate":
        aliases.append(CHAMPION)
    return tuple(aliases)

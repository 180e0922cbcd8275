"""The files that a project's evidence leaves as: one table for REST and the command."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.accounts.models import Project, User
from evalhub.features.exporters.answers import export_answers
from evalhub.features.exporters.decisions import export_decisions
from evalhub.features.exporters.every_eval_ever import export_every_eval_ever
from evalhub.features.exporters.judgments import export_dpo, export_judgments
from evalhub.features.exporters.model_card import export_model_index
from evalhub.features.exporters.report import export_report
from evalhub.features.exporters.study import export_study
from evalhub.ledger.models import Decision
from evalhub.registry.models import Study
from reviews.models import Campaign

ROWS = ("jsonl", "parquet")


@dataclass(frozen=True, slots=True)
class ExportTarget:
    """Where an export goes: for whom, into which file (or folder), in which form."""

    by: User | None
    to: Path
    form: Any
    pseudonyms: bool = False
    released_only: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """A kind of file.

    Attributes:
        of: what is exported: "project", "study", "review" or "decision".
        write: writes that row to the target. Returns what there is to say of it.
        forms: the forms that it has; the first is the usual one.
    """

    of: str
    write: Callable[[Any, ExportTarget], Mapping[str, Any]]
    forms: tuple[str, ...]


def _answers(study: Study, target: ExportTarget) -> dict[str, Any]:
    rows = export_answers(study=study, by=target.by, to=target.to, form=target.form)
    return {"rows": rows}


def _study(study: Study, target: ExportTarget) -> dict[str, Any]:
    document = export_study(study=study, by=target.by, to=target.to)
    return {"left_out": [str(each) for each in document.left_out]}


def _decisions(project: Project, target: ExportTarget) -> dict[str, Any]:
    rows = export_decisions(project=project, by=target.by, to=target.to, form=target.form)
    return {"rows": rows}


def _judgments(campaign: Campaign, target: ExportTarget) -> dict[str, Any]:
    by, to, form, pseudonyms = target.by, target.to, target.form, target.pseudonyms
    rows = export_judgments(campaign=campaign, by=by, to=to, form=form, pseudonyms=pseudonyms)
    return {"rows": rows}


def _dpo(campaign: Campaign, target: ExportTarget) -> dict[str, Any]:
    pairs = export_dpo(
        campaign=campaign, by=target.by, to=target.to, released_only=target.released_only
    )
    left_out = {"left_out": pairs.left_out} if pairs.left_out else {}
    kept = {} if pairs.file is None else {"kept_as": str(pairs.file), "sha256": pairs.file.sha256}
    return {"rows": len(pairs.lines), **left_out, **kept}


def _report(decision: Decision, target: ExportTarget) -> dict[str, Any]:
    target.to.write_text(export_report(decision=decision, by=target.by), encoding="utf-8")
    return {"decision": decision.pk}


def _model_index(decision: Decision, target: ExportTarget) -> dict[str, Any]:
    target.to.write_text(export_model_index(decision=decision, by=target.by), encoding="utf-8")
    return {"decision": decision.pk}


def _every_eval_ever(decision: Decision, target: ExportTarget) -> dict[str, Any]:
    files = export_every_eval_ever(decision=decision, by=target.by, to=target.to)
    return {"files": [str(each) for each in files]}


EXPORTS = {
    "answers": Export("study", _answers, ROWS),
    "decisions": Export("project", _decisions, ROWS),
    "judgments": Export("review", _judgments, ("jsonl", "csv", "parquet")),
    "dpo": Export("review", _dpo, ("jsonl",)),
    "report": Export("decision", _report, ("html",)),
    "model-index": Export("decision", _model_index, ("yaml",)),
    "every-eval-ever": Export("decision", _every_eval_ever, ("zip",)),
    "study": Export("study", _study, ("zip",)),
}
"""By name. Every Eval Ever is a folder, which REST gives as a zip."""

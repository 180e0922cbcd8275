"""Exit codes: a verdict's are small, an error's are those of sysexits.h."""

import os
import sys
import traceback

from evalhub.io.full_disk import full_path, is_full_disk
from evalhub.logs import hide

USAGE, BAD_DATA, UNREACHABLE, OUR_FAULT, NOT_WRITTEN, INTERRUPTED = 64, 65, 69, 70, 74, 130

# By name, so that nothing is imported here. Unlisted errors are bugs.
CODES = {
    "evalhub.frames.command.streams.OutputError": NOT_WRITTEN,
    "evalhub.accounts.people.UserError": USAGE,
    "evalhub.accounts.tokens.TokenError": USAGE,
    "evalhub.database.version.OtherVersionError": USAGE,
    "evalhub.database.tables.TablesNotReadyError": UNREACHABLE,
    "evalhub.database.damage.DamagedDatabaseError": BAD_DATA,
    "runners.metrics.score.MetricError": USAGE,
    "evalhub.plug_ins.PlugInError": USAGE,
    "evalhub.database.backup.BackupError": USAGE,
    "evalhub.database.restore.RestoreError": BAD_DATA,
    "evalhub.studies.files.compare_logs.LogQuestionError": USAGE,
    "evalhub.features.erasure.redact.RedactionError": USAGE,
    "evalhub.studies.file.change.ChangeError": USAGE,
    "evalhub.studies.run.record.RecordError": USAGE,
    "evalhub.client.server.ServerError": USAGE,
    "evalhub.client.connection.NoAccessError": USAGE,
    "evalhub.client.connection.RefusedError": BAD_DATA,
    "evalhub.client.connection.AwayError": UNREACHABLE,
    "evalhub.client.studies.UndecidedError": UNREACHABLE,
    "evalhub.io.rows.DataError": BAD_DATA,
    "evalhub.declare.declaration.DeclarationError": BAD_DATA,
    "evalhub.stats.errors.StatisticsError": BAD_DATA,
    "reviews.errors.PlanError": BAD_DATA,
    "reviews.errors.ReviewError": USAGE,
    "runners.backends.asking.BackendError": UNREACHABLE,
    "runners.launch_checks.LaunchError": BAD_DATA,
    "django.db.utils.OperationalError": UNREACHABLE,
    "evalhub.demo.server.LocalExtraMissingError": UNREACHABLE,
    "evalhub.demo.server.LocalServerError": UNREACHABLE,
    "evalhub.ledger.study_evidence.NotReadyError": UNREACHABLE,
    "evalhub.ledger.decide.ContestedError": UNREACHABLE,
    "evalhub.ledger.peeking.ContestedPeekError": UNREACHABLE,
    "evalhub.decision.ledger_origin.LedgerElsewhereError": USAGE,
    "evalhub.ledger.chain.kept.ChangedDecisionError": BAD_DATA,
    "evalhub.accounts.permissions.NotAllowedError": USAGE,
    "evalhub.ledger.signoff.SignOffError": USAGE,
    "evalhub.features.lifecycle.moves.StageError": USAGE,
    "evalhub.ledger.retirement.RetirementError": USAGE,
    "evalhub.features.examples.out.exporting.ExamplesOutError": USAGE,
    "evalhub.ledger.training_pairs.UnreleasedError": USAGE,
    "evalhub.declare.version_name.VersionNameError": USAGE,
    "evalhub.registry.live_studies.LiveStudyError": USAGE,
    "evalhub.features.exporters.rows.ExportError": USAGE,
    "evalhub.features.deployment.server_config.ServeError": USAGE,
    "evalhub.features.exporters.mlflow_server.MlflowError": UNREACHABLE,
    "evalhub.features.traffic.served.ServedNameError": USAGE,
    "evalhub.features.data.curve.learning_curve.CurveError": USAGE,
    "evalhub.features.experiments.steps.ExperimentError": USAGE,
    "evalhub.features.webhooks.registering.WebhookError": USAGE,
    "evalhub.features.comments.commenting.CommentError": USAGE,
    "evalhub.features.decision_links.sharing.DecisionLinkError": USAGE,
    "evalhub.features.monitoring.errors.MonitorError": USAGE,
    "evalhub.features.traffic.shadow.drawing.SampleError": UNREACHABLE,
    "evalhub.features.examples.sources.from_traffic.DrawError": UNREACHABLE,
    "runners.queue.QueueUnreachable": UNREACHABLE,
    "runners.outcome.RunUnreachable": UNREACHABLE,
}


def explain(error: Exception) -> int:
    """Prints the error on standard error and returns its exit code."""
    names = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]
    code = next((CODES[name] for name in names if name in CODES), OUR_FAULT)
    if _is_damaged(error):
        code = BAD_DATA
    elif is_full_disk(error):
        code = NOT_WRITTEN
    text = f"evalhub: {_message(error, names, code)}\n"
    if code == OUR_FAULT and os.environ.get("EVALHUB_DEBUG") == "1":
        text += "".join(traceback.format_exception(error))
    settings = sys.modules.get("evalhub.settings")  # settings that were loaded hold secrets
    sys.stderr.write(hide(text, settings.known_secrets() if settings else ()))
    return code


def _is_damaged(error: Exception) -> bool:
    """Whether SQLite reports during the work that its file is damaged."""
    return getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in (11, 26)


def _message(error: Exception, names: list[str], code: int) -> str:
    if _is_damaged(error) and "evalhub.database.damage.DamagedDatabaseError" not in names:
        return (
            f"the database is damaged: {error}\nRestore a backup: `evalhub doctor` names the file "
            "and says how."
        )
    if code == NOT_WRITTEN and is_full_disk(error):
        return _full(error, names)
    if code == OUR_FAULT:
        return (
            f"this is our fault, not yours: {type(error).__name__}: {error}\n"
            "Please report it; EVALHUB_DEBUG=1 shows where it happened."
        )
    if "django.db.utils.OperationalError" in names:
        return f"the database can't be used: {error}\n`evalhub doctor` says which one it is."
    return str(error)


def _full(error: Exception, names: list[str]) -> str:
    """The message for a full disk, with the file that couldn't be written."""
    if "django.db.utils.DatabaseError" in names:
        from evalhub.database.tables import place

        message = " ".join(str(error).split()).rstrip(".")
        failing = "" if "I/O" not in message else ", over a quota, or failing"
        return (
            f"the disk is full{failing}: the database at {place()} can't be written ({message}). "
            "What was under way isn't stored: free some space, then run it again"
        )
    if any(name in CODES for name in names):  # its message names the file
        return f"the disk is full: {error}"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"the disk is full: {full_path(error) or 'a file'} can't be written: {reason}"

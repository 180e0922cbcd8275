"""Work with a site from a command: find it, follow its progress, and report its errors at our
files' lines."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from evalhub.cli.reports import SiteDecision
    from evalhub.client.connection import Connection, RefusedError
    from evalhub.client.studies import DecidedThere
    from evalhub.frames.command.progress import Bars
    from evalhub.frames.command.study_file import CandidateOptions
    from evalhub.io.rows import DataError
    from evalhub.studies.file.spec import StudySpec
    from evalhub.studies.web.bundle_upload import StudyBundle


def push_there(
    connection: "Connection",
    study: Path,
    options: "CandidateOptions",
    spec: "StudySpec",
    console: "Console",
) -> dict[str, Any]:
    """Uploads the study of this file, read as `spec`, with the answers of arms that the site can't
    ask. Returns it as the site has it; progress goes to `console`.

    Raises DataError for what the site refuses, with the study file's line where it is its fault.
    """
    with _study_for_site(study, options, spec) as ready:
        return _upload(connection, ready, console)


def _upload(connection: "Connection", spec: "StudySpec", console: "Console") -> dict[str, Any]:
    from evalhub.client.connection import RefusedError
    from evalhub.client.studies import push_study
    from evalhub.frames.command.progress import Bars
    from evalhub.studies.web.bundle_upload import bundle_of

    study = bundle_of(spec)
    with Bars(console) as bars:

        def show_job(job: Mapping[str, Any]) -> None:
            rows = job["rows_read"] + job["rows_written"]
            ahead = f", after {job['ahead']} others" if job["ahead"] else ""
            bars.show("job", f"the site works on it{ahead}, rows", rows, None)

        connection.on_job = show_job

        def sent(name: str, offset: int, size: int) -> None:
            bars.show(name, f"send {name}, bytes", offset, size)

        try:
            return push_study(connection, study.document, study.files, sent=sent)
        except RefusedError as error:
            if located := _locate(error, spec, study):
                raise located from error
            raise


@contextmanager
def _study_for_site(
    study: Path, options: "CandidateOptions", spec: "StudySpec"
) -> "Iterator[StudySpec]":
    """The study in the form that a site takes: arms that the site can't ask are asked here, and
    their answers are in files while the block runs. They are stored in this home, so that nothing
    is asked twice.

    Raises runners.outcome.RunUnreachable where nobody answers.
    """
    from dataclasses import replace
    from tempfile import TemporaryDirectory

    from evalhub.cli.record import complete_runs, write_answers
    from evalhub.frames.command.setup import set_up_database
    from evalhub.studies.file.spec import read_study
    from evalhub.studies.web.external_arms import arms_asked_here, recorded_fields

    arms = arms_asked_here(spec)
    if not arms:
        yield spec
        return
    set_up_database()
    from runners.outcome import check

    runs = complete_runs(spec, arms)
    for run in runs:
        if run.run.unreachable:
            check(run.run)
    with TemporaryDirectory() as folder:
        answers = recorded_fields(spec, runs, write_answers(Path(folder), runs))
        yield read_study(study, options.origin, replace(options.change(), arms=answers))


def decision_there(
    connection: "Connection",
    pushed: Mapping[str, Any],
    candidate: str,
    wait_s: float,
    console: "Console",
) -> "SiteDecision | None":
    """Waits for the decision on the candidate; None if the study judges nothing.

    Raises evalhub.client.studies.UndecidedError.
    """
    from evalhub.client.studies import wait_for_decision
    from evalhub.frames.command.progress import Bars

    connection.until = connection.clock() + wait_s
    with Bars(console, always=True) as bars:
        decided = wait_for_decision(
            connection,
            pushed,
            arm=candidate,
            until=connection.until,
            progress=lambda now: _show_runs(bars, now),
        )
    return None if decided is None else decision_of_site(decided)


def _show_runs(bars: "Bars", study: Mapping[str, Any]) -> None:
    """Shows the progress of a study's runs at the site."""
    runs = study["runs"]
    ended = sum(each["state"] in ("done", "failed", "cancelled") for each in runs)
    bars.show(
        "runs",
        f"answer and score: {ended} of {len(runs)} runs, answers",
        sum(each["done"] for each in runs),
        sum(each["items"] for each in runs),
    )


def decision_of_site(decided: "DecidedThere") -> "SiteDecision":
    """A site's decision as a ToldDecision.

    Raises evalhub.declare.declaration.DeclarationError for a record of another version than ours.
    """
    from evalhub.cli.reports import SiteDecision
    from evalhub.decision.document import DecisionRecord
    from evalhub.declare.declaration import validate

    return SiteDecision(
        validate(DecisionRecord, decided.record, at="record"),
        decided.flips,
        decided.changed_since,
        decided.link,
        decided.refused,
    )


def _locate(error: "RefusedError", spec: "StudySpec", study: "StudyBundle") -> "DataError | None":
    """The first error that the site found, at its place on this machine; None if the site names
    none."""
    from evalhub.io.rows import DataError

    for flaw in error.errors:
        field, message = str(flaw.get("field") or ""), " ".join(str(flaw["message"]).split())
        file = study.files.get(str(flaw.get("file")))
        if file is not None:
            line = flaw.get("line")
            return DataError(
                message,
                file=str(file),
                line=line if isinstance(line, int) else None,
                field=field or None,
            )
        if field.partition(".")[0] in study.document:
            return spec.document.error(field.split("."), message)
    return None

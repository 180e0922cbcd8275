"""`evalhub data check`: one file checked here, its report printed and kept, here or at a site."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.declare.data_report import REFERENCE_DAYS, CheckOptions
from evalhub.declare.declaration import default_of
from evalhub.features.data.report_lines import SHORT, report_lines
from evalhub.frames.command.options import Json
from evalhub.frames.command.server import There, TokenFile, check_server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalhub.accounts.models import Project, User
    from evalhub.client.connection import Connection
    from evalhub.declare.data_report import DataReport
    from evalhub.features.data.reference.compared import Compared
    from evalhub.features.data.reference.searched_sets import TestSets
    from evalhub.features.data.rows.verdicts import RowVerdict

SERIOUS = 1
TRAFFIC = "traffic"


def check(
    train: Annotated[Path, typer.Argument(help="What is to be trained on: JSONL, CSV or Parquet.")],
    against: Annotated[
        str | None,
        typer.Option(
            help="What it should look like: `traffic` (of --project), or a file of questions.",
            metavar="traffic|FILE",
        ),
    ] = None,
    days: Annotated[
        int, typer.Option(help="Of the traffic: so many days back.", min=1, max=366)
    ] = REFERENCE_DAYS,
    task: Annotated[
        str | None,
        typer.Option(
            help="What is to be learnt: classification, instruction, reasoning or style; sizes "
            "are compared with it.",
        ),
    ] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="Counts tokens: a name at the hub, or a folder.")
    ] = None,
    context: Annotated[
        int | None, typer.Option(help="Tokens that the trainer keeps of a row.", metavar="N")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="Labels of a classification: a,b,c or a file with one a line.",
            metavar="LABELS|FILE",
        ),
    ] = None,
    test_set: Annotated[
        list[Path] | None,
        typer.Option(help="Items that mustn't be in it: a file. Repeatable.", metavar="FILE"),
    ] = None,
    judged: Annotated[
        Path | None,
        typer.Option(help="Verdicts of a judge, as `data judge` writes them.", metavar="FILE"),
    ] = None,
    labelled: Annotated[
        Path | None,
        typer.Option(
            help="People's verdicts on the first 50 rows or more of the judge's random order: its "
            "line and right or wrong. They calibrate the judge.",
            metavar="FILE",
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(
            help="The project: all its test sets are searched for, and the report is kept there.",
            metavar="P",
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep/--no-keep", help="Whether the report is kept in the project.")
    ] = True,
    sample: Annotated[int, typer.Option(help="Rows at random for the heavy checks.")] = default_of(
        CheckOptions, "sample"
    ),
    seed: Annotated[int, typer.Option(help="Of the random sample.")] = default_of(
        CheckOptions, "seed"
    ),
    by: Annotated[
        str | None,
        typer.Option(
            help="Who keeps it; at a site, the token's user.",
            metavar="USER",
            show_default="the operator",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Also write the report: FILE.json", metavar="FILE")
    ] = None,
    server: There = None,
    token_file: TokenFile = None,
    json_: Json = False,
) -> int:
    """Report what is good and bad about a file of training rows. Exit code 1 where a finding is
    serious. The file is read here, also with --server: the report alone is sent."""
    from evalhub.features.data.requests import FileCheck
    from evalhub.frames.command import printing
    from evalhub.frames.command.outputs import check_output, write_json
    from evalhub.frames.command.progress import StepBars

    check_server(server)
    verdicts = [path for path in (judged, labelled) if path is not None]
    check_output(out, option="--out", inputs=[train, *(test_set or ()), *verdicts])
    if project is None and (server or against == TRAFFIC):
        why = "with --server" if server else f"with --against {TRAFFIC}"
        raise typer.BadParameter(f"is needed {why}", param_hint="--project")
    if server and against == TRAFFIC:
        raise typer.BadParameter(
            "traffic is read where it is kept: run it there, without --server",
            param_hint="--against",
        )
    place = _KeepingPlace(project, server, token_file, by)
    request = FileCheck(
        path=train,
        options=_options(task, tokenizer, context, sample, seed),
        test_sets={**place.test_sets(), **_test_sets_of_files(test_set or [])},
        labels=_labels(labels),
        judged=_verdicts(judged),
        labelled=_verdicts(labelled),
        against=_against(against, days, seed, place),
    )
    with StepBars(printing.terminal(errors=True), train) as bar:
        report = request.report(bar)
    if out is not None:
        write_json(out, report.as_json(), option="--out")
    if json_:
        printing.print_json(report.as_json())
    else:
        for line in report_lines(report):
            typer.echo(line)
    if keep and project is not None:  # after it was printed: a site may be away by now
        typer.echo(place.keep(report), err=True)
    return SERIOUS if report.of_weight("serious") else 0


class _KeepingPlace:
    """Where the project is: in this home, at a site, or nowhere."""

    def __init__(
        self, project: str | None, server: str | None, token_file: Path | None, by: str | None
    ) -> None:
        self._slug = project
        self._connection: Connection | None = None
        self.project: Project | None = None
        self._person: User | None = None
        if project is None:
            return
        if server:
            from evalhub.frames.command import printing
            from evalhub.frames.command.server import connect

            console = printing.terminal(errors=True)
            self._connection = connect(server, token_file, project, console)
            return
        from evalhub.frames.command.setup import set_up_database

        set_up_database()
        from evalhub.accounts.people import project_by_slug
        from evalhub.accounts.permissions import check_evaluates
        from evalhub.frames.command.verbs import user_by_option

        self.project = project_by_slug(project)
        self._person = None if by is None else user_by_option(by)
        check_evaluates(self._person, self.project)  # before a check that takes long

    def test_sets(self) -> "TestSets":
        """The newest versions of all the project's test sets."""
        from evalhub.features.data.reference import searched_sets

        if self._connection is not None:
            return searched_sets.test_sets_of_site(self._connection)
        return {} if self.project is None else searched_sets.test_sets_of_project(self.project)

    def keep(self, report: "DataReport") -> str:
        """Keeps the report. Returns the sentence that says where."""
        row = self._kept_row(report)
        return (
            f"Kept as data report {row['id']} of {self._slug}, SHA-256 {row['digest'][:SHORT]}: "
            f"`evalhub data sign {row['id']} --project {self._slug} --as accepted --reason …`"
        )

    def _kept_row(self, report: "DataReport") -> dict[str, Any]:
        if self._connection is not None:
            from evalhub.frames.command.transports import post

            return post("/data-reports", report.as_json())(self._connection)
        from evalhub.features.data.shapes import DataReportOut
        from evalhub.registry.data_reports import keep_report

        assert self.project is not None
        row = keep_report(project=self.project, report=report, by=self._person)
        return DataReportOut.from_model(row).as_json()


def _options(
    task: str | None, tokenizer: str | None, context: int | None, sample: int, seed: int
) -> CheckOptions:
    from evalhub.declare.declaration import DeclarationError, validate

    document = {
        "task": task,
        "tokenizer": tokenizer,
        "context": context,
        "sample": sample,
        "seed": seed,
    }
    try:
        return validate(CheckOptions, document)
    except DeclarationError as error:
        raise typer.BadParameter(error.message, param_hint=f"--{error.field}") from error


def _labels(labels: str | None) -> list[str]:
    """The labels of the option: of the file of that name where there is one, else as written."""
    if labels is None:
        return []
    path = Path(labels)
    text = path.read_text(encoding="utf-8") if path.is_file() else labels.replace(",", "\n")
    stated = [line.strip() for line in text.splitlines() if line.strip()]
    if not stated:
        raise typer.BadParameter("names no label", param_hint="--labels")
    return list(dict.fromkeys(stated))


def _verdicts(path: Path | None) -> "Mapping[int, RowVerdict]":
    from evalhub.features.data.rows.verdicts import read_row_verdicts

    return {} if path is None else read_row_verdicts(path)


def _test_sets_of_files(paths: list[Path]) -> "TestSets":
    from evalhub.features.data.reference.searched_sets import test_sets_of_files

    return test_sets_of_files(paths)


def _against(against: str | None, days: int, seed: int, place: _KeepingPlace) -> "Compared | None":
    if against is None:
        return None
    from evalhub.features.data.reference.compared import compared_with_file, compared_with_traffic

    if against == TRAFFIC:
        assert place.project is not None
        return compared_with_traffic(place.project, days=days, seed=seed)
    return compared_with_file(Path(against))

"""A study file as a command reads it: the hosts it may reach, a budget, and another candidate."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.budgets import BudgetMoney, BudgetTokens, within
from evalhub.frames.command.options import (
    Allow,
    Candidate,
    FieldPaths,
    IdPath,
    OutputPath,
    RowsPath,
    ScorePaths,
    row_fields,
)

if TYPE_CHECKING:
    from evalhub.declare.row_fields import RowFields
    from evalhub.studies.file.change import StudyChange
    from evalhub.studies.file.origin import OperatorFile
    from evalhub.studies.file.spec import StudySpec


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Hosts that a study may reach, and what it may cost."""

    allow: Allow = None
    budget_tokens: BudgetTokens = None
    budget_money: BudgetMoney = None

    def read(self, study: Path) -> "StudySpec":
        """The study. Raises typer.BadParameter, and DataError as `read_study`."""
        from evalhub.studies.file.spec import read_study

        spec = read_study(study, origin_of(self.allow))
        return within(spec, self.budget_tokens, self.budget_money)


@dataclass(frozen=True, slots=True)
class CandidateOptions:
    """What a pipeline says of the candidate in place of the study file."""

    candidate: Candidate = None
    adapter: Annotated[
        str | None,
        typer.Option(
            metavar="ADAPTER",
            help="The candidate's new adapter: the name by which its server of models knows it; "
            "for the backend hf its folder, or ID@COMMIT of the model hub.",
        ),
    ] = None
    answers: Annotated[
        Path | None,
        typer.Option(
            help="The candidate's answers, made elsewhere; {test_set} stands for the test set's "
            "name."
        ),
    ] = None
    build: Annotated[
        str | None,
        typer.Option(
            help="What produced the answers, such as the SHA-256 of the weights; another build is "
            "another version.",
        ),
    ] = None
    rows: RowsPath = None
    id_: IdPath = None
    output: OutputPath = None
    score: ScorePaths = None
    field: FieldPaths = None
    training_record: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="How the candidate was trained: YAML or JSON, or the folder that TRL, "
            "transformers, Axolotl or LLaMA-Factory wrote.",
        ),
    ] = None
    allow: Allow = None

    @property
    def inputs(self) -> list[Path]:
        """The files that the options name."""
        return [path for path in (self.answers, self.training_record) if path]

    @property
    def origin(self) -> "OperatorFile":
        return origin_of(self.allow)

    def change(self) -> "StudyChange":
        """What the options change of the study. Raises typer.BadParameter."""
        from evalhub.studies.file.change import StudyChange

        return StudyChange(
            self.candidate,
            self.adapter,
            self.answers,
            self.training_record,
            build=self.build,
            fields=self._fields(),
        )

    def read(self, study: Path) -> "StudySpec":
        """The study as changed. Raises typer.BadParameter, and DataError as `read_study`."""
        from evalhub.studies.file.spec import read_study

        return read_study(study, self.origin, self.change())

    def _fields(self) -> "RowFields | None":
        """What is read of a row of the answers; None: as in the file."""
        stated = {
            "rows": self.rows,
            "id": self.id_,
            "output": self.output,
            "score": self.score,
            "field": self.field,
        }
        option = next((name for name, value in stated.items() if value), None)
        if option is None:
            return None
        if self.answers is None:
            raise typer.BadParameter("goes with --answers FILE", param_hint=f"--{option}")
        return row_fields(self.rows, self.id_, self.output, self.score, self.field)


def origin_of(allow: list[str] | None) -> "OperatorFile":
    """An operator's file that may reach the hosts of --allow. Raises typer.BadParameter for an
    invalid one."""
    from evalhub.declare.declaration import DeclarationError, validate
    from evalhub.declare.keys import Reach
    from evalhub.studies.file.origin import OperatorFile

    try:
        return OperatorFile(validate(Reach, {"hosts": allow or []}).hosts)
    except DeclarationError as error:
        raise typer.BadParameter(error.message, param_hint="--allow") from error

"""`evalhub strategy init`: should one fine-tune at all, and a study that tries the rest first."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.frames.command.verbs import Printed, file_command

if TYPE_CHECKING:
    from evalhub.features.strategy.advice import StrategyAdvice
    from evalhub.features.strategy.answers import Case
    from evalhub.features.strategy.first_study import FirstStudy

STUDY = "study.yaml"
UNKNOWN = "unknown"

app = typer.Typer(no_args_is_help=True, help="Should we fine-tune at all?")


@app.callback()
def strategy() -> None:
    """Should we fine-tune at all?"""


@app.command()
@file_command
def init(
    out: Annotated[Path, typer.Argument(help="The study file to write.", metavar="[OUT]")] = Path(
        STUDY
    ),
    about: Annotated[
        str | None,
        typer.Option(help="What the model should do better: knowledge, behaviour or both."),
    ] = None,
    lesson: Annotated[
        str | None, typer.Option(help="What examples would teach: style, format or domain.")
    ] = None,
    changes: Annotated[
        str | None,
        typer.Option(
            help="How often the knowledge changes: never, yearly, monthly, weekly or daily."
        ),
    ] = None,
    examples: Annotated[
        int | None,
        typer.Option(help="How many examples there are.", show_default="rows of --examples-file"),
    ] = None,
    privacy: Annotated[
        str | None, typer.Option(help="Where the texts may go: anywhere or own-machines.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="The goal: quality, cost or latency.")] = None,
    size: Annotated[
        str | None, typer.Option(help="The model that answers today: small or large.")
    ] = None,
    billions: Annotated[
        float | None, typer.Option(help="Billions of parameters of the model to tune.")
    ] = None,
    memory: Annotated[
        float | None, typer.Option(help="Total memory of the training GPUs, in GB.")
    ] = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Ask nothing; use the usual answer for each open question."),
    ] = False,
    examples_file: Annotated[
        Path | None, typer.Option(help="Training rows: some are shown in the few-shot arm.")
    ] = None,
    items: Annotated[Path | None, typer.Option(help="The test set's file.")] = None,
    documents: Annotated[
        Path | None, typer.Option(help="The documents to find facts in: rows {id, text}.")
    ] = None,
    url: Annotated[str, typer.Option(help="Where the models answer, ending in /v1.")] = "",
    model: Annotated[str, typer.Option(help="The model that answers today.")] = "",
    tuned_model: Annotated[str, typer.Option(help="The fine-tune's name on the server.")] = "",
    key_env: Annotated[str, typer.Option(help="The variable that holds the server's key.")] = "",
    system: Annotated[str, typer.Option(help="The system message of the prompted arm.")] = "",
    metric: Annotated[
        str, typer.Option(help="What an answer is worth.", show_default="exact_match")
    ] = "",
    project: Annotated[str, typer.Option(help="The team's space.", show_default="my-team")] = "",
) -> Printed:
    """Ask about the case, advise, and write a study that tries simpler methods first."""
    from evalhub.features.strategy.first_study import first_study, rows_in
    from evalhub.features.strategy.study import StudyParts

    _check_free(out)
    if examples is None and examples_file is not None:
        examples = rows_in(examples_file)
    stated = {
        "about": about,
        "lesson": lesson,
        "changes": changes,
        "examples": examples,
        "privacy": privacy,
        "reason": reason,
        "size": size,
        "billions": billions,
        "memory": memory,
    }
    answers = _answers({name: each for name, each in stated.items() if each is not None}, yes)
    parts = StudyParts(
        project=project,
        url=url,
        model=model,
        tuned_model=tuned_model,
        key_env=key_env,
        items=_beside(out, items),
        metric=metric,
        system=system,
        documents=_beside(out, documents),
        training=_beside(out, examples_file),
    )
    draft = first_study(answers, parts, examples=examples_file, items=items)
    _write(out, draft.text)
    document = {
        "answers": answers.as_json(),
        "advice": draft.advice.as_json(),
        "study": str(out),
        "fill_in": [{"field": each.field, "said": each.text} for each in draft.unfilled],
    }
    return Printed(document, show=partial(_print, out, draft))


def _answers(stated: dict[str, Any], yes: bool) -> "Case":
    """The answers given by options; the others are asked for if the terminal is interactive.

    Raises typer.BadParameter, with the option, for what is no answer or is missing.
    """
    from evalhub.features.strategy.answers import CHOICES, Case

    _case(stated)
    missing = [name for name in Case.model_fields if name not in stated]
    if missing and not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter(
                f"say --{missing[0]} too, or --yes: what isn't said is what is usual",
                param_hint=f"--{missing[0]}",
            )
        for name in missing:
            stated[name] = _ask(name, CHOICES.get(name, {}), stated)
    return _case(stated)


def _case(stated: dict[str, Any]) -> "Case":
    from evalhub.declare.declaration import DeclarationError, validate
    from evalhub.features.strategy.answers import Case

    try:
        return validate(Case, stated)
    except DeclarationError as error:
        raise typer.BadParameter(error.message, param_hint=f"--{error.field}") from error


def _ask(name: str, choices: dict[str, str], stated: dict[str, Any]) -> Any:
    """Asks the question until the answer is valid."""
    from evalhub.declare.declaration import default_of
    from evalhub.features.strategy.answers import Case

    field = Case.model_fields[name]
    typer.echo(f"\n{field.description}", err=True)
    for choice, text in choices.items():
        typer.echo(f"  {choice:<13} {text}", err=True)
    while True:
        usual = default_of(Case, name)
        line = typer.prompt(
            "",
            default=UNKNOWN if usual is None else str(usual),
            prompt_suffix="> ",
            err=True,
        )
        if usual is None and line.strip() == UNKNOWN:
            return None
        answer = line.strip() if choices else _number(line, int if type(usual) is int else float)
        try:
            _case(stated | {name: answer})
        except typer.BadParameter as error:
            typer.echo(error.message, err=True)
        else:
            return answer


def _number(text: str, kind: Any) -> Any:
    try:
        return kind(text.strip().replace(",", ""))
    except ValueError:
        return text


def _print(out: Path, draft: "FirstStudy") -> None:
    from evalhub.frames.command import printing

    console = printing.terminal()
    _print_advice(draft.advice)
    console.print(f"\nWritten: {out}", highlight=False)
    if draft.unfilled:
        console.print("Still to be filled in there:")
        for gap in draft.unfilled:
            console.print(f"  {gap.field}: {gap.text}", highlight=False, markup=False)
    console.print(f"Then: evalhub study run {out} --dry-run", highlight=False)


def _print_advice(advice: "StrategyAdvice") -> None:
    from evalhub.frames.command import printing

    console = printing.terminal()
    console.print(advice.headline, style="bold", highlight=False)
    for number, step in enumerate(advice.steps_in_words, start=1):
        console.print(f"  {number}. {step}", highlight=False)
    for reason in advice.reasons:
        console.print(f"{reason.said}", highlight=False, markup=False)
        console.print(f"  {reason.source}", style="dim", highlight=False, markup=False)


def _beside(out: Path, path: Path | None) -> str:
    """A file's path relative to the study file."""
    if path is None:
        return ""
    return Path(os.path.relpath(path.absolute(), out.absolute().parent)).as_posix()


def _check_free(out: Path) -> None:
    if out.exists() or out.is_symlink():
        raise typer.BadParameter(f"{out} is there already: name another", param_hint="OUT")


def _write(out: Path, text: str) -> None:
    from evalhub.io.full_disk import whole_or_gone
    from evalhub.io.rows import DataError

    try:
        with out.open("x", encoding="utf-8", newline="\n") as file, whole_or_gone(out):
            file.write(text)
            file.flush()
    except FileExistsError as error:
        raise typer.BadParameter(
            f"{out} is there already: name another", param_hint="OUT"
        ) from error
    except OSError as error:
        raise DataError(f"can't be written (OUT): {error.strerror}", file=str(out)) from error

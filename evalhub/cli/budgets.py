"""`--budget-tokens` and `--budget-money`: what asking may cost, said with a command."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalhub.schemas.declaration import DeclarationError
    from evalhub.schemas.prices import RunBudget
    from evalhub.studies.spec import StudySpec

BudgetTokens = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Ask for no more tokens in all; in place of the file's budget."
    ),
]
BudgetMoney = Annotated[
    float | None,
    typer.Option(metavar="AMOUNT", help="Spend no more in all; in place of the file's budget."),
]


def within(spec: "StudySpec", tokens: int | None, money: float | None) -> "StudySpec":
    """The study with what the command says of its budget. Raises typer.BadParameter."""
    from evalhub.schemas.declaration import DeclarationError, declared
    from evalhub.schemas.prices import SpendingBudget

    said = {"tokens": tokens, "money": money}
    given = {name: value for name, value in said.items() if value is not None}
    if not given:
        return spec
    there = {} if spec.budget is None else spec.budget.as_json()
    try:
        return replace(spec, budget=declared(SpendingBudget, there | given))
    except DeclarationError as error:
        raise wrong_budget(error) from error


def run_budget(tokens: int | None, money: float | None, of: str | None) -> "RunBudget | None":
    """What `run retry` says of a run's budget. Raises typer.BadParameter."""
    from evalhub.schemas.declaration import DeclarationError, declared
    from evalhub.schemas.prices import RunBudget

    said = {"tokens": tokens, "money": money, "of": of}
    given = {name: value for name, value in said.items() if value is not None}
    if not given:
        return None
    try:
        return declared(RunBudget, given)
    except DeclarationError as error:
        raise wrong_budget(error) from error


def wrong_budget(error: "DeclarationError") -> typer.BadParameter:
    """As what is wrong with an option."""
    field = error.field.removeprefix("budget").removeprefix(".")
    return typer.BadParameter(error.message, param_hint=f"--budget-{field or 'tokens'}")

"""`--budget-tokens` and `--budget-money`: options for what asking may cost."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from evalhub.declare.declaration import DeclarationError
    from evalhub.declare.prices import RunBudget, SpendingBudget
    from evalhub.studies.file.spec import StudySpec

BudgetTokens = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Limit of all tokens, instead of the file's budget."),
]
BudgetMoney = Annotated[
    float | None,
    typer.Option(metavar="AMOUNT", help="Limit of all spending, instead of the file's budget."),
]


def within(spec: "StudySpec", tokens: int | None, money: float | None) -> "StudySpec":
    """The study with the command's budget in place of its own. Raises typer.BadParameter."""
    current = {} if spec.budget is None else spec.budget.as_json()
    budget = option_budget({"tokens": tokens, "money": money}, current)
    return spec if budget is None else replace(spec, budget=budget)


def option_budget(
    options: Mapping[str, Any], current: Mapping[str, Any] = MappingProxyType({})
) -> "SpendingBudget | None":
    """The budget of the options, which replace values of `current`. Raises typer.BadParameter."""
    from evalhub.declare.prices import SpendingBudget

    return _declare(SpendingBudget, options, current)


def run_budget(tokens: int | None, money: float | None, of: str | None) -> "RunBudget | None":
    """The budget in the options of `run retry`. Raises typer.BadParameter."""
    from evalhub.declare.prices import RunBudget

    return _declare(RunBudget, {"tokens": tokens, "money": money, "of": of}, {})


def _declare[B: "SpendingBudget"](
    kind: type[B], options: Mapping[str, Any], current: Mapping[str, Any]
) -> B | None:
    from evalhub.declare.declaration import DeclarationError, validate

    stated = {name: value for name, value in options.items() if value is not None}
    if not stated:
        return None
    try:
        return validate(kind, {**current, **stated})
    except DeclarationError as error:
        raise wrong_budget(error) from error


def wrong_budget(error: "DeclarationError") -> typer.BadParameter:
    """The error as a typer.BadParameter of the option."""
    field = error.field.removeprefix("budget").removeprefix(".")
    return typer.BadParameter(error.message, param_hint=f"--budget-{field or 'tokens'}")

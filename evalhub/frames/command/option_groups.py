"""Option groups: a dataclass whose fields are options."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints


def with_option_groups[R](command: Callable[..., R]) -> Callable[..., R]:
    """The command with an option for each field of its dataclass parameters.

    A field's annotation is that of an option (`Annotated[str, typer.Option(...)]`), and its default
    the option's. The command itself is given each dataclass as one value.
    """
    hints = get_type_hints(command, include_extras=True)
    result = hints.pop("return")
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters = [
        option
        for parameter in inspect.signature(command).parameters.values()
        for option in (
            _options(groups[parameter.name])
            if parameter.name in groups
            else [parameter.replace(annotation=hints[parameter.name])]
        )
    ]

    @wraps(command)
    def run(**values: Any) -> R:
        for name, group in groups.items():
            own = {field.name: values.pop(field.name) for field in fields(group)}
            values[name] = group(**own)
        return command(**values)

    signature = inspect.Signature(parameters, return_annotation=result)
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _options(group: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_default(field),
            annotation=hints[field.name],
        )


def _default(field: "Field[Any]") -> Any:
    return inspect.Parameter.empty if field.default is MISSING else field.default

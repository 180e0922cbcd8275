"""`--home`, before the command or after it."""

import inspect
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

Home = Annotated[
    Path | None,
    typer.Option(help="Where the data lives; or EVALHUB_HOME. By default ./.evalhub"),
]


def use_home(home: Path | None) -> None:
    """Makes this the home of this process; call it before the settings are read."""
    if home is not None:
        os.environ["EVALHUB_HOME"] = str(home)


def at_home[R](command: Callable[..., R]) -> Callable[..., R]:
    """The command with its own option `--home`."""

    @wraps(command)
    def run(*, home: Path | None = None, **options: Any) -> R:
        use_home(home)
        return command(**options)

    option = inspect.Parameter(
        "home", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Home
    )
    signature = inspect.signature(command)
    parameters = [*signature.parameters.values(), option]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {**command.__annotations__, "home": Home}
    return run

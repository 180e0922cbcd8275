"""Options that the commands on examples share."""

from typing import Annotated

import typer

By = Annotated[
    str | None,
    typer.Option(help="User who acts.", metavar="USER", show_default="the operator"),
]
Number = Annotated[
    int, typer.Argument(help="The queue's number, as `list` prints it.", metavar="QUEUE")
]

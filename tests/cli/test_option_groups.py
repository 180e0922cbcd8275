"""Options that belong together reach a command as one value."""

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from evalhub.frames.command.option_groups import with_option_groups


@dataclass(frozen=True, slots=True)
class Size:
    width: Annotated[int, typer.Option(help="How wide.", min=1)]
    high: Annotated[float, typer.Option("--height", help="How high.")] = 2.0


app = typer.Typer()


@app.command()
@with_option_groups
def draw(name: str, *, size: Size, twice: bool = False) -> None:
    """Draw it."""
    typer.echo(f"{name} {size} {twice}")


def test_a_group_s_fields_are_options_with_their_defaults() -> None:
    result = CliRunner().invoke(app, ["box", "--width", "3", "--twice"])
    assert result.output == "box Size(width=3, high=2.0) True\n"


def test_an_option_is_called_and_limited_as_its_field_says() -> None:
    result = CliRunner().invoke(app, ["box", "--width", "3", "--height", "0.5"])
    assert result.output == "box Size(width=3, high=0.5) False\n"
    assert CliRunner().invoke(app, ["box", "--width", "0"]).exit_code == 2


def test_a_field_without_a_default_is_needed() -> None:
    assert CliRunner().invoke(app, ["box"]).exit_code == 2

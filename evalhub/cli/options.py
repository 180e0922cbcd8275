"""Options that several commands have."""

from typing import Annotated

import typer

from evalhub.schemas.defaults import MOST_ALPHA
from evalhub.stats.levels import ALPHA

Alpha = Annotated[
    float,
    typer.Option(
        help=f"One-sided level; {ALPHA} goes with a {1 - 2 * ALPHA:.0%} interval.",
        min=1e-9,
        max=MOST_ALPHA,
    ),
]
Port = Annotated[int, typer.Option(help="Port of the site; 0: any free one.", min=0, max=65535)]
PORT = 8000

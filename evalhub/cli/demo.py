"""`evalhub demo`: a real study on a real small model, and the site to look at it."""

from typing import Annotated

import typer

from evalhub.frames.command.options import PORT, Port

BACKEND = "--backend"


def demo(
    live: Annotated[
        bool,
        typer.Option("--live", help="Let the real models answer now (needs the extra `local`)."),
    ] = False,
    all_: Annotated[
        bool, typer.Option("--all", help="With --live: ask every item, not one in four.")
    ] = False,
    backend: Annotated[
        str,
        typer.Option(
            BACKEND,
            help="With --live: openai, llama.cpp's server; or hf, transformers and PEFT in this "
            "process (needs the extra `hf`).",
        ),
    ] = "openai",
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the site after the verdict.")
    ] = True,
    port: Port = PORT,
) -> int:
    """Run the demo study to its verdict, then serve the site with sign-in links."""
    from evalhub.demo.command import run_demo

    if all_ and not live:
        raise typer.BadParameter(
            "goes with --live: recorded answers are all there", param_hint="--all"
        )
    if backend not in ("openai", "hf"):
        raise typer.BadParameter(
            f"one of openai, hf is needed, not {backend!r}", param_hint=BACKEND
        )
    if backend == "hf" and not live:
        raise typer.BadParameter("goes with --live: it loads the model", param_hint=BACKEND)
    return run_demo(live=live, hf=backend == "hf", whole=all_, serve=serve, port=port)

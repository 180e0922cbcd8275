"""`evalhub serve-config`: the files by which a server answers as a version did."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from evalhub.frames.command.options import Json, Of


class ModelServer(StrEnum):
    vllm = "vllm"
    ollama = "ollama"
    llama_cpp = "llama.cpp"


Version = Annotated[
    str, typer.Argument(help="MODEL@NUMBER; MODEL is its newest.", metavar="VERSION")
]


def serve_config(
    server: Annotated[ModelServer, typer.Argument(help="What serves it.", metavar="SERVER")],
    version: Version,
    project: Of,
    out: Annotated[Path, typer.Option(help="The folder to make.")],
    base: Annotated[
        str, typer.Option(help="Where the (base's) weights lie there.", show_default="as evaluated")
    ] = "",
    adapter: Annotated[
        str, typer.Option(help="Where the adapter lies there.", show_default="as evaluated")
    ] = "",
    name: Annotated[
        str, typer.Option(help="What the server calls it.", show_default="MODEL-vNUMBER")
    ] = "",
    base_name: Annotated[
        str, typer.Option(help="What the server calls the base.", show_default="as its folder")
    ] = "",
    rank: Annotated[
        int | None,
        typer.Option(min=1, help="The adapter's, where nothing says it.", show_default="none"),
    ] = None,
    context: Annotated[
        int | None,
        typer.Option(min=1, help="Tokens of prompt and answer, at most.", show_default="none"),
    ] = None,
    template: Annotated[
        Path | None, typer.Option(help="Of ollama: a chat template in its language.")
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(help="Of vllm: an image, for which a compose.yaml is written too."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over what this command wrote there before.")
    ] = False,
    json_: Json = False,
) -> int:
    """Write what vLLM, Ollama or llama.cpp needs to serve a version as it was evaluated."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.outputs import write_folder
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from evalhub.accounts.people import named_project
    from evalhub.features.deployment.served import Places
    from evalhub.features.deployment.servers import NAMES, serve_files
    from evalhub.registry.version_names import named_version

    found = named_version(named_project(project), version)
    given = Places(
        base=base,
        adapter=adapter,
        name=name,
        base_name=base_name,
        rank=rank,
        context=context,
        template=_read(template),
    )
    made = serve_files(found, server=server.value, given=given, image=image)
    write_folder(out, made, option="--out", over=NAMES if force else ())
    if json_:
        printing.print_json({"version": str(found), "digest": found.digest, "files": sorted(made)})
        return 0
    typer.echo(f"{found} for {server.value}, in {out}: {', '.join(sorted(made))}")
    start = out / "serve.sh"
    if server is ModelServer.ollama:
        called = shlex.join(
            ["ollama", "create", name or f"{found.model.slug}-v{found.number}", "-f"]
        )
        typer.echo(f"  {called} {shlex.quote(str(out / 'Modelfile'))}", err=True)
    else:
        typer.echo(f"  {shlex.quote(str(start))}", err=True)
    return 0


def _read(path: Path | None) -> str | None:
    from evalhub.io.rows import DataError

    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DataError(f"can't be read (--template): {error}", file=str(path)) from error

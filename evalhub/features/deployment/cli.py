"""`evalhub serve-config` writes the files with which a model server answers as a version did;
`evalhub probe` checks whether a running server does."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.features.deployment.served_model_check import PROBES, TOLERANCE
from evalhub.frames.command.verbs import Printed, command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalhub.accounts.models import Project
    from evalhub.features.deployment.probing import ProbeMade

SHOWN = 5
LONGEST = 120


class ModelServer(StrEnum):
    vllm = "vllm"
    ollama = "ollama"
    llama_cpp = "llama.cpp"


Version = Annotated[
    str, typer.Argument(help="MODEL@NUMBER; MODEL is its newest.", metavar="VERSION")
]


@command
def serve_config(
    server: Annotated[ModelServer, typer.Argument(help="The server program.", metavar="SERVER")],
    version: Version,
    project: "Project",
    out: Annotated[Path, typer.Option(help="The folder to make.")],
    base: Annotated[
        str, typer.Option(help="Where the (base's) weights lie there.", show_default="as evaluated")
    ] = "",
    adapter: Annotated[
        str, typer.Option(help="Where the adapter lies there.", show_default="as evaluated")
    ] = "",
    name: Annotated[
        str, typer.Option(help="The version's name on the server.", show_default="MODEL-vNUMBER")
    ] = "",
    base_name: Annotated[
        str, typer.Option(help="The base's name on the server.", show_default="as its folder")
    ] = "",
    rank: Annotated[
        int | None,
        typer.Option(min=1, help="The adapter's rank, if no file states it.", show_default="none"),
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
        typer.Option(help="With vllm: an image, for which a compose.yaml is written too."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite files that this command wrote before.")
    ] = False,
) -> Printed:
    """Write what vLLM, Ollama or llama.cpp needs to serve a version as it was evaluated."""
    from evalhub.features.deployment.server_config import ServingOptions
    from evalhub.features.deployment.servers import NAMES, serve_files
    from evalhub.frames.command.outputs import write_folder
    from evalhub.registry.version_names import version_by_name

    model_version = version_by_name(project, version)
    options = ServingOptions(
        base=base,
        adapter=adapter,
        name=name,
        base_name=base_name,
        rank=rank,
        context=context,
        template=_read(template),
    )
    files = serve_files(model_version, server=server.value, options=options, image=image)
    write_folder(out, files, option="--out", over=NAMES if force else ())
    start = shlex.quote(str(out / "serve.sh"))
    if server is ModelServer.ollama:
        called = name or f"{model_version.model.slug}-v{model_version.number}"
        start = shlex.join(["ollama", "create", called, "-f", str(out / "Modelfile")])
    names = sorted(files)
    return Printed(
        {"version": str(model_version), "digest": model_version.digest, "files": names},
        lines=[f"{model_version} for {server.value}, in {out}: {', '.join(names)}"],
        note=f"  {start}",
    )


def _read(path: Path | None) -> str | None:
    from evalhub.io.rows import DataError

    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DataError(f"can't be read (--template): {error}", file=str(path)) from error


@command
def probe(
    version: Version,
    project: "Project",
    url: Annotated[
        str | None,
        typer.Argument(help="The server's base address, ending in /v1.", metavar="[URL]"),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(metavar="ALIAS", help="In place of a URL: an alias of EVALHUB_ENDPOINTS."),
    ] = None,
    name: Annotated[
        str,
        typer.Option(help="The version's name on the server.", show_default="as serve-config does"),
    ] = "",
    base: Annotated[
        str, typer.Option(help="The base's name on the server.", show_default="as evaluated")
    ] = "",
    probes: Annotated[
        int, typer.Option(min=1, max=1000, help="Items to ask, each twice.")
    ] = PROBES,
    test_set: Annotated[
        str | None,
        typer.Option(help="Use the run on this test set.", show_default="the newest run's"),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            min=0, max=10, help="Largest accepted difference of an answer's log-probabilities."
        ),
    ] = TOLERANCE,
    key_env: Annotated[
        str | None, typer.Option(metavar="VARIABLE", help="The variable that holds the key.")
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="A host that the key may be sent to. Repeatable."),
    ] = None,
) -> Printed:
    """Check whether a server is the evaluated version, by asking it again. Exit code 0: the same
    answers; 1: other answers; 2: undecided."""
    if (url is None) == (endpoint is None):
        raise typer.BadParameter("give one of a URL and --endpoint", param_hint="URL")
    if key_env is not None and endpoint is not None:
        raise typer.BadParameter("belongs to the endpoint: leave it out", param_hint="--key-env")
    from evalhub.declare.declaration import validate
    from evalhub.declare.keys import Reach
    from evalhub.features.deployment.probing import Where
    from evalhub.features.deployment.probing import probe as ask
    from evalhub.registry.version_names import version_by_name

    result = ask(
        version=version_by_name(project, version),
        where=Where(url=url, key_env=key_env, endpoint=endpoint, model=name, base=base),
        reach=validate(Reach, {"operator": True, "hosts": allow or []}, at="--allow"),
        probes=probes,
        test_set=test_set,
        tolerance=tolerance,
    )
    code = {"same": 0, "differs": 1, "unknown": 2}[result.finding.outcome.value]
    return Printed(result, _row, list(_lines(result)), code=code)


def _row(result: "ProbeMade") -> dict[str, Any]:
    return {
        "probe": result.probe.pk,
        "version": str(result.probe.version),
        "run": result.probe.run_id,
        "address": result.probe.address,
        "model": result.probe.model,
        "outcome": result.finding.outcome.value,
        "why": result.finding.why,
        "report": result.probe.report,
    }


def _lines(result: "ProbeMade") -> "Iterator[str]":
    finding = result.finding
    sentence = {
        "same": "answers as it was evaluated",
        "differs": "answers otherwise than it was evaluated",
        "unknown": "can't be told",
    }[finding.outcome.value]
    yield f"{result.probe.version} at {result.probe.address}: {sentence}\n  {finding.why}"
    compared = f"{finding.probes} probes of {result.probe.run}"
    if finding.by_likelihood:
        compared += (
            f"; {finding.by_likelihood} by their log-probabilities too, {finding.largest:.2f} "
            f"apart at most, where {result.probe.report['tolerance']:g} is near-ties"
        )
    else:
        compared += "; by their texts alone: no text came again with a log-probability"
    yield f"  {compared}"
    if finding.telling is None:
        yield "  What its base answers to them isn't kept: one that does the same isn't seen"
    else:
        yield (
            f"  {finding.telling} of them its base answered otherwise: {finding.borne_out} are "
            f"answered as the version did, {finding.as_parent} as its base"
        )
    if result.listed.note:
        yield f"  {result.listed.note}"
    for key, before, now in result.changed[:SHOWN]:
        yield f"  {key}: {_short(before)}\n  {' ' * len(key)}  {_short(now)}"
    if len(result.changed) > SHOWN:
        yield f"  and {len(result.changed) - SHOWN} more"


def _short(text: str) -> str:
    quoted = repr(text)
    return quoted if len(quoted) <= LONGEST else f"{quoted[:LONGEST]}…"

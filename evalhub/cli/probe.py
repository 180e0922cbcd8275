"""`evalhub probe`: does this server answer as the version did that was evaluated?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.cli.serve_config import Version
from evalhub.features.deployment.served_model_check import PROBES, TOLERANCE
from evalhub.frames.command.options import Json, Of

if TYPE_CHECKING:
    from evalhub.features.deployment.probing import ProbeMade

SHOWN = 5
LONGEST = 120


def probe(
    version: Version,
    project: Of,
    url: Annotated[
        str | None,
        typer.Argument(help="The server's base address, ending in /v1.", metavar="[URL]"),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(metavar="ALIAS", help="In place of a URL: an alias of EVALHUB_ENDPOINTS."),
    ] = None,
    name: Annotated[
        str, typer.Option(help="What the server calls it.", show_default="as serve-config does")
    ] = "",
    base: Annotated[
        str, typer.Option(help="What the server calls its base.", show_default="as evaluated")
    ] = "",
    probes: Annotated[
        int, typer.Option(min=1, max=1000, help="Items to ask, each twice.")
    ] = PROBES,
    test_set: Annotated[
        str | None,
        typer.Option(help="Take the run on this one.", show_default="the newest run's"),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(min=0, max=10, help="Distance that log-probabilities of an answer may have."),
    ] = TOLERANCE,
    key_env: Annotated[
        str | None, typer.Option(metavar="VARIABLE", help="The variable that holds the key.")
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="A host that the key may be sent to. Repeatable."),
    ] = None,
    json_: Json = False,
) -> int:
    """Ask a server what the version answered: 0, it answers alike; 1, otherwise; 2, it can't be
    told."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database

    if (url is None) == (endpoint is None):
        raise typer.BadParameter("give one of a URL and --endpoint", param_hint="URL")
    if key_env is not None and endpoint is not None:
        raise typer.BadParameter("belongs to the endpoint: leave it out", param_hint="--key-env")
    set_up_database()
    from evalhub.accounts.people import named_project
    from evalhub.declare.declaration import declared
    from evalhub.declare.keys import Reach
    from evalhub.features.deployment.probing import Where
    from evalhub.features.deployment.probing import probe as ask
    from evalhub.registry.version_names import named_version

    asked = ask(
        version=named_version(named_project(project), version),
        where=Where(url=url, key_env=key_env, endpoint=endpoint, model=name, base=base),
        reach=declared(Reach, {"operator": True, "hosts": allow or []}, at="--allow"),
        probes=probes,
        test_set=test_set,
        tolerance=tolerance,
    )
    if json_:
        printing.print_json(_row(asked))
    else:
        _print(asked)
    return {"same": 0, "differs": 1, "unknown": 2}[asked.found.outcome.value]


def _row(asked: "ProbeMade") -> dict[str, Any]:
    return {
        "probe": asked.probe.pk,
        "version": str(asked.probe.version),
        "run": asked.probe.run_id,
        "address": asked.probe.address,
        "model": asked.probe.model,
        "outcome": asked.found.outcome.value,
        "why": asked.found.why,
        "report": asked.probe.report,
    }


def _print(asked: "ProbeMade") -> None:
    found = asked.found
    said = {
        "same": "answers as it was evaluated",
        "differs": "answers otherwise than it was evaluated",
        "unknown": "can't be told",
    }[found.outcome.value]
    typer.echo(f"{asked.probe.version} at {asked.probe.address}: {said}\n  {found.why}")
    compared = f"{found.probes} probes of {asked.probe.run}"
    if found.by_likelihood:
        compared += (
            f"; {found.by_likelihood} by their log-probabilities too, {found.largest:.2f} apart "
            f"at most, where {asked.probe.report['tolerance']:g} is near-ties"
        )
    else:
        compared += "; by their texts alone, for no log-probabilities are known"
    typer.echo(f"  {compared}")
    if found.telling is None:
        typer.echo("  What its base answers to them isn't kept: one that does the same isn't seen")
    else:
        typer.echo(
            f"  {found.telling} of them its base answered otherwise: {found.borne_out} are "
            f"answered as the version did, {found.as_parent} as its base"
        )
    if asked.listed.note:
        typer.echo(f"  {asked.listed.note}")
    for key, kept, now in asked.changed[:SHOWN]:
        typer.echo(f"  {key}: {_short(kept)}\n  {' ' * len(key)}  {_short(now)}")
    if len(asked.changed) > SHOWN:
        typer.echo(f"  and {len(asked.changed) - SHOWN} more")


def _short(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"

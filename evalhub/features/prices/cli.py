"""`evalhub prices`: what models cost, since when, and where that is known from."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from evalhub.prices.table import Entry, Prices

app = typer.Typer(no_args_is_help=True, help="Prices: what a model's tokens cost, since when.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
UNKNOWN = 1
SEEN_WITHIN = 90
Days = Annotated[
    int, typer.Option(min=1, help="Warn of what nobody has seen for so many days.", metavar="N")
]


@app.callback()
def prices() -> None:
    """Prices: what a model's tokens cost, since when."""


@app.command("list")
def list_(json_: Json = False, days: Days = SEEN_WITHIN) -> int:
    """List all prices: your own table first, then the one that comes with Evalhub. Of those that
    nobody has seen for long it says so."""
    from evalhub.frames.command import printing

    _, table = _table()
    since = _day(None) - datetime.timedelta(days=days)
    rows = [row for entry in table.entries() for row in _rows(entry, since)]
    if json_:
        printing.print_json({"schema": "evalhub.price-list/1", "prices": rows})
        return 0
    for row in rows:
        names = ", ".join(row["names"])
        typer.echo(f"{row['provider']}: {names}, since {row['since']}: {row['sentence']}")
        typer.echo(f"    {row['source']} ({row['table']}), seen {row['seen']} in {row['seen_in']}")
    if old := [row for row in rows if row["old"]]:
        listing = ", ".join(f"{row['names'][0]} ({row['seen']})" for row in old)
        typer.echo(
            f"? Not seen for more than {days} days: {listing}. Look at their sources, "
            "and write into your prices.yaml what holds now.",
            err=True,
        )
    return 0


@app.command()
def check(json_: Json = False) -> int:
    """Check your own table of prices, and say where it lies."""
    from evalhub.frames.command import printing

    path, table = _table()
    own = [each for each in table.entries() if each.table == "home"]
    if json_:
        printing.print_json(
            {"file": str(path), "there": table.home is not None, "models": len(own)}
        )
    elif table.home is None:
        typer.echo(f"There is no {path}: the table that comes with Evalhub holds alone.")
    else:
        typer.echo(f"{path} is well: {len(own)} models, which go before Evalhub's own table.")
    return 0


@app.command("of")
def of_(
    model: Annotated[str, typer.Argument(help="As requests call it.", metavar="MODEL")],
    host: Annotated[
        str | None,
        typer.Option(help="Asked at this host, or host:port.", show_default="any provider's"),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(help="Or under this alias of EVALHUB_ENDPOINTS.", show_default="none"),
    ] = None,
    day: Annotated[
        str | None,
        typer.Option(help="On this day, as 2026-11-26.", show_default="today", metavar="DAY"),
    ] = None,
    json_: Json = False,
) -> int:
    """Say what a model costs on a day, and where that is known from. Ends with 1 where no price is
    known."""
    from evalhub.frames.command import printing
    from evalhub.prices.table import AskedAt

    _, table = _table()
    when = _day(day)
    hosts = [host] if host else [] if endpoint else table.hosts()
    queries = [AskedAt(model, *_host(each), endpoint or "") for each in hosts]
    queries = queries or [AskedAt(model, endpoint=endpoint or "")]
    matches = [used for each in queries if (used := table.of(each, when))]
    if json_:
        printing.print_json([each.as_json() for each in matches])
        return 0 if matches else UNKNOWN
    for used in matches:
        typer.echo(f"{model}: {used.sentence}")
    if not matches:
        typer.echo(f"No price of {model} is known on {when}: nothing is guessed.")
    return 0 if matches else UNKNOWN


@app.command()
def gpus(json_: Json = False) -> int:
    """List what machines with GPUs cost an hour: your own table first, then the one that comes with
    Evalhub. Ends with 65 and the line where something is wrong with yours."""
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_templates

    set_up_templates()
    from django.conf import settings

    from evalhub.prices.gpus import machines_here

    rows = [
        {
            **{name: getattr(machine, name) for name in ("name", "provider", "gpu", "gpus")},
            **price.as_json(),
            "currency": currency,
            "source": machine.source,
        }
        for machine, currency in machines_here(settings.HOME)
        for price in machine.prices
    ]
    if json_:
        printing.print_json({"schema": "evalhub.gpu-price-list/1", "prices": rows})
        return 0
    for row in rows:
        typer.echo(
            f"{row['name']} ({row['gpus']} × {row['gpu']}) of {row['provider']}, since "
            f"{row['since']}: {row['hourly']:g} {row['currency']} an hour"
        )
        seen = f", seen {row['seen']} in {row['seen_in']}" if row["seen"] else ""
        typer.echo(f"    {row['source']}{seen}")
    return 0


def _table() -> "tuple[Path, Prices]":
    from evalhub.frames.command.setup import set_up_templates

    set_up_templates()
    from django.conf import settings

    from evalhub.prices.table import HOMES, prices_here

    return settings.HOME / HOMES, prices_here(settings.HOME)


def _day(text: str | None) -> datetime.date:
    if text is None:
        return datetime.datetime.now(datetime.UTC).date()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("is a day as 2026-11-26", param_hint="--day") from None


def _host(text: str) -> tuple[str, int | None]:
    name, _, port = text.partition(":")
    return name, int(port) if port.isdecimal() else None


def _rows(entry: "Entry", since: datetime.date) -> list[dict[str, Any]]:
    from evalhub.declare.prices import UsedPrice

    return [
        {
            "provider": entry.provider,
            "names": list(entry.model.names),
            "since": price.since,
            **price.plain.as_json(),
            "source": price.source or entry.of.source,
            "table": entry.table,
            "seen": entry.last_checked(price).isoformat(),
            "seen_in": entry.source_of(price),
            "old": entry.holds_still(price) and entry.last_checked(price) < since,
            "sentence": UsedPrice(price=price.plain).rates_in_words,
        }
        for price in entry.model.prices
    ]

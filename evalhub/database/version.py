"""By which version a database or a backup was made: told by the migrations that made its tables."""

import hashlib
from collections.abc import Collection
from pathlib import Path

from django.apps import apps

OURS = ("evalhub.", "reviews", "runners")
UNRELEASED = frozenset({"gate", "dashboard", "handover", "watching", "api"})
"""Apps that no release has: a database with a migration of one is from before the first."""


class OtherVersionError(Exception):
    """A database or a backup whose tables this version doesn't know: the message says what to do.
    It was made by a later version, by none, or before the first release."""


def check_released(applied: Collection[tuple[str, str]], what: str) -> None:
    """Raises OtherVersionError where one of the migrations that made `what` is from before the
    first release."""
    if any(app in UNRELEASED for app, _ in applied):
        raise OtherVersionError(
            f"{what} was made before the first release of Evalhub, and tables from then aren't "
            "converted: nothing was changed; begin a new home (another --home, or an empty "
            "database as EVALHUB_DATABASE_URL), or use the version that made it"
        )


def digest(applied: Collection[tuple[str, str]] | None = None) -> str:
    """SHA-256, shortened, over all migrations, or over those of them that are applied.

    Of ours it is over the sources, of Django's and other libraries' over the names.
    """
    sources = hashlib.sha256()
    for config in sorted(apps.get_app_configs(), key=lambda config: config.label):
        for path in sorted(Path(config.path).glob("migrations/[0-9]*.py")):
            if applied is None or (config.label, path.stem) in applied:
                sources.update(f"{config.label}/{path.name}\n".encode())
                sources.update(path.read_bytes() if config.name.startswith(OURS) else b"")
    return f"tables-{sources.hexdigest()[:24]}"

"""The system's Chromium, and how it is started."""

import os
import shutil

CHROMIUM = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
"""The shell is Chromium without its own windows: the same pages in three fifths of the time."""
MISSING = (
    "Chromium not found: install it (Debian: apt-get install chromium-headless-shell) or set "
    "EVALHUB_CHROMIUM"
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


def chromium() -> str | None:
    """Where it is: as EVALHUB_CHROMIUM says, else by its usual names; None where there is none."""
    given = os.environ.get("EVALHUB_CHROMIUM")
    return next(filter(None, map(shutil.which, [given] if given else CHROMIUM)), None)

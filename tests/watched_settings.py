"""The site's own settings, with each of SQLite's transactions watched (`tests.watched_sqlite`)."""

from evalhub.settings import *  # noqa: F403
from evalhub.settings import DATABASES

DATABASES["default"]["ENGINE"] = "tests.watched_sqlite"

"""The log: its subject, its form (text or JSON), and no secrets."""

import html
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

HIDDEN = "***"
SHORTEST = 8
"""A secret shorter than this is hidden where it stands in a place for secrets, not everywhere."""

_ABOUT: ContextVar[dict[str, object] | None] = ContextVar("about", default=None)

# What is a secret wherever it stands: each pattern keeps its first group and hides the rest.
_PLACES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)",  # a password in an address
        r"(/(?:sign-in|join|key)/)[^\s/'\"<>&?]+",  # a path that lets somebody in
        r"(\b(?:proxy-)?authorization\b[^\w\r\n]{1,12})[^\r\n,;'\"}&<]+",
        r"(\b(?:set-)?cookie\b['\"]?\s?[:=]\s?['\"]?)[^\r\n'\"}<]+",
        r"(\bbearer\s+)[\w.~+/=-]{6,}",
        r"(\b(?:sessionid|csrftoken|csrfmiddlewaretoken|password|secret|token|api_?key)=)[^\s&;'\"]+",
    )
]


def hide(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without these secrets, however they are quoted, and without anything that looks like
    one."""
    if secrets_pattern := _pattern(tuple(secrets)):
        text = secrets_pattern.sub(HIDDEN, text)
    for pattern in _PLACES:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


@lru_cache(maxsize=8)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str] | None:
    forms = {
        form
        for secret in secrets
        if len(secret) >= SHORTEST
        for form in (secret, quote(secret, safe=""), html.escape(secret), json.dumps(secret)[1:-1])
    }
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if forms else None


@contextmanager
def about(**what: object) -> Iterator[None]:
    """Adds a subject (a run, a request) to every log record of this thread while the block runs."""
    token = _ABOUT.set({**(_ABOUT.get() or {}), **what})
    try:
        yield
    finally:
        _ABOUT.reset(token)


def request_id() -> str:
    """The id of the request that this thread answers; "" outside of one."""
    return str((_ABOUT.get() or {}).get("request", ""))


class LogText(logging.Formatter):
    """A line for people, and a traceback below it.

    Args:
        secrets: gives the values that must not be written, asked at each line.
    """

    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return hide(super().format(record), self._secrets())


class LogJson(LogText):
    """One JSON object a line: time, level, logger, message, what it is about, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **(_ABOUT.get() or {}),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        secrets = list(self._secrets())
        hidden = {
            name: hide(value, secrets) if isinstance(value, str) else value
            for name, value in fields.items()
        }
        return json.dumps(hidden, ensure_ascii=False, default=str)


def announcement(logger: str, message: str) -> str:
    """A line that a server prints for whoever started it, in the form of LogJson. It may hold a
    sign-in link, so it isn't logged."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {"time": time, "level": "info", "logger": logger, "message": message}
    return json.dumps(line, ensure_ascii=False)


def logging_settings(form: str, secrets: Callable[[], Iterable[str]]) -> dict[str, Any]:
    """Settings of Python's logging: to standard error, as "text" or "json".

    Args:
        secrets: gives the values that must not be written, asked at each line.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {"()": "evalhub.logs.LogText", "secrets": secrets},
            "json": {"()": "evalhub.logs.LogJson", "secrets": secrets},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            # their own handlers would print secrets that ours hides
            "django": {"handlers": [], "level": "WARNING"},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
            # its warning for each queued request comes just when there is no time for it
            "waitress.queue": {"level": "ERROR"},
            # its warnings, one for each layer of a model, help nobody
            "bitsandbytes": {"level": "ERROR"},
            # each request and each shard, where a program reads the log
            **{
                name: {"level": "INFO" if form == "json" else "WARNING"}
                for name in ("evalhub", "reviews", "runners")
            },
            "reviews.chain.seal": {"level": "INFO"},  # seals leave the database by the log
        },
    }

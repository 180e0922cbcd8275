"""The site's one address, and every absolute address that is made of it.

A request's Host header makes none: whoever sends a request writes it, and a link that sets a
password would lead where they like. So allauth's addresses come from here as well (`OneAddress`).
"""

import fcntl
import logging
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import iri_to_uri

LOCALLY = "http://localhost:8000"
"""Where `evalhub up` listens, unless it is told otherwise."""
RECORD = "site_address"
"""The file in the home with the address of the site that runs from there, which locks it."""
TRIES, PAUSE_S = 20, 0.05

_own = ""  # the address of the site that is this very process
_lock: BinaryIO | None = None  # its record, locked until the process ends

log = logging.getLogger(__name__)


def site_address() -> str:
    """The prefix of every absolute address, without a slash at its end.

    EVALHUB_URL; where it isn't set, what the site announced that is this process, or runs from this
    home in another one; where none runs, LOCALLY.
    """
    return address_or_empty() or LOCALLY


def address_or_empty() -> str:
    """The same, but "" where nothing says where the site is."""
    return settings.SITE_URL or _own or _address_of_lock()


def site_host() -> str:
    """The name in the site's address, without a port: passkeys are bound to it."""
    return urlsplit(site_address()).hostname or ""


def absolute(path: str) -> str:
    """The address of a path that begins with a slash."""
    return f"{site_address()}{path}"


def announce(address: str) -> None:
    """From now on this process, and commands of this home as long as it lives, know its address.

    Of several sites that run from one home, commands know the one that began first.
    """
    global _own, _lock
    _own = address
    path: Path = settings.HOME / RECORD
    record = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")  # noqa: SIM115
    for _ in range(TRIES):  # a command that looks at it has it for a moment
        if _take_lock(record, fcntl.LOCK_EX):
            record.truncate()
            record.write(address.encode())
            record.flush()
            _lock = record
            return
        time.sleep(PAUSE_S)
    other = record.read().decode()
    record.close()
    if other != address:
        log.warning("another site runs from %s: commands print its address, %s", path.parent, other)


class OneAddress:
    """Middleware: `request.build_absolute_uri` makes the site's addresses, whatever Host says.

    Libraries call it for what they mail and for where an identity provider sends people back to.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        absolute_uri = partial(_absolute_uri, request.get_full_path())
        request.build_absolute_uri = absolute_uri  # type: ignore[method-assign]
        return self.get_response(request)


def _absolute_uri(requested: str, location: str | None = None) -> str:
    """As Django's `build_absolute_uri` of a request of the path `requested`, with its query."""
    address = absolute(requested)
    return iri_to_uri(address if location is None else urljoin(address, str(location)))


def _address_of_lock() -> str:
    """The address of the site that runs from this home, or "". A killed site's lock is gone."""
    try:
        with (settings.HOME / RECORD).open("rb") as record:
            return "" if _take_lock(record, fcntl.LOCK_SH) else record.read().decode()
    except FileNotFoundError:
        return ""


def _take_lock(record: BinaryIO, kind: int) -> bool:
    """Takes the lock, unless somebody else has it."""
    try:
        fcntl.flock(record, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

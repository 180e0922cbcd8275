"""Read a request within bounds: its JSON body, If-Match, and `?wait=`.

`If-Match` names the state that a client changes. Its tags are of the whole thing as it is shown, so
that one serves for If-None-Match too. What the server has packed has a weak tag, which is taken as
its strong one.

`?wait=` holds an answer back until there is news, on as many threads as can be spared.
"""

import time
from collections.abc import Callable, Mapping
from threading import BoundedSemaphore
from typing import Any

from django.utils.http import parse_etags, quote_etag
from drf_spectacular.utils import OpenApiParameter
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from evalhub.declare.declaration import Declaration
from evalhub.frames.rest.problems import Problem
from evalhub.io.canonical import digest_of
from evalhub.io.json_values import JsonError, parse_json

LARGEST = 3 * 1024**2
"""Bytes of a JSON body. Files are uploaded as they are (`views/files.py`)."""

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="the ETag that it was read with; * for whatever is there now",
)
PACKED = OpenApiParameter(
    "Content-Encoding", str, OpenApiParameter.HEADER, enum=["identity", "gzip"]
)
MATCHES = (412, 428)
"""What a method answers with besides, that checks it."""

LONGEST_S = 25
LOOK_S = 0.5
SPARED = 3
"""Threads of a process that no waiting request takes."""


class PlainJSONParser(BaseParser):
    """JSON that a database can keep; a field given twice is refused."""

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise Problem(413, f"A JSON body has at most {LARGEST:,} bytes; upload files as files.")
        try:
            return parse_json(body.decode())
        except UnicodeDecodeError:
            raise Problem(400, "The body isn't UTF-8.") from None
        except JsonError as error:
            raise Problem(400, f"The body: {error}", field=error.field) from None


def is_gzip(request: Request) -> bool:
    """Whether the body is packed. Raises Problem for any other coding than gzip."""
    coding = request.headers.get("Content-Encoding", "identity").lower()
    if coding not in ("identity", "gzip"):
        raise Problem(415, "is identity or gzip", field="Content-Encoding")
    return bool(coding == "gzip")


def number(text: str, *, field: str, most: int) -> int:
    """A whole number in the address, from 0 to `most`."""
    if not (text.isascii() and text.isdecimal() and len(text) < 18 and int(text) <= most):
        raise Problem(400, f"a whole number from 0 to {most} is needed", field=field)
    return int(text)


def etag_of(shape: Declaration) -> str:
    """The ETag of a thing in this shape."""
    return str(quote_etag(digest_of(shape.as_json())[:32]))


def check_match(request: Request, shape: Declaration) -> None:
    """Checks that the request names the present state. Raises Problem; 428 if it names none."""
    header = request.headers.get("If-Match", "")
    seen = {each.removeprefix("W/") for each in parse_etags(header)}
    if not seen:
        raise Problem(
            428,
            "is needed: the ETag that it was read with, so that nothing is overwritten that "
            "you haven't seen; * for whatever is there now",
            field="If-Match",
        )
    if not seen & {"*", etag_of(shape)}:
        raise Problem(
            412,
            "somebody has changed it since you read it: nothing was done, read it again",
            field="If-Match",
        )


class Seats:
    """Where the requests of a process wait: one at least, and all threads but `SPARED`."""

    def __init__(self) -> None:
        self.set_for(threads=SPARED * 2, ended=lambda: False)

    def set_for(self, *, threads: int, ended: Callable[[], bool]) -> None:
        """Sets the number of serving threads; called before the process serves.

        `ended` says whether it takes no more requests, so that those that wait are answered.
        """
        self._free = BoundedSemaphore(max(1, threads - SPARED))
        self.ended = ended

    def take(self) -> bool:
        """Takes a seat if one is free."""
        return self._free.acquire(blocking=False)

    def leave(self) -> None:
        self._free.release()


SEATS = Seats()


def wait_for[T](request: Request, look: Callable[[], T], settled: Callable[[T], bool]) -> T:
    """What `look` returns once it is `settled`, or when the request's waiting time is over.

    Where too many wait already, or the site ends, it is what there is now: who asks asks again.
    """
    seconds = number(request.query_params.get("wait", "0"), field="wait", most=LONGEST_S)
    value = look()
    if not seconds or settled(value) or not SEATS.take():
        return value
    try:
        until = time.monotonic() + seconds
        while not settled(value) and (left := until - time.monotonic()) > 0 and not SEATS.ended():
            time.sleep(min(LOOK_S, left))
            value = look()
        return value
    finally:
        SEATS.leave()

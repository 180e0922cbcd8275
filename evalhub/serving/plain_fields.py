"""Nothing that a database can't keep, or takes for something else, gets past this door.

PostgreSQL refuses a NUL character wherever it stands, SQLite keeps it until somebody moves to
PostgreSQL, terminals obey the other control characters, and numbers of a thousand digits overflow
or stall. No field of any form asks for them, so one place refuses them all, and names the field.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.utils.datastructures import MultiValueDict

from evalhub.declare.problem_body import MEDIA_TYPE, problem_body

LONGEST_NUMBER = 100
"""Digits of a field that holds nothing else."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NO_DIGITS = str.maketrans("", "", "+-_.,eE \t\r\n")

type Fields = Iterable[tuple[str, str]]


class PlainFields:
    """Middleware: 400 with the field's name for what no field may hold.

    That is a control character but tab and line ends, half a surrogate pair, or more than
    `LONGEST_NUMBER` digits and nothing else: in the address, in its parameters, in a cookie, in a
    posted field or an uploaded file's name.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        fields = [("the address", request.path_info), *_pairs(request.GET)]
        fields += [(f"cookie {name}", value) for name, value in request.COOKIES.items()]
        return _refusal(request, fields) or self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """What was posted, where the request's own limits let it be read."""
        if request.method in ("GET", "HEAD"):
            return None
        files = [(name, file.name or "") for name, file in _pairs(request.FILES)]
        return _refusal(request, [*_pairs(request.POST), *files])


def _pairs(fields: MultiValueDict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, values in fields.lists():
        yield from ((name, value) for value in values)


def _refusal(request: HttpRequest, fields: Fields) -> HttpResponse | None:
    """400 for the first field that is wrong: a problem for programs, a line for browsers."""
    for name, value in fields:
        wrong = "its name" if _CONTROL.search(name) else ""
        wrong = f"{wrong} holds {_name_character(name)}" if wrong else _wrong(value)
        if wrong:
            printable = (name if name.isprintable() else ascii(name))[:80]
            if request.path_info.startswith("/api/"):
                flaw = {"field": printable, "message": wrong}
                body = problem_body(400, f"field '{printable}': {wrong}", [flaw])
                return JsonResponse(body, status=400, content_type=MEDIA_TYPE)
            line = f"field '{printable}': {wrong}\n"
            return HttpResponseBadRequest(line, content_type="text/plain; charset=utf-8")
    return None


def _wrong(value: str) -> str:
    if _CONTROL.search(value):
        return f"holds {_name_character(value)}, which nothing here may hold"
    if len(value) > LONGEST_NUMBER:
        digits = value.translate(_NO_DIGITS)
        if len(digits) > LONGEST_NUMBER and digits.isdecimal():
            return f"a number of {len(digits):,} digits; nothing here is counted so far"
    return ""


def _name_character(text: str) -> str:
    character = _CONTROL.search(text)
    assert character is not None
    if character[0] >= "\ud800":
        return "half a surrogate pair"
    return f"the control character U+{ord(character[0]):04X}"

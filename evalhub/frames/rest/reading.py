"""Read a request's body and address within bounds."""

from collections.abc import Mapping
from typing import Any

from rest_framework.parsers import BaseParser

from evalhub.frames.rest.problems import Problem
from evalhub.io.json_values import JsonError, parse_json

LARGEST = 3 * 1024**2
"""Bytes of a JSON body. Files are uploaded as they are (`views/files.py`)."""


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


def number(text: str, *, field: str, most: int) -> int:
    """A whole number in the address, from 0 to `most`."""
    if not (text.isascii() and text.isdecimal() and len(text) < 18 and int(text) <= most):
        raise Problem(400, f"a whole number from 0 to {most} is needed", field=field)
    return int(text)

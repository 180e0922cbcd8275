"""A code fence around an answer that is JSON: whether it is there says nothing of the answer."""

import re
from typing import Annotated, Literal

from pydantic import Field

from evalhub.io.json_values import JsonError, parse_json

JsonFence = Annotated[
    Literal["left-out"] | None,
    Field(
        title="Code fence around JSON",
        description="left-out: a code fence around an answer that is JSON isn't seen",
    ),
]

_FENCED = re.compile(
    r"(?P<mark>`{3,}|~{3,})[ \t]*(?:json)?[ \t]*\n(?P<inside>.*)\n[ \t]*(?P=mark)", re.S | re.I
)


def without_json_fence(text: str) -> str:
    """The JSON that is all that one fence holds, where that is all of the text; else the text."""
    fenced = _FENCED.fullmatch(text.strip())
    if fenced is None:
        return text
    try:
        parse_json(fenced["inside"])
    except JsonError:
        return text
    return fenced["inside"]

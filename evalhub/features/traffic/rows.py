"""What is said of one request of production and of one signal: declared once, for every door. Pure.

REST and files bring these rows as they are; OTLP and another gateway's log are turned into them.
Names are those of Evalhub's answers (`prompt_tokens`, `latency_ms`); units stand in the name.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from evalhub.declare.declaration import Declaration

LONGEST_ID = 200
LONGEST_NAME = 100
MOST_TAGS = 20
LARGEST_COUNT = 2**31 - 1
HEX_SHA256 = "^[0-9a-f]{64}$"

Id = Annotated[str, StringConstraints(max_length=LONGEST_ID)]
Name = Annotated[str, StringConstraints(max_length=LONGEST_NAME)]
Count = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]
Milliseconds = Annotated[float, Field(ge=0)]


class RequestRow(Declaration):
    """One call of a model in production. All but `id`, `time` and `model` may be left out."""

    id: str = Field(
        min_length=1,
        max_length=LONGEST_ID,
        description="the request's own id; the same id on the same day (UTC) is the same request",
    )
    time: AwareDatetime = Field(description="when it was sent, with its offset from UTC")
    model: str = Field(
        min_length=1, max_length=LONGEST_ID, description="the name under which it was served"
    )
    user: Id = Field(
        "", description="who sent it: stored as a keyed hash, never as it is; or `user_hash`"
    )
    user_hash: str = Field(
        "", pattern="^([0-9a-f]{32})?$", description="the keyed hash, where the sender made it"
    )
    conversation: Id = ""
    turn: Count | None = Field(None, description="its place in the conversation, from 0")
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    cached_tokens: Count | None = Field(None, description="of the prompt's, read from a cache")
    reasoning_tokens: Count | None = Field(None, description="of the completion's")
    latency_ms: Milliseconds | None = None
    first_token_ms: Milliseconds | None = Field(None, description="time to first token")
    cost_usd: Annotated[float, Field(ge=0)] | None = None
    error_type: Name = Field("", description="the class of its error; empty: it was answered")
    aborted: bool = Field(False, description="whether the client left before the end")
    finish_reason: Annotated[str, StringConstraints(max_length=40)] = ""
    response_id: Id = ""
    trace_id: Id = ""
    digest: str = Field(
        "",
        pattern="^([0-9a-f]{64})?$",
        description="SHA-256 of the messages' canonical JSON; computed where they are sent",
    )
    route: Name = Field("", description="the part of the product that sent it")
    tags: tuple[Name, ...] = Field((), max_length=MOST_TAGS)
    language: str = Field(
        "",
        pattern="^([a-z]{2,3})?$",
        description="as in de; detected from the messages where it isn't said",
    )
    arm: Name = Field("", description="of an experiment")
    mirror_of: Id = Field(
        "", description="what this is a mirrored copy of: the id of a request, or of its trace"
    )
    messages: tuple[dict[str, Any], ...] | None = Field(
        None, description="as chat messages: a list of {role, content}"
    )
    output: str | None = Field(None, description="the answer's text")


class SignalBy(StrEnum):
    """Who or what gave a signal."""

    PERSON = "person"
    CODE = "code"
    MODEL = "model"


class SignalRow(Declaration):
    """What was said or done about a response, a trace or a conversation: just one of the three."""

    id: str = Field(
        min_length=1,
        max_length=LONGEST_ID,
        description="the signal's own id; the same id on the same day (UTC) is the same signal",
    )
    time: AwareDatetime
    name: str = Field(
        min_length=1,
        max_length=LONGEST_NAME,
        description="thumb, rating, edit, retry, copied, resolved, or any other",
    )
    value: float | None = Field(None, description="a number: 1 and 0 for yes and no")
    label: Name = Field("", description="a word, where it is no number")
    by: Literal["person", "code", "model"] = "person"
    request: Id = Field("", description="the request's id or its response's")
    trace_id: Id = ""
    conversation: Id = ""
    text: str | None = Field(None, description="an edited answer, or a comment")


class Source(StrEnum):
    """The door by which a row came."""

    REST = "rest"
    OTLP = "otlp"
    FILE = "file"
    LITELLM = "litellm"

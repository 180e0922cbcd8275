"""What is said of one request of production and of one signal: declared once, for every door. Pure.

REST and files bring these rows as they are; OTLP and another gateway's log are turned into them.
Names are those of Evalhub's answers (`prompt_tokens`, `latency_ms`); units stand in the name.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError, to_json

from evalhub.declare.amounts import Amount
from evalhub.declare.declaration import Declaration, invalid
from evalhub.io.json_values import JsonError, check_value
from evalhub.io.numbers import LARGEST
from evalhub.io.tools import calls_of

LONGEST_ID = 200
LONGEST_NAME = 100
LONGEST_FINISH_REASON = 40
MOST_TAGS = 20
LONGEST_TEXT = 1_000_000
"""Characters of an answer or a comment, and of all messages together as JSON."""
MOST_MESSAGES = 1_000
DEEPEST = 100
"""How deep a message may be nested."""
WIDEST = 10_000
"""Members of one list or object in a message."""
LARGEST_COUNT = 2**31 - 1
NO_NUL = "^[^\\x00]*$"
"""What PostgreSQL stores in a text."""


def _storable(messages: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """The messages, if they are JSON that a database keeps, and not too long."""
    try:
        check_value(list(messages), deepest=DEEPEST)
    except JsonError as error:
        raise invalid(error.message, *([error.field] if error.field else [])) from None
    if len(to_json(messages).decode()) > LONGEST_TEXT:
        message = f"is too long: {LONGEST_TEXT:,} characters of JSON at most"
        raise PydanticCustomError("messages_too_long", message)
    inside: list[Any] = list(messages)
    while inside:
        value = inside.pop()
        if len(value) > WIDEST:
            raise invalid(f"a list or an object has more than {WIDEST:,} members")
        members = value.values() if isinstance(value, dict) else value
        inside += [member for member in members if isinstance(member, dict | list)]
    return messages


def _calls(raw: tuple[dict[str, Any], ...] | None) -> tuple[dict[str, Any], ...] | None:
    """Calls of tools as {name, arguments}; None where there is none."""
    storable = _storable(raw or ())
    try:
        calls = tuple(calls_of(list(storable)) or ())
    except ValueError as error:
        raise invalid(str(error)) from None
    return _storable(calls) or None  # arguments were JSON in a text, perhaps


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise invalid("has no day in UTC") from None


Time = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Id = Annotated[str, StringConstraints(max_length=LONGEST_ID, pattern=NO_NUL)]
NonEmptyId = Annotated[Id, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(max_length=LONGEST_NAME, pattern=NO_NUL)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT, pattern=NO_NUL)]
Messages = Annotated[
    tuple[dict[str, Any], ...], Field(max_length=MOST_MESSAGES), AfterValidator(_storable)
]
ToolCalls = Annotated[tuple[dict[str, Any], ...] | None, AfterValidator(_calls)]
Count = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]
Milliseconds = Annotated[float, Field(ge=0)]
SentMessages = Annotated[
    Messages | None, Field(description="as chat messages: a list of {role, content}")
]
SentOutput = Annotated[Text | None, Field(description="the answer's text")]
SentCalls = Annotated[
    ToolCalls, Field(description="the tools that the answer calls: a list of {name, arguments}")
]


class RequestRow(Declaration):
    """One call of a model in production. All but `id`, `time` and `model` may be left out."""

    id: NonEmptyId = Field(
        description="the request's own id; the same id on the same day (UTC) is the same request",
    )
    time: Time = Field(description="when it was sent, with its offset from UTC")
    model: NonEmptyId = Field(description="the name under which it was served")
    user: Id = Field(
        "", description="who sent it: stored as a keyed hash, never as it is; or `user_hash`"
    )
    user_hash: str = Field(
        "", pattern="^([0-9a-f]{32})?$", description="the keyed hash, where the sender made it"
    )
    conversation: Id = Field("", description="the id that its turns share")
    turn: Count | None = Field(None, description="its place in the conversation, from 0")
    prompt_tokens: Count | None = Field(None, description="tokens that were read")
    completion_tokens: Count | None = Field(None, description="tokens that were written")
    cached_tokens: Count | None = Field(None, description="of the prompt's, read from a cache")
    reasoning_tokens: Count | None = Field(None, description="of the completion's")
    latency_ms: Milliseconds | None = Field(None, description="until the whole answer was there")
    first_token_ms: Milliseconds | None = Field(None, description="time to first token")
    cost_usd: Amount | None = Field(None, le=LARGEST, description="what the provider asks for it")
    error_type: Name = Field("", description="the class of its error; empty: it was answered")
    aborted: bool = Field(False, description="whether the client left before the end")
    finish_reason: Annotated[
        str, StringConstraints(max_length=LONGEST_FINISH_REASON, pattern=NO_NUL)
    ] = Field("", description="why the answer ended: stop, length, tool_calls, …")
    response_id: Id = Field("", description="the answer's id, which signals may name")
    trace_id: Id = Field("", description="the id that its trace's spans share")
    digest: str = Field(
        "",
        pattern="^([0-9a-f]{64})?$",
        description="SHA-256 of the messages' canonical JSON; computed where they are sent",
    )
    route: Name = Field("", description="the part of the product that sent it")
    tags: tuple[Name, ...] = Field((), max_length=MOST_TAGS, description="words to slice by")
    language: str = Field(
        "",
        pattern="^([a-z]{2,3})?$",
        description="as in de; detected from the messages where it isn't said",
    )
    arm: Name = Field("", description="of an experiment")
    mirror_of: Id = Field(
        "", description="what this is a mirrored copy of: the id of a request, or of its trace"
    )
    messages: SentMessages = None
    output: SentOutput = None
    tool_calls: SentCalls = None

    @property
    def has_texts(self) -> bool:
        return not (self.messages is None and self.output is None and self.tool_calls is None)


class TextsRow(Declaration):
    """Texts of a request that come apart from it, all of them or a part.

    Attributes:
        id: of the request.
        time: of the first of them.
        until: of the last message.
    """

    id: NonEmptyId
    time: Time
    until: Time | None = None
    messages: SentMessages = None
    output: SentOutput = None
    tool_calls: SentCalls = None


class SignalBy(StrEnum):
    """Who or what gave a signal."""

    PERSON = "person"
    CODE = "code"
    MODEL = "model"


TARGETS = ("request", "trace_id", "conversation")
"""What a signal may be about."""


class SignalRow(Declaration):
    """What was said or done about a response, a trace or a conversation: just one of the three."""

    id: NonEmptyId = Field(
        description="the signal's own id; the same id on the same day (UTC) is the same signal",
    )
    time: Time = Field(description="when it was given, with its offset from UTC")
    name: Annotated[Name, StringConstraints(min_length=1)] = Field(
        description="thumb, rating, edit, retry, copied, resolved, or any other",
    )
    value: float | None = Field(
        None, ge=-LARGEST, le=LARGEST, description="a number: 1 and 0 for yes and no"
    )
    label: Name = Field("", description="a word, where it is no number")
    by: Literal["person", "code", "model"] = Field("person", description="who gave it")
    request: Id = Field("", description="the request's id or its response's")
    trace_id: Id = Field("", description="or the trace's id: of its last request")
    conversation: Id = Field("", description="or the conversation's: of its last request before")
    text: Text | None = Field(None, description="an edited answer, or a comment")

    @model_validator(mode="after")
    def _about_one(self) -> Self:
        targets = [name for name in TARGETS if getattr(self, name)]
        if len(targets) != 1:
            names = " and ".join(targets) or "nothing"
            raise invalid(f"is about one of {', '.join(TARGETS)}, not about {names}")
        return self


class TrafficSource(StrEnum):
    """The door by which a row came."""

    REST = "rest"
    OTLP = "otlp"
    FILE = "file"
    LITELLM = "litellm"

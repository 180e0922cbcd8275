"""Values that two sandboxed processes hand each other: JSON messages, one a line."""

import json
import os
from collections.abc import Callable
from typing import Any

LONGEST_MESSAGE = 8 * 1024 * 1024
READ_AT_ONCE = 64 * 1024
FROM_PARTS: dict[tuple[str, str], Callable[[Any], list[Any]]] = {
    ("decimal", "Decimal"): lambda value: [str(value)],
    ("fractions", "Fraction"): lambda value: [value.numerator, value.denominator],
    ("datetime", "date"): lambda value: [value.year, value.month, value.day],
    ("datetime", "timedelta"): lambda value: [value.days, value.seconds, value.microseconds],
    ("datetime", "datetime"): lambda value: [*value.timetuple()[:6], value.microsecond],
}
"""Types whose values are made anew from their parts, by their module and name."""


class AnswerEnded(BaseException):
    """The answer's process ended, or said what is no message.

    No test takes it for an exception that it expects.
    """


class Pipe:
    """JSON messages, one a line, between the two processes.

    Args:
        longest: bytes of a message that is received; None without a bound but the memory's.
    """

    def __init__(self, reads: int, writes: int, longest: int | None = None) -> None:
        self.reads, self.writes, self.longest, self.buffer = reads, writes, longest, b""

    def send(self, message: Any) -> None:
        text = json.dumps(message).encode() + b"\n"
        while text:
            text = text[os.write(self.writes, text) :]

    def receive(self) -> Any:
        parts = [self.buffer]
        size = len(self.buffer)
        while b"\n" not in parts[-1]:
            part = os.read(self.reads, READ_AT_ONCE)
            size += len(part)
            if not part or (self.longest is not None and size > self.longest):
                raise AnswerEnded("ended the program" if not part else "gave too large a value")
            parts.append(part)
        line, _, self.buffer = b"".join(parts).partition(b"\n")
        return json.loads(line)


def encode(value: Any, keep: Callable[[Any], Any]) -> Any:
    """A value as JSON; what isn't plain is handed to `keep`, which gives its JSON."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        number = float(value)
        return number if number - number == 0 else {"float": repr(number)}
    if isinstance(value, complex):
        return {"complex": [encode(value.real, keep), encode(value.imag, keep)]}
    if isinstance(value, bytes | bytearray):
        return {"bytearray" if isinstance(value, bytearray) else "bytes": value.hex()}
    if isinstance(value, list):
        return [encode(each, keep) for each in list.__iter__(value)]
    if isinstance(value, dict):
        pairs = [[encode(key, keep), encode(each, keep)] for key, each in dict.items(value)]
        return {"dict": pairs}
    if isinstance(value, slice):
        return {"slice": [encode(each, keep) for each in (value.start, value.stop, value.step)]}
    for kind in (tuple, set, frozenset):
        if isinstance(value, kind):
            elements: Any = kind.__iter__
            return {kind.__name__: [encode(each, keep) for each in elements(value)]}
    parts = FROM_PARTS.get((type(value).__module__, type(value).__qualname__))
    if parts is not None and getattr(value, "tzinfo", None) is None:
        return {"made": [type(value).__module__, type(value).__qualname__, parts(value)]}
    return keep(value)


def decode(value: Any, resolve: Callable[[int], Any]) -> Any:
    """The value of a JSON text by `encode`; `resolve` gives the object of a number."""
    if isinstance(value, list):
        return [decode(each, resolve) for each in value]
    if not isinstance(value, dict):
        return value
    [(kind, content)] = value.items()
    match kind:
        case "float":
            return float(content)
        case "complex":
            return complex(*(decode(each, resolve) for each in content))
        case "bytes":
            return bytes.fromhex(content)
        case "bytearray":
            return bytearray.fromhex(content)
        case "dict":
            return {decode(key, resolve): decode(each, resolve) for key, each in content}
        case "tuple" | "set" | "frozenset":
            collection = {"tuple": tuple, "set": set, "frozenset": frozenset}[kind]
            return collection(decode(each, resolve) for each in content)
        case "slice":
            return slice(*(decode(each, resolve) for each in content))
        case "made":
            module, name, parts = content
            if (module, name) not in FROM_PARTS:
                raise AnswerEnded("gave what is no value")
            return getattr(__import__(module), name)(*parts)
        case "object":
            return resolve(content)
    raise AnswerEnded("gave what is no value")


def own_streams() -> tuple[int, int]:
    """Where this process reads and writes: its standard streams, which are nowhere from now on."""
    streams = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    return streams

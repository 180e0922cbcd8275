"""Rows of a file as items of a test set. Pure but for the reading, and without Django."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evalhub.io.canonical import canonical_json
from evalhub.io.held_texts import NO_CHOICES, text_of
from evalhub.io.instructions import check_instructions
from evalhub.io.item_fields import (
    OPTIONAL_FIELDS,
    answerable_of,
    choices_of,
    quoted,
    relevant_of,
    tools_in,
    weight_of,
)
from evalhub.io.limits import COMMAND, Limits
from evalhub.io.published_rows import with_usual_fields
from evalhub.io.rows import DataError, Row, field, item_id, read_rows, wrong
from evalhub.io.spelling import fold
from evalhub.io.tools import check_message, message_text

LABEL_LIMIT = 200
NO_ID = "\0"
"""Stands for the id of a row that has none while the row is read."""
ROLES = ("system", "user", "assistant", "tool")
# White space, control and format characters.
UNSEEN = re.compile(
    "[\\s\x00-\x1f\x7f-\x9f\xad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]+"
)
EDITED = {"reference_from": "edit"}
"""Metadata of an item whose reference is a production answer that somebody edited: it leans to the
model that gave it."""
_WHITE_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Which fields of a row make an item; `meta.domain` reaches into an object.

    A field that is named must be in every row. Where `reference`, `context`, `tags` or `cluster`
    is None, the field of that very name is taken from the rows that have it. Several names for
    `reference` or `tags` add up: several right answers, several tags. OPTIONAL_FIELDS are taken
    where they are named alone: with choices an item is judged and not answered. `text` in place of
    `input` names a text that is judged itself (`evalhub.io.held_texts`).
    All fields that are not named become the item's metadata.
    """

    id: str = "id"
    input: str = "input"
    reference: str | Sequence[str] | None = None
    context: str | None = None
    tags: str | Sequence[str] | None = None
    cluster: str | None = None
    choices: str | None = None
    tools: str | None = None
    relevant: str | None = None
    answerable: str | None = None
    weight: str | None = None
    text: str | None = None

    @property
    def field_names(self) -> frozenset[str]:
        """Names of the fields that the mapping takes, so that they aren't metadata."""
        several = (
            _names(self.reference, "reference"),
            _names(self.context, "context"),
            _names(self.tags, "tags"),
            _names(self.cluster, "cluster"),
        )
        alone = [name for each in OPTIONAL_FIELDS if (name := getattr(self, each)) is not None]
        return frozenset([self.id, self.text or self.input, *alone]).union(*several)


@dataclass(frozen=True, slots=True)
class ItemContent:
    """What a test set says of one item; all of it counts for the version's digest.

    `weight` is how much the item counts, above 0: of a sample how many requests it stands for.
    `relevant` are the ids of the passages that hold its answer (None: nobody said), and
    `answerable` is whether the documents hold it at all. Both are right answers of a kind.
    """

    key: str
    input: str | list[dict[str, Any]]
    references: list[Any]
    context: str
    tags: list[str]
    cluster: str
    metadata: dict[str, Any]
    choices: list[str] | None = None
    tools: list[dict[str, Any]] | None = None
    relevant: list[str] | None = None
    answerable: bool = True
    weight: float | None = None

    def input_bytes(self) -> bytes:
        """What an answer and its score depend on, as canonical JSON: its hash is the item's."""
        optional: dict[str, Any] = {
            "choices": self.choices,
            "tools": self.tools,
            "relevant": self.relevant,
        }
        optional |= {} if self.answerable else {"answerable": False}
        later = {name: value for name, value in optional.items() if value is not None}
        # What came later counts where it is given alone: other items have their digests still.
        return canonical_json(
            [self.input, self.references, self.context, *([later] if later else [])]
        )

    def fingerprint(self) -> int:
        """The ledger's fingerprint of the item: `fingerprint_of` its own text, without context.

        Right answers don't count, nor do system messages (where there are others), nor whether one
        message or a plain text holds the question.
        """
        return fingerprint_of(question_of(self.input))

    def fingerprint_in_context(self) -> int:
        """The fingerprint of the text with its context, if the context belongs to the question."""
        return fingerprint_of(question_of(self.input) + self.context)

    def labels(self) -> bytes:
        """The rest, as canonical JSON: what the item is called and grouped by, and its weight."""
        weight = [] if self.weight is None else [self.weight]
        return canonical_json([self.key, self.tags, self.cluster, self.metadata, *weight])


def prints_of(row: Row) -> tuple[int, int] | None:
    """The fingerprints of what a row asks, as it would be registered by its usual field names: its
    own text's, and its text's in its context. None where it holds no `input` that can be asked."""
    usual = FieldMapping()
    try:
        row = _with_usual_fields(row, usual)
        question = question_of(_input(row, usual.input))
        context = "".join(_context(row, name) for name in _present(row, usual.context, "context"))
    except DataError:
        return None
    return fingerprint_of(question), fingerprint_of(question + context)


def question_of(input_: str | list[dict[str, Any]]) -> str:
    """An item's own text: of chat messages all but the system's, where there are others."""
    if isinstance(input_, str):
        return input_
    texts = [message_text(message) for message in input_ if message["role"] != "system"]
    return "".join(texts or [message_text(message) for message in input_])


def fingerprint_of(text: str) -> int:
    """64 bits, signed, of the SHA-256 of a text, however it is spelt.

    What `evalhub.io.spelling.fold` folds doesn't count, nor do white space and punctuation at
    either end. A text in other words is another one.
    """
    folded_text = _without_ends(_WHITE_SPACE.sub("", fold(text))).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(folded_text).digest()[:8], "big", signed=True)


def version_line(question: bytes, labels: bytes) -> bytes:
    """One item's line in the text whose SHA-256 is a test set version's digest."""
    return b"%b%b\n" % (question, labels)


def read_items(
    path: Path, mapping: FieldMapping, limits: Limits = COMMAND
) -> Iterator[tuple[int, ItemContent]]:
    """Each item of a file with its line number, in bounded memory.

    Ids are not compared with each other here. Raises DataError, while reading, for whatever is
    wrong with the file, a row or a field.
    """
    used = mapping.field_names
    for row in read_rows(path, limits):
        yield row.line, _content(_with_usual_fields(row, mapping, path), mapping, used)


def item_of(row: Row, mapping: FieldMapping) -> ItemContent:
    """The item that a row holds. Raises DataError for what is wrong with a field."""
    return _content(_with_usual_fields(row, mapping), mapping, mapping.field_names)


def items_of(rows: Iterable[Row], mapping: FieldMapping) -> Iterator[tuple[int, ItemContent]]:
    """Items of rows of which some may have no id: then it is empty. Each with its line.

    Raises DataError for what is wrong with a field.
    """
    used = mapping.field_names
    for row in rows:
        row = _with_usual_fields(row, mapping)
        if mapping.id in row.values:
            yield row.line, _content(row, mapping, used)
        else:
            with_id = Row(row.line, {mapping.id: NO_ID, **row.values}, row.file)
            yield row.line, replace(_content(with_id, mapping, used), key="")


def _with_usual_fields(row: Row, mapping: FieldMapping, path: Path | None = None) -> Row:
    """A published row under the names that the mapping reads; any other row as it is."""
    if mapping.reference is not None:
        return row
    return with_usual_fields(
        row,
        path,
        id_field=mapping.id,
        input_field=mapping.input,
        mapped=mapping != FieldMapping(),
    )


def _without_ends(text: str) -> str:
    """The text without punctuation and signs at either end, or all of it where there is no more.

    Each end is read once: the pattern `\\W+$` reads a long run of signs again from each of its
    places.
    """
    first = _WORD.search(text)
    if first is None:
        return text
    last = next(end for end in range(len(text), 0, -1) if _WORD.match(text, end - 1))
    return text[first.start() : last]


def _content(row: Row, mapping: FieldMapping, used: frozenset[str]) -> ItemContent:
    choices = None if mapping.choices is None else choices_of(row, mapping.choices)
    return ItemContent(
        key=_short(row, mapping.id, item_id(row, mapping.id)),
        input=_input(row, mapping.input) if mapping.text is None else text_of(row, mapping.text),
        references=[
            reference
            for name in _present(row, mapping.reference, "reference")
            for reference in _references(row, name)
        ],
        context="".join(_context(row, name) for name in _present(row, mapping.context, "context")),
        tags=list(
            dict.fromkeys(
                tag for name in _present(row, mapping.tags, "tags") for tag in _tags(row, name)
            )
        ),
        cluster="".join(_cluster(row, name) for name in _present(row, mapping.cluster, "cluster")),
        metadata={name: value for name, value in row.values.items() if name not in used},
        choices=choices if mapping.text is None else NO_CHOICES,
        tools=None if mapping.tools is None else tools_in(row, mapping.tools),
        relevant=None if mapping.relevant is None else relevant_of(row, mapping.relevant),
        answerable=mapping.answerable is None or answerable_of(row, mapping.answerable),
        weight=None if mapping.weight is None else weight_of(row, mapping.weight),
    )


def _names(names: str | Sequence[str] | None, usual: str) -> list[str]:
    if names is None:
        return [usual]
    return [names] if isinstance(names, str) else list(names)


def _present(row: Row, names: str | Sequence[str] | None, usual: str) -> list[str]:
    """The fields to read: those that were named, or the usual one where the row has it."""
    if names is None and usual not in row.values:
        return []
    return _names(names, usual)


def _input(row: Row, name: str) -> str | list[dict[str, Any]]:
    value = field(row, name)
    if isinstance(value, str):
        if not value.strip():
            raise wrong(row, name, "empty; an input is a text or a list of chat messages")
        return _messages(row, name, value) or value
    if isinstance(value, list) and value:
        for index, message in enumerate(value):
            _check_message(row, f"{name}[{index}]", message)
        return value
    raise wrong(
        row,
        name,
        f"an input is a text or a list of chat messages, and this one is {quoted(value)}",
    )


def _messages(row: Row, name: str, text: str) -> list[dict[str, Any]] | None:
    """Chat messages that stand as JSON in a text, as a CSV must write them; None for any other."""
    if not text.lstrip().startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not value or not all(isinstance(message, dict) and "role" in message for message in value):
        return None
    for index, message in enumerate(value):
        _check_message(row, f"{name}[{index}]", message)
    messages: list[dict[str, Any]] = value
    return messages


def _check_message(row: Row, at: str, message: Any) -> None:
    is_message = isinstance(message, dict) and "role" in message
    if not is_message or ("content" not in message and "tool_calls" not in message):
        raise wrong(
            row, at, f"a chat message is {{role, content}}, and this one is {quoted(message)}"
        )
    if message["role"] not in ROLES:
        raise wrong(
            row,
            f"{at}.role",
            f"a role is one of {', '.join(ROLES)}, and this one is {quoted(message['role'])}",
        )
    content = message.get("content")
    if not isinstance(content, str) and not (content is None and message.get("tool_calls")):
        raise wrong(row, f"{at}.content", f"a content is text, and this one is {quoted(content)}")
    try:
        check_message(message)
    except ValueError as flaw:
        raise wrong(row, at, str(flaw)) from None


def _references(row: Row, name: str) -> list[Any]:
    value = field(row, name)
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        return check_instructions(row, name, [value])
    if None in value:
        raise wrong(row, name, "null is not a right answer; leave it out of the list")
    return check_instructions(row, name, value)


def _context(row: Row, name: str) -> str:
    value = field(row, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong(row, name, f"a context is text, and this one is {quoted(value)}")
    return value


def _tags(row: Row, name: str) -> list[str]:
    value = field(row, name)
    if value is None:
        return []
    tags = [_label(tag) for tag in (value if isinstance(value, list) else [value])]
    if None in tags:
        raise wrong(row, name, f"tags are a text or a list of texts, and this is {quoted(value)}")
    return [tag for tag in tags if tag]


def _cluster(row: Row, name: str) -> str:
    value = field(row, name)
    if value is None:
        return ""
    label = _label(value)
    if label is None:
        raise wrong(row, name, f"a cluster is a text or a number, and this one is {quoted(value)}")
    return _short(row, name, label)


def _label(value: Any) -> str | None:
    """A text without the white space around it, or a number or a boolean as JSON writes it."""
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _short(row: Row, name: str, text: str) -> str:
    if len(text) > LABEL_LIMIT:
        raise wrong(row, name, f"{len(text)} characters long; at most {LABEL_LIMIT} are kept")
    return text

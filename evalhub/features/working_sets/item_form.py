"""The form of a working set's item: the fields of a file's row, with the same checks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django import forms

from evalhub.features.working_sets.models import WorkingItem
from evalhub.io.item_fields import OPTIONAL_FIELDS
from evalhub.io.items import LABEL_LIMIT, FieldMapping, ItemContent, item_of
from evalhub.io.json_values import JsonError, parse_json
from evalhub.io.rows import DataError, Row
from evalhub.registry.contents import content_of

FILE = "form"
NAMES = {"id": "key", "input": "input", "reference": "references", "tools": "tools"}
"""Which field of the form an error of a row's field belongs to, where the names differ."""


TEXTS = (
    "key", "input", "references", "context", "tags", "cluster", *OPTIONAL_FIELDS, "metadata",
)  # fmt: skip


def _area(rows: int, **attributes: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **attributes})


class ItemForm(forms.Form):
    """All fields of an item. `revision` is the revision that the form shows."""

    key = forms.CharField(label="Id", max_length=LABEL_LIMIT, strip=False)
    input = forms.CharField(
        label="Input",
        widget=_area(6),
        strip=False,
        help_text="a text, or chat messages as JSON: [{“role”: “user”, “content”: …}]",
    )
    references = forms.CharField(
        label="Right answers",
        widget=_area(3),
        required=False,
        strip=False,
        help_text="one a line; or all of them as a JSON list, where one has several lines",
    )
    context = forms.CharField(label="Context", widget=_area(3), required=False, strip=False)
    tags = forms.CharField(label="Tags", widget=_area(2), required=False, help_text="one a line")
    cluster = forms.CharField(
        label="Cluster",
        max_length=LABEL_LIMIT,
        required=False,
        help_text="what it comes from: items of one customer or document belong together",
    )
    choices = forms.CharField(
        label="Choices", widget=_area(2), required=False, help_text="a JSON list of texts"
    )
    tools = forms.CharField(
        label="Tools", widget=_area(2), required=False, help_text="a JSON list, as OpenAI has them"
    )
    relevant = forms.CharField(
        label="Relevant passages",
        required=False,
        help_text="ids of the passages that hold its answer, a JSON list",
    )
    answerable = forms.CharField(
        label="Answerable",
        required=False,
        help_text="false where the documents don’t hold its answer",
    )
    weight = forms.CharField(
        label="Weight",
        required=False,
        help_text="how much it counts, above 0; none, or one for every item of the set",
    )
    metadata = forms.CharField(
        label="Anything else", widget=_area(2), required=False, help_text="a JSON object"
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        """Adds `content`, an ItemContent, or the error of the invalid field."""
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                values = {name: self._as_it_was(name, cleaned[name]) for name in TEXTS}
                cleaned["content"] = _content(values)
            except DataError as error:
                name = (error.field or "").partition("[")[0].partition(".")[0]
                name = NAMES.get(name, name)
                where = error.field if error.field and error.field != name else ""
                message = f"{where}: {error.message}" if "[" in where else error.message
                self.add_error(name if name in self.fields else None, message)
        return cleaned

    def _as_it_was(self, name: str, typed: str) -> str:
        """The item's own text if the browser changed nothing but line endings."""
        typed, before = _plain(typed), str(self.initial.get(name, ""))
        return before if _plain(before) == typed else typed


def form_of(item: WorkingItem) -> dict[str, Any]:
    """The form's values for an item: sent back unchanged they give the same item."""
    content = content_of(item)
    return {
        "key": content.key,
        "input": content.input if isinstance(content.input, str) else _as_json(content.input),
        "references": _lines_of(content.references),
        "context": content.context,
        "tags": "\n".join(content.tags),
        "cluster": content.cluster,
        "choices": "" if content.choices is None else _as_json(content.choices),
        "tools": "" if content.tools is None else _as_json(content.tools),
        "relevant": "" if content.relevant is None else _as_json(content.relevant),
        "answerable": "" if content.answerable else "false",
        "weight": "" if content.weight is None else _as_json(content.weight),
        "metadata": _as_json(content.metadata) if content.metadata else "",
        "revision": item.revision,
    }


def _content(cleaned: Mapping[str, str]) -> ItemContent:
    """Raises DataError."""
    values: dict[str, Any] = {
        "id": cleaned["key"],
        "input": cleaned["input"],
        "reference": _references(cleaned["references"]),
        "context": cleaned["context"],
        "tags": [line.strip() for line in cleaned["tags"].splitlines() if line.strip()],
        "cluster": cleaned["cluster"],
    }
    extras = {name: cleaned[name] for name in OPTIONAL_FIELDS if cleaned[name].strip()}
    mapping = FieldMapping(**{name: name for name in extras})
    if extras.get("choices", "").split() == ["[]"]:  # a held text, as the form shows one
        mapping = replace(mapping, choices=None, text="input")
        del extras["choices"]
    content = item_of(Row(1, values | extras, FILE), mapping)
    return replace(content, metadata=_metadata(cleaned["metadata"]))


def _references(text: str) -> list[Any]:
    """A JSON list, or else the lines that aren't empty."""
    if text.lstrip().startswith("["):
        try:
            parsed = parse_json(text)
        except JsonError:
            parsed = None
        if isinstance(parsed, list):
            return parsed
    return [line for line in text.split("\n") if line.strip()]


def _lines_of(references: Sequence[Any]) -> str:
    """The references as text, which `_references` reads back."""
    lines = "\n".join(each for each in references if isinstance(each, str))
    return lines if _references(lines) == list(references) else _as_json(references)


def _metadata(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        parsed = parse_json(text)
    except JsonError as flaw:
        raise DataError(flaw.message, file=FILE, field="metadata") from flaw
    if not isinstance(parsed, dict):
        raise DataError("a JSON object was expected", file=FILE, field="metadata")
    return parsed


def _plain(text: str) -> str:
    """Replaces a browser's two-character line endings by one."""
    return text.replace("\r\n", "\n")


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)

"""The reference of the rows says what their declarations say."""

from pathlib import Path
from typing import Any

import pytest

from evalhub.features.traffic.flaws import FlawReason
from evalhub.features.traffic.rows import RequestRow, SignalRow

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "traffic.md"
TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
}


def table(kind: type[RequestRow | SignalRow]) -> str:
    """The table of a row's fields, as Markdown."""
    schema = kind.model_json_schema()
    lines = ["| field | type | what it is |", "| --- | --- | --- |"]
    for name, field in schema["properties"].items():
        needed = ", needed" if name in schema["required"] else ""
        lines.append(f"| `{name}` | {_type(field)}{needed} | {field['description']} |")
    return "\n".join(lines)


def _type(field: dict[str, Any]) -> str:
    options = [option for option in field.get("anyOf", [field]) if option.get("type") != "null"]
    value = options[0]
    if "enum" in value:
        return ", ".join(value["enum"])
    if value.get("format") == "date-time":
        return "time"
    longest = f", up to {value['maxLength']:,} characters" if "maxLength" in value else ""
    return TYPES[value["type"]] + longest


@pytest.mark.parametrize("kind", [RequestRow, SignalRow])
def test_the_page_lists_every_field_as_it_is_declared(kind: type[RequestRow | SignalRow]) -> None:
    assert table(kind) in PAGE.read_text()


def test_the_page_lists_every_reason_for_which_a_row_is_not_taken() -> None:
    text = PAGE.read_text()
    assert [reason for reason in FlawReason if f"| {reason} |" not in text] == []

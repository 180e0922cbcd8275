"""The reference of the rows says what their declarations say."""

from pathlib import Path
from typing import Any

import pytest

from evalhub.features.traffic.api import BODY_LIMITS
from evalhub.features.traffic.flaws import Refusal
from evalhub.features.traffic.models import TrafficSettings
from evalhub.features.traffic.reading import MOST_ROWS
from evalhub.features.traffic.rows import DEEPEST, LONGEST_TEXT, WIDEST, RequestRow, SignalRow
from evalhub.io.limits import MIB

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
    assert [reason for reason in Refusal if f"| {reason} |" not in text] == []


def test_the_pages_say_the_bounds() -> None:
    limits = BODY_LIMITS.bytes, BODY_LIMITS.decoded
    mebibytes = [f"{limit // MIB} MiB" for limit in limits if limit]
    body = f"{mebibytes[0]}, {mebibytes[1]} unpacked, {MOST_ROWS:,} lines"
    assert f"[traffic](traffic.md) | {body} |" in (PAGE.parent / "limits.md").read_text()
    text = " ".join(PAGE.read_text().split())
    assert f"{MOST_ROWS:,} lines and {mebibytes[0]}, {mebibytes[1]} once unpacked" in text
    messages = f"{LONGEST_TEXT:,} characters at most, {DEEPEST} deep, no list or object in them"
    assert f"{messages} wider than {WIDEST:,}" in text


def test_the_page_says_what_is_kept_at_first() -> None:
    first = TrafficSettings()
    for name in ("text_share", "text_days", "days"):
        assert f"| `{name}` | {getattr(first, name):g} |" in PAGE.read_text()

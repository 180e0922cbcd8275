"""Tables of fields list what the declarations have, with their defaults."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"

# page, heading above the table, schema, declaration in it (None: the document itself)
TABLES = [
    ("policy", "Keys of the document", "policy", None),
    ("policy", "Criteria", "policy", "PolicyCriterion"),
    ("study-arms", "Arms", "study", "Arm"),
    ("study-test-sets", "Test sets", "study", "AskedTestSet"),
    ("../how-to/review-plan", "Review", "study", "StudyReview"),
    ("judges", "Pairwise", "study", "Pairwise"),
    ("../how-to/cost-of-ownership", "Ownership", "study", "Ownership"),
    ("general-capability", "Form", "study", "FormDemand"),
    ("verdict-json", "The document", "verdict", None),
    ("record-criteria", "A criterion", "verdict", "Criterion"),
    ("record-evidence", "Evidence", "verdict", "EvidenceRow"),
    ("record-evidence", "People", "verdict", "People"),
]


def rows(page: str, heading: str) -> dict[str, str]:
    """The first table below a heading: each field of its first column, and the last cell."""
    text = (DOCS / f"reference/{page}.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {heading}\n")[2]
    lines = re.findall(r"^\|.*\|$", section.partition("\n## ")[0], re.MULTILINE)[2:]
    cells = [re.split(r"(?<!\\)\|", line.strip("|")) for line in lines]
    return {name: each[-1].strip() for each in cells for name in re.findall(r"`(\w+)`", each[0])}


def properties(schema: str, name: str | None) -> dict[str, Any]:
    document = json.loads((DOCS / f"{schema}.schema.json").read_text(encoding="utf-8"))
    declaration = document["$defs"][name] if name else document
    return declaration["properties"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(("page", "heading", "schema", "name"), TABLES)
def test_a_table_has_just_the_fields_of_its_declaration(
    page: str, heading: str, schema: str, name: str | None
) -> None:
    assert rows(page, heading).keys() == properties(schema, name).keys()


@pytest.mark.parametrize(
    ("page", "heading", "schema", "name"), [row for row in TABLES if row[2] != "verdict"]
)
def test_a_table_has_the_defaults_of_its_declaration(
    page: str, heading: str, schema: str, name: str | None
) -> None:
    """Of numbers, words and switches. A policy's guard needs its margin, unlike the schema says."""
    cells = rows(page, heading)
    for field, declared in properties(schema, name).items():
        if (page, field) == ("policy", "margin"):
            continue
        match declared.get("default"):
            case bool(value):
                assert cells[field] == str(value).lower(), field
            case int(value) | float(value):
                assert re.search(rf"\b{value:g}\b", cells[field]), field
            case str(value) if value:
                assert value in cells[field], field

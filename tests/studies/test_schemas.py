"""The published JSON Schemas are those of the declarations."""

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from evalhub.studies.file.schemas import PUBLISHED, schema_of, schema_text

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_published_is_what_is_declared(name: str) -> None:
    """Else: `python -m evalhub.studies.file.schemas`."""
    assert (DOCS / f"{name}.schema.json").read_text("utf-8") == schema_text(name)
    Draft202012Validator.check_schema(schema_of(name))


@pytest.mark.parametrize(
    ("page", "which", "name"),
    [
        ("reference/study-file", 0, "study"),
        ("reference/policy", 0, "policy"),
        ("reference/evidence", 0, "evidence"),
        ("how-to/review-plan", 0, "review-request"),
    ],
)
def test_the_examples_of_the_pages_are_valid_by_what_is_published(
    page: str, which: int, name: str
) -> None:
    text = (DOCS / f"{page}.md").read_text("utf-8")
    example = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[which])
    published = Draft202012Validator(json.loads((DOCS / f"{name}.schema.json").read_text("utf-8")))
    published.validate(example)
    with pytest.raises(Exception, match="Additional properties"):
        published.validate(example | {"no_such_field": 1})

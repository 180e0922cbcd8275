"""The published JSON Schemas, made from the declarations.

`python -m evalhub.studies.file.schemas` writes them to docs/.
"""

import json
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from evalhub.decision.document import PrintedDecision
from evalhub.decision.policy import Policy
from evalhub.decision.verify import BESIDE
from evalhub.declare.evidence import EvidenceFile
from evalhub.declare.review import CampaignRequest
from evalhub.studies.file.spec import StudyFile

PUBLISHED: dict[str, type[BaseModel]] = {
    "study": StudyFile,
    "policy": Policy,
    "evidence": EvidenceFile,
    "review-request": CampaignRequest,
    "verdict": PrintedDecision,
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Published(GenerateJsonSchema):
    """Without titles that repeat a field's name, and of a docstring the first paragraph alone."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        json_schema = super().model_schema(schema)
        if "description" in json_schema:
            json_schema["description"] = " ".join(
                json_schema["description"].split("\n\n")[0].split()
            )
        return json_schema


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of a published document; `name` is one of PUBLISHED.

    A verdict is written here and read elsewhere: all of its fields are there.
    """
    kind = PUBLISHED[name]
    schema = kind.model_json_schema(
        schema_generator=_Published, mode="serialization" if name == "verdict" else "validation"
    )
    if name == "verdict":
        for beside_the_record in BESIDE:
            schema["required"].remove(beside_the_record)
    field = kind.model_fields.get("schema_")
    (identity,) = get_args(field.annotation) if field else (f"evalhub.{name}/1",)
    return {"$schema": DIALECT, "$id": identity, **schema, "title": f"Evalhub {name}"}


def schema_text(name: str) -> str:
    """The text of the schema's file in docs/."""
    return json.dumps(schema_of(name), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for document_name in PUBLISHED:
        Path("docs", f"{document_name}.schema.json").write_text(
            schema_text(document_name), encoding="utf-8"
        )

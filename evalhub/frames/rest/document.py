"""The OpenAPI document, made from the endpoints; `make openapi` rewrites its file."""

import json
import re
from typing import Any

from drf_spectacular.drainage import set_override
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.settings import patched_settings
from pydantic.json_schema import model_json_schema

from evalhub.accounts.models import Scope

SETTINGS = {
    "TITLE": "Evalhub",
    "DESCRIPTION": "Should this fine-tuned model replace what we run now?",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "POSTPROCESSING_HOOKS": [],  # declarations name their choices
}
REFERENCE = "#/components/schemas/"


class Shapes(OpenApiSerializerExtension):
    """Declarations, as they are taken and as they are given."""

    target_class = "pydantic.BaseModel"
    match_subclasses = True
    priority = 1

    def get_name(self, auto_schema: Any, direction: str) -> str:
        # nested in another declaration it appears by its plain name
        set_override(self.target, "suppress_collision_warning", True)
        return _name(self.target.__name__, direction)

    def map_serializer(self, auto_schema: Any, direction: str) -> Any:
        mode: Any = "serialization" if direction == "response" else "validation"
        schema = model_json_schema(self.target, ref_template="{model}", mode=mode)
        parts = schema.pop("$defs", {})
        for name, part in parts.items():
            component = ResolvedComponent(
                name=_name(name, direction),
                type=ResolvedComponent.SCHEMA,
                object=_name(name, direction),
                schema=_link(part, parts, direction),
            )
            auto_schema.registry.register_on_missing(component)
        return _link(schema, parts, direction)


class Bearer(OpenApiAuthenticationExtension):
    target_class = "evalhub.frames.rest.tokens.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "a token: evh_…"}


class Operations(AutoSchema):
    """Operations named for the method and the endpoint, under the noun of their address."""

    def get_operation_id(self) -> str:
        endpoint = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self.view).__name__).lower()
        return f"{self.method.lower()}_{endpoint}"

    def get_auth(self) -> list[dict[str, list[str]]]:
        super().get_auth()  # which registers the scheme
        return [{"token": [self.view.scopes.get(self.method, Scope.READ).value]}]

    def get_tags(self) -> list[str]:
        parts = self.path.removeprefix("/api/v1/projects/{project}").strip("/").split("/")
        return [parts[0] if parts[0] and "api" not in parts else "projects"]


def document() -> dict[str, Any]:
    """The whole document as JSON values."""
    with patched_settings(SETTINGS):
        generated = SchemaGenerator(urlconf="evalhub.urls").get_schema(request=None, public=True)
    document: dict[str, Any] = json.loads(json.dumps(generated))
    return document


def document_text() -> str:
    """The text of the document's file."""
    return json.dumps(document(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _name(name: str, direction: str) -> str:
    plain = name.removesuffix("Out")
    return plain if direction == "response" or plain.endswith("Request") else f"{plain}Input"


def _link(part: Any, parts: dict[str, Any], direction: str) -> Any:
    """The schema with references into this document, and without titles."""
    if isinstance(part, dict):
        linked = {
            name: _link(inner, parts, direction)
            for name, inner in part.items()
            if not (name == "title" and isinstance(inner, str))
        }
        if isinstance(target := linked.get("$ref"), str) and target in parts:
            linked["$ref"] = REFERENCE + _name(target, direction)
        return linked
    if isinstance(part, list):
        return [_link(inner, parts, direction) for inner in part]
    return part

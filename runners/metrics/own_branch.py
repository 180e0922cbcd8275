"""A document's metric: one of Evalhub's, or one of this home's own, which are looked up by name.

The union of Evalhub's metrics is made once; the own ones are known only where a document names one.
So the published schema says of them that their name is another's, whatever is installed.
"""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import Discriminator, GetCoreSchemaHandler, GetJsonSchemaHandler, Tag
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from evalhub.declare.declaration import flaws_of, invalid
from runners.metrics.score import MetricDeclaration, MetricError

SHIPPED, OWN = "shipped", "own"


def with_own(shipped: Any, names: Sequence[str]) -> Any:
    """The type of a metric in a document: a union of Evalhub's metrics, and own ones by name."""

    def tag(value: Any) -> str:
        name = value.get("name") if isinstance(value, Mapping) else getattr(value, "name", None)
        return OWN if isinstance(name, str) and name not in names else SHIPPED

    own = Annotated[MetricDeclaration, _OwnBranch(tuple(names)), Tag(OWN)]
    return Annotated[Annotated[shipped, Tag(SHIPPED)] | own, Discriminator(tag)]


class _OwnBranch:
    """How pydantic reads, writes and describes an own metric."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def __get_pydantic_core_schema__(self, kind: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda metric, info: metric.model_dump(
                    mode=info.mode,
                    by_alias=info.by_alias,
                    exclude_none=info.exclude_none,
                    exclude_defaults=info.exclude_defaults,
                    exclude_unset=info.exclude_unset,
                ),
                info_arg=True,
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            "type": "object",
            "description": "A metric of your own, as this home knows it by its name, and its "
            "options.",
            "properties": {"name": {"type": "string", "not": {"enum": list(self.names)}}},
            "required": ["name"],
        }

    def _validate(self, value: Any) -> MetricDeclaration:
        from runners.metrics.own_table import own_metrics

        if isinstance(value, MetricDeclaration):
            return value
        try:
            own = own_metrics()
        except MetricError as error:
            raise invalid(str(error)) from error
        name = value["name"]
        if name not in own:
            names = [*self.names, *own]
            close = get_close_matches(name, names, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise invalid(f'one of {", ".join(names)} is needed, not "{name[:60]}"{hint}')
        if flaws := flaws_of(own[name], value):
            path, message = flaws[0]
            raise invalid(message, *path)
        return own[name].model_validate_json(json.dumps(value))

"""JSON Schema."""

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from evalhub.declare.outside import Inert
from evalhub.io.json_values import JsonError, parse_json
from runners.metrics.score import Answer, MetricScore, TextMetric
from runners.metrics.subprocess_scoring import TooMuchError, in_the_process_apart, read_apart

_SMALL = 4_000

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


class JsonSchema(TextMetric):
    """1 where the output is strict JSON and valid by the schema, else 0 with the telling error.

    Without the option `schema` the reference is the schema.
    """

    title: ClassVar = "JSON Schema"
    measures: ClassVar = "whether the output is JSON that a schema allows"
    reference_implementation: ClassVar = "jsonschema-rs 0.60; it is computed by jsonschema"
    not_for: ClassVar = "to tell whether the values are right: a schema says only what they may be"
    normalisation: ClassVar = "white space at the ends"
    binary: ClassVar = True
    instead: ClassVar = "schema"
    apart: ClassVar = True

    name: Literal["json_schema"] = "json_schema"
    schema_: Annotated[dict[str, Any] | str, Inert()] | None = Field(
        None,
        alias="schema",
        title="JSON Schema",
        description="the schema; else each reference is one",
    )

    @field_validator("schema_")
    @classmethod
    def _is_a_schema(cls, schema: dict[str, Any] | str | None) -> dict[str, Any] | str | None:
        if schema is not None:
            _check(schema)
        return schema

    @cached_property
    def _validator(self) -> "Validator | None":
        return None if self.schema_ is None else validator(self.schema_)

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        from jsonschema.exceptions import best_match
        from referencing.exceptions import Unresolvable

        try:
            schema = self._validator or validator(reference)
        except ValueError as error:
            return MetricScore(None, f"the reference is no schema: {error}")
        try:
            flaw = best_match(schema.iter_errors(parse_json(answer.text)))
        except JsonError as error:
            return MetricScore(0.0, str(error))
        except Unresolvable as error:
            return MetricScore(None, f"the schema refers to what is not in it: {error}")
        if flaw is None:
            return MetricScore(1.0)
        return MetricScore(0.0, f"{flaw.json_path}: {flaw.message[:200]}")


def _check(schema: dict[str, Any] | str) -> None:
    """Raises ValueError for what is no schema. A large one is read apart."""
    if in_the_process_apart() or len(str(schema)) <= _SMALL:
        validator(schema)
        return
    try:
        read_apart("schema", schema)
    except TooMuchError as error:
        raise ValueError(f"is no schema to use: reading it {error}") from error


def validator(schema: Any) -> "Validator":
    """A validator of the schema, by its `$schema` (else draft 2020-12).

    Raises ValueError for what is no schema. Nothing is ever fetched: a reference must be to a part
    of the schema itself.
    """
    import jsonschema
    from referencing import Registry

    if isinstance(schema, str):
        schema = parse_json(schema)
    if not isinstance(schema, dict):
        raise ValueError("must be a JSON Schema, which is an object")
    kind = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ValueError(f"is not a JSON Schema: {error.json_path}: {error.message}") from error
    empty: Registry[Any] = Registry()
    schema_validator: Validator = kind(schema, registry=empty)
    return schema_validator

"""JSON Schema."""

from typing import Any

import jsonschema
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.exceptions import Unresolvable

from evalhub.files.rows import JsonError, parse_json
from runners.metrics.score import Answer, MetricScore


def json_schema(answer: Answer, reference: Any, *, schema: Validator | None = None) -> MetricScore:
    """1 where the output is strict JSON and valid by the schema, else 0 with the telling error.

    Without the option `schema` the reference is the schema.
    """
    try:
        schema = schema or validator(reference)
    except ValueError as error:
        return MetricScore(None, f"the reference is no schema: {error}")
    try:
        flaw = jsonschema.exceptions.best_match(schema.iter_errors(parse_json(answer.text)))
    except JsonError as error:
        return MetricScore(0.0, str(error))
    except Unresolvable as error:
        return MetricScore(None, f"the schema refers to what is not in it: {error}")
    return (
        MetricScore(1.0)
        if flaw is None
        else MetricScore(0.0, f"{flaw.json_path}: {flaw.message[:200]}")
    )


def validator(schema: Any) -> Validator:
    """A validator of the schema, by its `$schema` (else draft 2020-12).

    Raises ValueError for what is no schema. Nothing is ever fetched: a reference must be to a part
    of the schema itself.
    """
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
    made: Validator = kind(schema, registry=empty)
    return made

"""Sampling parameters of a model version."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from evalhub.declare.declaration import Declaration

MOST_SAMPLES = 1000

StopText = Annotated[str, Field(min_length=1)]


def _several(value: Any) -> Any:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


class Sampling(Declaration):
    """What is None isn't sent: the server's own default holds."""

    temperature: float | None = Field(None, ge=0, le=10, description="0 is greedy")
    top_p: float | None = Field(
        None, gt=0, le=1, description="share of the mass that is drawn from"
    )
    max_tokens: int | None = Field(None, ge=1, le=10_000_000, description="length of an answer")
    seed: int | None = Field(
        None,
        ge=0,
        le=9_223_372_036_854_775_807,  # 2**63 - 1
        description="of the first sample; + 1 for each more",
    )
    samples: int = Field(1, ge=1, le=MOST_SAMPLES, description="answers to one item")
    stop: (
        Annotated[
            Annotated[tuple[StopText, ...], Field(min_length=1)],
            BeforeValidator(_several, json_schema_input_type=StopText | list[StopText]),
        ]
        | None
    ) = Field(None, description="texts that end an answer")

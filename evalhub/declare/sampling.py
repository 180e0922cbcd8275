"""Sampling parameters of a model version."""

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from evalhub.declare.declaration import Declaration, invalid, is_none

MOST_SAMPLES = 1000

BEYOND_OPENAI = ("top_k", "min_p", "repetition_penalty", "chat_template_kwargs")
"""Parameters that OpenAI's own protocol doesn't have, and vLLM, SGLang and transformers do."""
SET_BY_REQUEST = frozenset(
    {
        "add_generation_prompt",
        "chat_template",
        "continue_final_message",
        "conversation",
        "documents",
        "max_length",
        "messages",
        "padding",
        "return_assistant_tokens_mask",
        "return_dict",
        "return_tensors",
        "sanitize_control_tokens",
        "tokenize",
        "tokenizer_kwargs",
        "tools",
        "truncation",
    }
)
"""Names that an argument of a chat template can't have: what is asked sets them."""
StopText = Annotated[str, Field(min_length=1)]


def _scalar(value: Any) -> Any:
    if not isinstance(value, bool | int | float | str):
        raise invalid(f"a text, a number, true or false is needed, not {json.dumps(value)[:60]}")
    return value


Scalar = Annotated[bool | int | float | str, BeforeValidator(_scalar)]
ArgumentName = Annotated[str, Field(pattern=r"^[A-Za-z_]\w{0,99}$")]


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
    top_k: int | None = Field(
        None,
        ge=1,
        le=10_000_000,
        exclude_if=is_none,
        description="how many of the likeliest tokens are drawn from",
    )
    min_p: float | None = Field(
        None,
        ge=0,
        le=1,
        exclude_if=is_none,
        description="of the likeliest token's probability, the least that another one needs",
    )
    repetition_penalty: float | None = Field(
        None,
        gt=0,
        le=10,
        exclude_if=is_none,
        description="makes tokens of the prompt and the answer less likely; 1 is none",
    )
    chat_template_kwargs: (
        Annotated[dict[ArgumentName, Scalar], Field(min_length=1, max_length=50)] | None
    ) = Field(
        None,
        exclude_if=is_none,
        description="arguments of the chat template, such as enable_thinking: false",
    )

    @field_validator("chat_template_kwargs")
    @classmethod
    def _are_the_templates(cls, arguments: dict[str, Any] | None) -> dict[str, Any] | None:
        for name in sorted(arguments or ()):
            if name in SET_BY_REQUEST:
                raise invalid("is set by what is asked: leave it out", name)
        return arguments

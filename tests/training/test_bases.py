"""A record of another base."""

from typing import Any

import pytest

from evalhub.declare.declaration import validate
from evalhub.declare.training import TrainingRecord
from evalhub.training.bases import StoodOn, base_of, verdict_on_base


@pytest.mark.parametrize(
    ("said", "stands_on", "verdict"),
    [
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B", ""),
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B-Instruct", "another"),
        ("Qwen/Qwen3-4B", "Qwen/Qwen3-8B", "another"),
        ("qwen/Qwen3-4B", "Qwen/qwen3-4b", ""),
        ("unsloth/llama-3.1-8b-bnb-4bit", "meta-llama/Llama-3.1-8B", ""),
        ("unsloth/llama-3-8b-bnb-4bit", "meta-llama/Meta-Llama-3-8B", ""),
        ("Qwen/Qwen3-8B-AWQ", "Qwen/Qwen3-8B", ""),
        ("acme/our-base", "meta-llama/Llama-3.1-8B", "doubt"),
        ("small-1b", "acme/small-1b", ""),
        ("small-1b", "/srv/models/small-1b", ""),
        ("small-1b", "/srv/models/large-9b", ""),
        ("acme/small-1b", "support", ""),
    ],
)
def test_it_is_another_where_that_is_sure_and_doubted_where_a_copy_may_have_any_name(
    said: str, stands_on: str, verdict: str
) -> None:
    fields = validate(TrainingRecord, {"base_model": said}).fields_with_names.fields
    assert verdict_on_base(fields, StoodOn(stands_on, "", loaded=True)) == verdict


def test_what_a_server_calls_a_model_is_never_sure() -> None:
    fields = validate(
        TrainingRecord, {"base_model": "Qwen/Qwen2.5-7B-Instruct"}
    ).fields_with_names.fields
    served = [
        StoodOn(name, "", loaded=False) for name in ("qwen/qwen-2.5-7b-instruct", "qwen/qwen-3")
    ]
    assert [verdict_on_base(fields, each) for each in served] == ["", "doubt"]


def test_where_no_base_is_known_nothing_is_said() -> None:
    assert (
        verdict_on_base(
            validate(TrainingRecord, {}).fields_with_names.fields, StoodOn("a/b", "", loaded=True)
        )
        == ""
    )
    said = validate(TrainingRecord, {"base_model": "a/b"}).fields_with_names.fields
    assert verdict_on_base(said, None) == ""


HF = {"type": "hf", "model": "acme/small-1b", "adapter": "acme/lora"}


@pytest.mark.parametrize(
    ("kind", "backend", "parent", "name"),
    [
        ("lora", HF, {"type": "openai", "model": "served"}, "acme/small-1b"),
        ("full", HF | {"adapter": None}, {"type": "hf", "model": "acme/large"}, "acme/large"),
        ("lora", {"type": "recorded"}, {"type": "openai", "model": "served"}, "served"),
        ("lora", {"type": "recorded"}, {"type": "recorded"}, None),
        ("lora", {"type": "openai", "model": "tuned"}, None, None),
    ],
)
def test_the_base_is_what_an_adapter_is_loaded_onto_or_else_the_parent_s_model(
    kind: str, backend: dict[str, Any], parent: dict[str, Any] | None, name: str | None
) -> None:
    found = base_of(kind, backend, parent)
    assert (found.name if found else None) == name

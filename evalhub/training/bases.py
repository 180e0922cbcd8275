"""Checks a record's base against the version's base. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from evalhub.declare.training import TrainingFields

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_STORED = re.compile(
    r"[-_.](unsloth|bnb|gguf|awq|gptq|fp8|fp16|bf16|nf4|int[48]|[48]bit|hf|quantized).*$"
)
"""How a copy of the same weights is stored, at the end of its name."""


class StoodOn(NamedTuple):
    """The base as a backend names it.

    Attributes:
        name: at the hub, at a server, or where it lies.
        whose: what stands on it, or answers with it, for a sentence.
        loaded: whether it is loaded by that name; a server may call a model as it likes.
    """

    name: str
    whose: str
    loaded: bool


def base_of(
    kind: str, backend: Mapping[str, Any], parent: Mapping[str, Any] | None
) -> StoodOn | None:
    """What a fine-tuned version stands on, as far as backends say: the base that its own adapter is
    loaded onto, or else the model of its parent; None where neither is known.

    Args:
        backend, parent: the version's backend and its parent's, as JSON.
    """
    if kind in ("lora", "qlora") and backend.get("type") == "hf" and backend.get("adapter"):
        return StoodOn(str(backend["model"]), "the base that its adapter is loaded onto", True)
    if parent is not None and parent.get("model"):
        loaded = parent.get("type") == "hf"
        return StoodOn(str(parent["model"]), "what its parent answers with", loaded)
    return None


def verdict_on_base(
    fields: TrainingFields, base: StoodOn | None
) -> Literal["", "doubt", "another"]:
    """Whether the record's base is another one than this.

    Only names like the hub's, OWNER/NAME, are compared: a folder may be called anything. "another"
    is said where the base is loaded by such a name, both have one owner, and they differ by more
    than by how the weights are stored; "doubt" where a server calls it so, or where the owners
    differ and neither name holds the other: a copy.
    """
    recorded_base = fields.base_model
    if (
        recorded_base is None
        or base is None
        or not all(map(_HUB_ID.fullmatch, (recorded_base, base.name)))
    ):
        return ""
    mine, theirs = _core_name(recorded_base), _core_name(base.name)
    if mine == theirs:
        return ""
    if _owner(recorded_base) == _owner(base.name):
        return "another" if base.loaded else "doubt"
    return "" if mine in theirs or theirs in mine else "doubt"


def _core_name(name: str) -> str:
    """The last part of a name, without how its weights are stored: its letters and digits."""
    return re.sub(r"\W|_", "", _STORED.sub("", name.rpartition("/")[2].lower()))


def _owner(name: str) -> str:
    return name.partition("/")[0].lower()

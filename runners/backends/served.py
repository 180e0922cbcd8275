"""What an endpoint says of the models that it serves, as vLLM does at /models: an adapter's entry
names its base. Pure."""

import json
from typing import Any


class NotThatAdapter(Exception):
    """A model that isn't an adapter of the base that was declared, and what it is."""


def check_adapter(content: bytes, *, model: str, base: str) -> None:
    """That an endpoint's list has `model` as an adapter of `base`. Raises NotThatAdapter.

    The entry's `parent` is the base by the name that it is served under; a base may also be named
    by its `root`, where its weights came from.
    """
    served = _entries(content)
    entry = served.get(model)
    if entry is None:
        raise NotThatAdapter(f"it lists no model {model!r}; it serves {_names_of(served)}")
    parent = entry.get("parent")
    if not isinstance(parent, str):
        raise NotThatAdapter(
            f"it doesn't say of {model!r} whose adapter it is: it may be a whole model, or the "
            "server may be one that names no parent"
        )
    root = served.get(parent, {}).get("root")
    if base not in (parent, root):
        raise NotThatAdapter(f"{model!r} is an adapter of {parent!r} there, not of {base!r}")


def _entries(content: bytes) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise NotThatAdapter("its list of models isn't JSON") from None
    models = document.get("data") if isinstance(document, dict) else None
    if not isinstance(models, list):
        raise NotThatAdapter("it gives no list of models")
    return {
        model["id"]: model
        for model in models
        if isinstance(model, dict) and isinstance(model.get("id"), str)
    }


def _names_of(served: dict[str, dict[str, Any]]) -> str:
    names = ", ".join(repr(name[:60]) for name in list(served)[:5])
    return names or "none"

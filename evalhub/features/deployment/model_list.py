"""What a server's list of models (/models) says about the model that should be the evaluated one.
Pure."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """Attributes:
    wrong: why it can't be what was evaluated; "" where nothing speaks against it.
    parent: whose adapter it is, by the server's word; "" where it says none.
    note: what whoever reads should know.
    """

    wrong: str = ""
    parent: str = ""
    note: str = ""


def check_model_list(
    content: bytes | None, *, name: str, bases: tuple[str, ...], adapter: bool
) -> ModelEntry:
    """Checks the entry `name` in a server's answer to /models.

    Args:
        content: the list; None: the server gives none.
        bases: names that the evaluated base goes by; () where nobody knows any.
        adapter: whether what was evaluated has a base under it.
    """
    entries = None if content is None else _entries(content)
    if entries is None:
        return ModelEntry(note="The server gives no list of models.")
    entry = entries.get(name)
    if entry is None:
        listing = ", ".join(repr(each[:60]) for each in list(entries)[:5]) or "none"
        return ModelEntry(note=f"It lists no model {name!r}; it lists {listing}.")
    parent = entry.get("parent")
    if not isinstance(parent, str) or not parent:
        note = "It doesn't say whose adapter the model is, as vLLM would of one that it applies."
        return ModelEntry(note=note if adapter and "parent" in entry else "")
    if not adapter:
        return ModelEntry(
            wrong=f"{name!r} is an adapter of {parent!r} there, and no adapter was evaluated",
            parent=parent,
        )
    root = entries.get(parent, {}).get("root")
    if not bases:
        return ModelEntry(parent=parent, note=f"It is an adapter of {parent!r} there.")
    if parent not in bases and root not in bases:
        return ModelEntry(
            wrong=f"{name!r} is an adapter of {parent!r} there, and was evaluated on {bases[0]!r}",
            parent=parent,
        )
    return ModelEntry(parent=parent)


def _entries(content: bytes) -> dict[str, dict[str, Any]] | None:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    rows = document.get("data") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        return None
    return {
        row["id"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)
    }

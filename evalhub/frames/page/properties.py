"""A specification's fields as names and texts, without possible secrets. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from runners.backends import BACKENDS


@dataclass(frozen=True, slots=True)
class Property:
    name: str
    text: str
    long: bool


def properties(values: Mapping[str, Any]) -> list[Property]:
    """Every field that is set, in its order."""
    return [
        _property(name, value) for name, value in values.items() if value not in (None, "", [], {})
    ]


def backend_properties(backend: Mapping[str, Any]) -> list[Property]:
    """The backend's declared fields; of free mappings (headers, say) only the names, and no
    password of a URL."""
    kind = BACKENDS.get(backend.get("type", ""))
    declared = kind.model_fields if kind else {}
    fields = {
        name: value
        for name, value in backend.items()
        if name in declared and not isinstance(value, Mapping)
    }
    if "url" in fields:
        fields["url"] = without_credentials(str(fields["url"]))
    names = [
        inner
        for name, value in backend.items()
        if name not in fields
        for inner in (value if isinstance(value, Mapping) else [name])
    ]
    if names:
        fields["extra"] = f"{', '.join(names)} (values aren't shown)"
    return properties(fields)


def without_credentials(url: str) -> str:
    """The URL without user name, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _property(name: str, value: Any) -> Property:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    long = "\n" in text or len(text) > 80
    if long and not isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False, indent=2)
    return Property(name.replace("_", " "), text, long)

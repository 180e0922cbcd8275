"""The address of an item's page, whatever characters its id has.

An id stands in the path as long as nothing on its way makes another path of it: browsers resolve
`.` and `..`, proxies join slashes, undo percent signs or refuse backslashes, and no path holds a
line's end. Any other stands in the query, which all of them leave alone.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from django.urls import reverse

ELSEWHERE = "-"
"""What the path says where the query's `item` names the item."""
_KEPT = re.compile(r"(?!\.\.?(?:/|$))[^/\\%\x00-\x20\x7f]+")


def item_address(name: str, *which: object, key: str, **query: object) -> str:
    """The page of the item `key` of a "study", a "run" or a "test_set": `which` is its id, for a
    study then the test set's name. Empty query fields are left out."""
    in_path = all(_KEPT.fullmatch(part) for part in key.split("/"))
    extra = {} if in_path else {"item": key}
    path = reverse(f"site:{name}_item", args=[*which, key if in_path else ELSEWHERE])
    fields = extra | {field: value for field, value in query.items() if value}
    encoded = urlencode(fields, doseq=True)
    return f"{path}?{encoded}" if encoded else path


def key_named(path: str, query: Mapping[str, str]) -> str:
    """The item's id in a path and a query, in every form that such addresses ever had."""
    return query.get("item", path) if path == ELSEWHERE else path

"""Sampled requests as items of a test set. Pure.

An item is what the model was asked, as it is stored: masked. Requests that ask the same are one
item, as the ledger takes them for one; its weight is theirs together.
"""

import datetime
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from evalhub.features.traffic.shadow.query import UNKNOWN
from evalhub.io.items import EDITED, FieldMapping, ItemContent, item_of
from evalhub.io.rows import DataError, Row

LENGTHS = ((500, "short"), (3_000, "medium"))
"""Characters of all messages up to which a request is called so; above them it is long."""
ROLES = {"developer": "system"}
"""Other names of roles that a test set has."""
NO_MESSAGES = "no messages are stored"
NOT_TEXT = "not all of its messages are text"
ELSEWHERE = "a test set asks the same"
EXAMPLE = "an example of a queue asks the same"


@dataclass(frozen=True, slots=True)
class RequestContent:
    """What an item is made of: one drawn request with its stored messages.

    Attributes:
        content: digest of its messages as they were sent.
        is_baseline: whether its answer stands as the baseline's.
        weight: requests of production that it stands for.
        edit: its answer as a person edited it; empty: nobody did, or it isn't asked for.
        latency_ms, cost_usd: what its answer took and cost; None: unknown, or an error.
    """

    day: datetime.date
    key: str
    content: str
    messages: Sequence[Mapping[str, Any]] | None
    user_hash: str
    language: str
    route: str
    tags: Sequence[str]
    is_baseline: bool
    weight: float
    edit: str
    latency_ms: float | None
    cost_usd: float | None
    trace_id: str = ""
    conversation: str = ""


@dataclass(slots=True)
class DrawnItem:
    """An item with the requests that it was made from, of which the first answers it."""

    content: ItemContent
    requests: list[RequestContent]

    @property
    def weight(self) -> float:
        return sum(each.weight for each in self.requests)

    @property
    def is_baseline(self) -> bool:
        """Whether production's answer stands for the baseline's."""
        return any(each.is_baseline for each in self.requests)


@dataclass(slots=True)
class DrawnItems:
    """Items in the order of the draw, and how many requests made none, by reason."""

    items: list[DrawnItem] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def items_of_requests(requests: Iterable[RequestContent]) -> DrawnItems:
    """Items of drawn requests; those that ask the same, however it is spelt, are one."""
    drawn = DrawnItems()
    by_fingerprint: dict[int, DrawnItem] = {}
    for request in requests:
        if not request.messages:
            drawn.left_out[NO_MESSAGES] += 1
            continue
        try:
            content = _content(request)
        except DataError:
            drawn.left_out[NOT_TEXT] += 1
            continue
        item = by_fingerprint.get(content.fingerprint())
        if item is None:
            item = by_fingerprint[content.fingerprint()] = DrawnItem(content, [])
            drawn.items.append(item)
        item.requests.append(request)
    for item in drawn.items:
        item.content = _with_reference(_in_cluster(item), item.requests)
    return drawn


def characters_label(count: int) -> str:
    """The slice of a text by its characters."""
    return next((name for most, name in LENGTHS if count <= most), "long")


def with_weights(items: Sequence[DrawnItem]) -> None:
    """Gives items their weights, where these differ: alike, they change no estimate."""
    if len({each.weight for each in items}) > 1:
        for item in items:
            item.content = replace(item.content, weight=item.weight)


def _content(request: RequestContent) -> ItemContent:
    """Raises DataError for messages that no item may have."""
    messages = [_message(each) for each in request.messages or ()]
    row = {"id": "-", "input": messages, "tags": _tags(request, messages)}
    content = item_of(Row(1, row), FieldMapping())
    digest = hashlib.sha256(content.input_bytes()).hexdigest()
    return replace(content, key=f"request-{digest[:20]}")


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message without what an item doesn't hold: names, refusals, fields that are null."""
    role = message.get("role")
    fields = {"role": ROLES.get(role, role) if isinstance(role, str) else role}
    fields["content"] = text_of_parts(message.get("content"))
    wanted = {"assistant": ("tool_calls",), "tool": ("tool_call_id", "name")}.get(str(role), ())
    return fields | {name: message[name] for name in wanted if message.get(name) is not None}


def text_of_parts(content: Any) -> Any:
    """Parts of text as one text; anything else as it is."""
    if not isinstance(content, list):
        return content
    texts = [part.get("text") for part in content if isinstance(part, dict)]
    is_text = len(texts) == len(content) and all(isinstance(text, str) for text in texts)
    return "\n".join(map(str, texts)) if is_text else content


def _tags(request: RequestContent, messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Slices: language, route, length and the request's own tags."""
    length = sum(len(each["content"]) for each in messages if isinstance(each["content"], str))
    route = [f"route:{request.route}"] if request.route else []
    own = [f"tag:{tag}" for tag in request.tags]
    return [
        f"language:{request.language or UNKNOWN}",
        f"length:{characters_label(length)}",
        *route,
        *own,
    ]


def _with_reference(content: ItemContent, requests: Sequence[RequestContent]) -> ItemContent:
    """The item with an edited answer as its reference, marked as one that leans to the baseline."""
    edit = next((each.edit for each in requests if each.edit), "")
    if not edit:
        return content
    return replace(content, references=[edit], metadata={**content.metadata, **EDITED})


def _in_cluster(item: DrawnItem) -> ItemContent:
    """The item in the cluster of its user. What several users ask is a cluster of its own.

    A cluster's name is made from the user's hash, so that no test set holds the hash itself.
    """
    users = {each.user_hash for each in item.requests}
    user = users.pop() if len(users) == 1 else ""
    name = f"user-{hashlib.sha256(user.encode()).hexdigest()[:16]}" if user else ""
    return replace(item.content, cluster=name)

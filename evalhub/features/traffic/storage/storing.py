"""The requests and signals of a batch written, each once; which of them are new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import batched, groupby
from typing import Any

from django.db import models
from django.utils import timezone
from pydantic_core import to_json

from evalhub.accounts.models import Project
from evalhub.features.traffic.flaws import Flaw
from evalhub.features.traffic.keeping import user_hash
from evalhub.features.traffic.models import (
    OfDaysQuerySet,
    Request,
    RequestText,
    Signal,
    TrafficSettings,
)
from evalhub.features.traffic.privacy.texts import KeptTexts, kept_comment
from evalhub.features.traffic.rows import RequestRow, SignalRow, TrafficSource
from evalhub.features.traffic.storage.admission import (
    LARGEST_SKEW,
    Admitted,
    other_content,
    other_day,
)
from evalhub.features.traffic.storage.bulk import Place, insert_new, places

SENT_OF_REQUEST = (
    "time", "model_name", "user_hash", "conversation", "turn", "prompt_tokens",
    "completion_tokens", "cached_tokens", "reasoning_tokens", "latency_ms", "first_token_ms",
    "cost_usd", "error_type", "aborted", "finish_reason", "response_id", "trace_id", "digest",
    "route", "tags", "arm", "mirror_of",
)  # fmt: skip
SENT_OF_SIGNAL = ("time", "name", "value", "label", "by", "target_kind", "target")
"""What the sender says: rows that are the same in these are the same. Texts aren't compared, nor
what depends on the project's settings."""

_PLACE = ("project", "day", "key")
_REQUEST = (*_PLACE, *SENT_OF_REQUEST, "source", "language", "has_text", "masked")
_SIGNAL = (*_PLACE, *SENT_OF_SIGNAL, "source", "text", "request_key", "model_name")
_TEXT = (*_PLACE, "messages", "output", "tool_calls")
_COMPARED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of admitted rows: the places of new ones, how many were there, and flaws."""

    new: set[Place]
    repeated: int
    flaws: list[Flaw]


def store_requests(
    project: Project,
    source: TrafficSource,
    rows: Sequence[tuple[Admitted[RequestRow], KeptTexts]],
    settings: TrafficSettings,
) -> Stored:
    """Writes requests, and the texts of those whose texts are kept."""
    values = [_request_values(project, source, settings, *row) for row in rows]
    stored = _store(Request, _REQUEST, [admitted for admitted, _ in rows], values, SENT_OF_REQUEST)
    texts = [
        (project.pk, admitted.day, admitted.row.id, *_text_values(texts))
        for admitted, texts in rows
        if texts.kept and (admitted.day, admitted.row.id) in stored.new
    ]
    insert_new(RequestText, _TEXT, texts)
    return stored


def _text_values(texts: KeptTexts) -> tuple[Any, ...]:
    return _json(texts.messages), texts.output, _json(texts.tool_calls)


def store_signals(
    project: Project,
    source: TrafficSource,
    rows: Sequence[Admitted[SignalRow]],
    settings: TrafficSettings,
) -> Stored:
    """Writes signals, which wait for their requests."""
    values = [_signal_values(project, source, settings, admitted) for admitted in rows]
    return _store(Signal, _SIGNAL, rows, values, SENT_OF_SIGNAL)


def _request_values(
    project: Project,
    source: TrafficSource,
    settings: TrafficSettings,
    admitted: Admitted[RequestRow],
    texts: KeptTexts,
) -> tuple[Any, ...]:
    row = admitted.row
    return (
        project.pk, admitted.day, row.id, admitted.time, row.model,
        row.user_hash or user_hash(row.user, settings), row.conversation, row.turn,
        row.prompt_tokens, row.completion_tokens, row.cached_tokens, row.reasoning_tokens,
        row.latency_ms, row.first_token_ms, row.cost_usd, row.error_type, row.aborted,
        row.finish_reason, row.response_id, row.trace_id, texts.digest, row.route,
        _json(row.tags), row.arm, row.mirror_of,
        source.value, texts.language, texts.kept, texts.masked,
    )  # fmt: skip


def _signal_values(
    project: Project,
    source: TrafficSource,
    settings: TrafficSettings,
    admitted: Admitted[SignalRow],
) -> tuple[Any, ...]:
    row = admitted.row
    kind, target = (
        ("request", row.request)
        if row.request
        else ("trace", row.trace_id)
        if row.trace_id
        else ("conversation", row.conversation)
    )
    return (
        project.pk, admitted.day, row.id, admitted.time, row.name, row.value, row.label, row.by,
        kind, target, source.value, kept_comment(row, settings), "", "",
    )  # fmt: skip


def _store(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Sequence[Admitted[Any]],
    values: Sequence[tuple[Any, ...]],
    sent: Sequence[str],
) -> Stored:
    """Writes what isn't there yet, neither on its day nor on the one before or after.

    An id is looked for no further, since rows are kept by day: there is no index over all of them.
    A row that another process writes at the same moment is waited for, and then is there.
    """
    if not rows:
        return Stored(set(), 0, [])
    elsewhere = _on_other_days(model, values[0][0], rows)
    by_place = {
        (admitted.day, admitted.row.id): (admitted, row)
        for admitted, row in zip(rows, values, strict=True)
        if (admitted.day, admitted.row.id) not in elsewhere
    }
    new = insert_new(model, columns, [row for _, row in by_place.values()])
    flaws = [
        other_day(admitted.line, admitted.row.id, elsewhere[admitted.day, admitted.row.id])
        for admitted in rows
        if (admitted.day, admitted.row.id) in elsewhere
    ]
    there = {
        place: (admitted.line, dict(zip(columns, row, strict=True)))
        for place, (admitted, row) in by_place.items()
        if place not in new
    }
    different = _differences(model, values[0][0], there, sent)
    return Stored(new, len(there) - len(different), flaws + different)


def _on_other_days(
    model: type[models.Model], project: int, rows: Sequence[Admitted[Any]]
) -> dict[Place, date]:
    """The places of rows whose id the project has on the day before or after, and that day."""
    elsewhere: dict[Place, date] = {}
    last = (timezone.now() + LARGEST_SKEW).date()
    for day, of_day in groupby(rows, key=lambda admitted: admitted.day):
        keys = [admitted.row.id for admitted in of_day]
        for other in (day - timedelta(days=1), day + timedelta(days=1)):
            if other <= last:
                taken = places(model, project, other, keys)
                elsewhere |= {(day, key): other for _, key in taken}
    return elsewhere


def _differences(
    model: type[models.Model],
    project: int,
    rows: Mapping[Place, tuple[int, Mapping[str, Any]]],
    sent: Sequence[str],
) -> list[Flaw]:
    """The flaws of rows that are there with other content."""
    flaws = []
    for day, of_day in groupby(sorted(rows), key=lambda place: place[0]):
        for keys in batched([key for _, key in of_day], _COMPARED_AT_ONCE):
            there: OfDaysQuerySet[Any] = OfDaysQuerySet(model).at(project, day, keys)
            for stored in there.values("key", *sent).order_by():
                line, values = rows[day, stored["key"]]
                stored |= {"tags": _json(stored["tags"])} if "tags" in stored else {}
                if not values.get("digest"):  # its texts may have come apart from it
                    stored.pop("digest", None)
                if names := [name for name in stored if stored[name] != values[name]]:
                    flaws.append(other_content(line, stored["key"], names))
    return flaws


def _json(value: Any) -> str | None:
    return None if value is None else to_json(value).decode()

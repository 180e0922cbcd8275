"""Stored requests and their answers, read by day and key."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import batched
from typing import Any

from django.db.models import Model, QuerySet

from evalhub.accounts.models import Project
from evalhub.features.traffic.models import Request, RequestText, Signal
from evalhub.features.traffic.rows import SignalBy
from evalhub.io.answers import LONGEST_REASON, LONGEST_SERVED

AT_ONCE = 500
OF_TOOLS = ("tool_calls", "tool_call", "tool_use", "function_call")
"""Why an answer ended that called tools: as OpenAI, GenAI's names and Anthropic say it."""
EDIT = "edit"
"""The name of a signal whose text is the answer as somebody changed it."""

type RequestId = tuple[date, str]
"""A request's day and key."""


def requests_at(project: Project, ids: Sequence[RequestId]) -> dict[RequestId, Request]:
    """Those that are stored, by day and key."""
    return dict(_rows_at(Request, project, ids))


def texts_at(project: Project, ids: Sequence[RequestId]) -> dict[RequestId, RequestText]:
    """Their texts, as far as they are stored, by day and key."""
    return dict(_rows_at(RequestText, project, ids))


def edits_at(project: Project, ids: Sequence[RequestId]) -> dict[RequestId, str]:
    """Answers as people edited them, by the request's day and key: of several edits the last."""
    by_day: dict[date, list[str]] = defaultdict(list)
    for day, key in ids:
        by_day[day].append(key)
    edits = Signal.objects.filter(
        project=project, name=EDIT, by=SignalBy.PERSON, text__isnull=False
    ).exclude(text="")
    return {
        (row.request_day, row.request_key): row.text
        for day, keys in by_day.items()
        for some in batched(keys, AT_ONCE)
        for row in edits.filter(request_day=day, request_key__in=some).order_by("time", "key")
        if row.request_day and row.text
    }


def is_whole(request: Request, texts: RequestText | None) -> bool:
    """Whether the answer, or the error in its place, is all that there was: an empty text that
    ended with calls of tools isn't, where no call came."""
    answered = texts is not None and (
        bool(texts.output or texts.tool_calls)
        or (texts.output is not None and request.finish_reason not in OF_TOOLS)
    )
    return (answered or bool(request.error_type)) and not request.aborted


def answer_row(request: Request, texts: RequestText | None) -> dict[str, Any]:
    """The part of a row of recorded answers that says how a request was answered."""
    outcome: dict[str, Any] = {"error": request.error_type}
    if not request.error_type:
        outcome = {"output": texts and texts.output}
        outcome |= {"tool_calls": texts.tool_calls} if texts and texts.tool_calls else {}
    reason = request.finish_reason[:LONGEST_REASON]
    return {
        **outcome,
        **({"finish_reason": reason} if reason else {}),
        "served_model": request.model_name[:LONGEST_SERVED],
    }


def _rows_at(
    kind: type[Model], project: Project, ids: Sequence[RequestId]
) -> Iterator[tuple[RequestId, Any]]:
    by_day: dict[date, list[str]] = defaultdict(list)
    for day, key in ids:
        by_day[day].append(key)
    rows: QuerySet[Any] = kind._default_manager.filter(project=project)
    for day, keys in by_day.items():
        for some in batched(keys, AT_ONCE):
            for row in rows.filter(day=day, key__in=some).order_by():
                yield (row.day, row.key), row

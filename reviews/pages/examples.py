"""The pages of whoever accepts, edits and rejects examples.

None of them says who or what proposed an answer, or what somebody else did with it; only whoever
decides a disagreement sees both answers, without names.
"""

import random
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.draft_recovery import person_mark
from evalhub.accounts.requests import SignedInRequest
from reviews.errors import (
    NotBlindError,
    ReviewError,
    UnfitExampleAnswerError,
    UnknownExampleError,
)
from reviews.examples.annotating import annotate, skip, undo
from reviews.examples.answers import ExampleAnswer
from reviews.examples.progress import own_progress
from reviews.examples.taking import Nothing, is_project_evaluator, take_disputed, take_example
from reviews.models import (
    Annotation,
    AnnotationAction,
    AnnotationPurpose,
    AnnotationState,
    ExampleQueue,
)
from reviews.pages.differences import mark_differences
from reviews.pages.page import request_of
from reviews.pages.reading import skip_reason, visible_seconds

SKIP_REASONS = (
    "I can’t read this language",
    "The request is broken",
    "It takes knowledge that I don’t have",
    "It upsets me",
)
_STATUS = {UnknownExampleError: 404, NotBlindError: 403}


def explain_refusals(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorator: a verb's ReviewError becomes a page that explains it."""

    @wraps(view)
    def guard(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ReviewError as error:
            context: dict[str, Any] = {"error": error}
            if not isinstance(error, UnknownExampleError):
                context["queue"] = _queue_of(request, **kwargs)
                context["blind"] = isinstance(error, NotBlindError)
            return _page(request, "refusal", context, status=_STATUS.get(type(error), 409))

    return guard


@never_cache
@require_GET
@explain_refusals
def example(request: SignedInRequest, *, pk: int) -> HttpResponse:
    """The example at hand, or why there is none."""
    queue = _queue(pk)
    turn = take_example(queue=queue, user=request.user)
    return _turn(request, turn) if isinstance(turn, Annotation) else _end(request, queue, turn)


@never_cache
@require_GET
@explain_refusals
def disagreement(request: SignedInRequest, *, pk: int) -> HttpResponse:
    """A disagreement of two annotators that this person decides, or why there is none."""
    queue = _queue(pk)
    turn = take_disputed(queue=queue, user=request.user)
    if isinstance(turn, Annotation):
        return _turn(request, turn)
    return _end(request, queue, turn, deciding=True)


@never_cache
@require_POST
@explain_refusals
def answer(request: SignedInRequest, *, turn: uuid.UUID) -> HttpResponse:
    """Keeps an answer and goes on to the next example; one that can't be saved comes back with
    what is wrong."""
    typed = ExampleAnswer(
        action=request.POST.get("action", ""),
        text=request.POST.get("answer"),
        reason=request.POST.get("reason", ""),
        visible_seconds=visible_seconds(request.POST),
    )
    try:
        kept = annotate(token=turn, user=request.user, answer=typed)
    except UnfitExampleAnswerError as error:
        own = Annotation.objects.select_related("example", "queue").filter(annotator=request.user)
        return _turn(request, own.get(token=turn), error=error, typed=typed)
    return _go_on(kept)


@never_cache
@require_POST
@explain_refusals
def skip_example(request: SignedInRequest, *, turn: uuid.UUID) -> HttpResponse:
    """Leaves an example to others, and goes on to the next."""
    return _go_on(skip(token=turn, user=request.user, reason=skip_reason(request.POST)))


@never_cache
@require_POST
@explain_refusals
def undo_answer(request: SignedInRequest, *, pk: int) -> HttpResponse:
    """Takes the last answer back; what comes is its example."""
    return _go_on(undo(queue=_queue(pk), user=request.user))


def _queue(pk: int) -> ExampleQueue:
    queue = ExampleQueue.objects.select_related("project").filter(pk=pk).first()
    if queue is None:
        raise UnknownExampleError
    return queue


def _queue_of(request: SignedInRequest, **address: Any) -> ExampleQueue | None:
    """The queue of an address, by its key or a turn's token, for whoever may know of it."""
    if "turn" in address:
        own = Annotation.objects.filter(annotator=request.user, token=address["turn"])
        return ExampleQueue.objects.filter(annotations__in=own).first()
    member = ExampleQueue.objects.filter(project__memberships__user=request.user)
    return member.filter(pk=address["pk"]).first()


def _go_on(turn: Annotation) -> HttpResponse:
    deciding = turn.purpose == AnnotationPurpose.ADJUDICATION
    return redirect(f"reviews:{'example_disagreement' if deciding else 'example'}", turn.queue_id)


def _turn(
    request: SignedInRequest,
    turn: Annotation,
    *,
    error: UnfitExampleAnswerError | None = None,
    typed: ExampleAnswer | None = None,
) -> HttpResponse:
    """The page of a turn. What an earlier revision said comes back with it after an undo."""
    shown, queue = turn.example, turn.queue
    earlier = shown.annotations.filter(
        annotator=request.user, purpose=turn.purpose, state=AnnotationState.UNDONE
    ).last()
    text = shown.proposal
    if typed is not None and typed.text is not None:
        text = typed.text
    elif earlier is not None and earlier.action == AnnotationAction.EDIT:
        text = earlier.answer
    deciding = turn.purpose == AnnotationPurpose.ADJUDICATION
    context = {
        "turn": turn,
        "queue": queue,
        "asked": request_of(shown.input, shown.context),
        "proposal": shown.proposal,
        "text": text,
        "reason": typed.reason if typed else earlier.reason if earlier else "",
        "labels": [(str(n), label) for n, label in enumerate(queue.labels, 1)],
        "error": error,
        "progress": own_progress(queue, request.user),
        "skip_reasons": SKIP_REASONS,
        "deciding": deciding,
        "answers": _both_answers(turn) if deciding else [],
    }
    return _page(request, "example", context, status=400 if error else None)


def _both_answers(turn: Annotation) -> list[dict[str, Any]]:
    """What two annotators did, in a random order and without names, with its difference from the
    proposal."""
    main = list(turn.example.annotations.standing().main().order_by("pk"))
    random.Random(f"{turn.queue.seed}:{turn.example_id}").shuffle(main)
    return [
        {
            "name": name,
            "action": AnnotationAction(each.action),
            "text": each.answer,
            "marked": mark_differences(turn.example.proposal, each.answer)[1].html,
            "reason": each.reason,
        }
        for name, each in zip(("One person", "The other"), main, strict=False)
    ]


def _end(
    request: SignedInRequest, queue: ExampleQueue, end: Nothing, *, deciding: bool = False
) -> HttpResponse:
    context = {
        "queue": queue,
        "end": end.kind,
        "deciding": deciding,
        "progress": own_progress(queue, request.user),
        "evaluates": is_project_evaluator(queue=queue, user=request.user),
    }
    return _page(request, "end", context)


def _page(
    request: SignedInRequest, name: str, context: dict[str, Any], *, status: int | None = None
) -> HttpResponse:
    template = f"reviews/examples/{name}.html"
    mark = {"person": person_mark(request.user)}
    return render(request, template, context | mark, status=status)

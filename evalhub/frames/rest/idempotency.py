"""Idempotency: a POST with an Idempotency-Key is done once; repeating it gives the same answer.

After draft-ietf-httpapi-idempotency-key-header-07, which expired in April 2026, with no successor.
What ended in a problem has changed nothing, and its key is free again.
"""

import datetime
import hashlib
import json
from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import ApiToken
from evalhub.frames.rest.lists import whole_response
from evalhub.frames.rest.models import Answered
from evalhub.frames.rest.problems import Problem
from evalhub.frames.rest.shapes import JobOut
from evalhub.io.canonical import digest_of
from evalhub.jobs.models import Job
from evalhub.jobs.queue import enqueue
from evalhub.jobs.replay import job_of
from evalhub.jobs.weight import Weight, weight_of_uploads
from evalhub.registry.uploads import Uploads

KEPT = datetime.timedelta(days=7)
HELD = datetime.timedelta(minutes=3)
"""Whoever dies meanwhile holds the key for that long."""
LONGEST = 255

JOB_RETRY_S = 1
CONDITIONS = ("If-Match",)

type Method = Callable[..., Response]
type RowCount = Callable[[Any], int]


def once(
    *, lasts: bool = False, secret: bool = False, rows: RowCount = lambda view: 0
) -> Callable[[Method], Method]:
    """Decorator of a method that handles POST: repeats with the same key get the stored answer.

    A heavy request is enqueued as a job, whose process calls the method; it is answered with 202
    and the job. Heavy is what concerns more than `weight.HEAVY_ROWS` rows or `HEAVY_BYTES` bytes:
    of its body, of the uploads that the body names, or by `rows`.

    Args:
        lasts: it takes long and does so in transactions of its own, each of which may be repeated,
            or else the last keeps the answer (`keep_answer`); without `lasts` the act and its
            answer are kept together, or neither.
        secret: its answer holds a secret, or texts of users, which aren't kept: the same request
            again is told so. It is never a job.
        rows: how many rows of the database the request concerns, given the view.
    """

    def decorate(method: Method) -> Method:
        @wraps(method)
        def answer_once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            job = job_of(request._request)
            claim = job or _claim(request)
            if claim.status is not None:
                return _again(claim)
            request.claim = claim
            try:
                with nullcontext() if lasts else transaction.atomic():
                    if job is None and not secret and _weight(view, request, rows).is_heavy:
                        response = _as_job(view, request)
                    else:
                        response = method(view, request, *args, **kwargs)
                    _keep(claim, response, secret)
            except BaseException:
                if isinstance(claim, Answered):
                    Answered.objects.filter(pk=claim.pk, status=None).delete()
                raise
            return response

        answer_once.may_be_job = not secret  # type: ignore[attr-defined]
        answer_once.answers_once = True  # type: ignore[attr-defined]
        return answer_once

    return decorate


def keep_answer(request: Request, response: Response) -> None:
    """For a long method: stores its answer in the caller's transaction.

    For an act that can't be repeated once that transaction has ended.
    """
    _keep(request.claim, response, secret=False)


def _claim(request: Request) -> Answered:
    """The key's row: new, for this request to work on, or answered. Raises Problem."""
    token: ApiToken = request.auth
    key = request.headers.get("Idempotency-Key", "").strip().strip('"')
    if not key:
        raise Problem(
            400,
            "A POST needs an Idempotency-Key: any text of your own that is this request's alone, "
            "so that sending it again after a lost answer does nothing twice.",
            field="Idempotency-Key",
        )
    if len(key) > LONGEST or not key.isprintable():
        raise Problem(400, f"is at most {LONGEST} printable characters", field="Idempotency-Key")
    now = timezone.now()
    fingerprint = _fingerprint(request)
    Answered.objects.filter(token=token, created__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            return Answered.objects.create(
                token=token, key=key, fingerprint=fingerprint, held_until=now + HELD
            )
    except IntegrityError:
        row = Answered.objects.with_key(token, key).first()
    if row is not None and row.fingerprint != fingerprint:
        raise Problem(
            422, "This Idempotency-Key was used for another request.", field="Idempotency-Key"
        )
    if row is not None and row.status is None:
        left = Answered.objects.filter(pk=row.pk, status=None, held_until__lt=now)
        row = row if left.update(held_until=now + HELD) else None
    if row is None:
        raise Problem(409, "The same request is being worked on.", headers={"Retry-After": "2"})
    return row


def _weight(view: Any, request: Request, rows: RowCount) -> Weight:
    size = int(request.META.get("CONTENT_LENGTH") or 0)
    uploads_weight = weight_of_uploads(json.dumps(request.data), Uploads(view.project))
    return Weight(rows(view), size) + uploads_weight


def _as_job(view: Any, request: Request) -> Response:
    """202 with the job that answers the request."""
    job = enqueue(
        project=view.project,
        by=view.by,
        token=request.auth,
        title=view.job_title(request.method),
        address=request.get_full_path(),
        sent=view.document(),
        conditions={name: request.headers[name] for name in CONDITIONS if name in request.headers},
    )
    shape = JobOut.from_model(job)
    return whole_response(shape, 202, Location=shape.url, Retry_After=str(JOB_RETRY_S))


def _keep(claim: Answered | Job, response: Response, secret: bool) -> None:
    claim.status = response.status_code
    claim.location = response.headers.get("Location", "")
    claim.body = None if secret else response.data
    claim.save(update_fields=["status", "location", "body"])


def _again(claim: Answered | Job) -> Response:
    if claim.body is None:
        raise Problem(
            409, "This request was done. Its answer held a secret, which is shown only once."
        )
    headers = {"Location": claim.location} if claim.location else {}
    return Response(claim.body, claim.status, headers=headers | {"Idempotency-Replayed": "true"})


def _fingerprint(request: Request) -> str:
    where = f"{request.method} {request.get_full_path()}\n"
    return hashlib.sha256((where + digest_of(request.data)).encode()).hexdigest()

"""A job's request answered in this process, by the endpoint or the page that it was sent to."""

import json
import logging
import time
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.handlers.exception import response_for_exception
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import resolve
from django.utils.datastructures import MultiValueDict
from django_htmx.middleware import HtmxDetails

from evalhub.jobs.models import Job
from evalhub.jobs.queue import MOST_ATTEMPTS, end, fail, form_file, give_back
from runners.outages import DATABASE_AWAY

BUSY = 503
"""The status of an answer that may be another one in a moment."""
BUSY_PAUSE_S = 3.0

logger = logging.getLogger(__name__)


def work(job: Job) -> None:
    """Answers a job's request and ends the job; one that was answered before is ended alone.

    An answer of 503 gives the job back, as long as attempts are left.
    """
    if job.status is None:
        response = _page(job) if job.token_id is None else _endpoint(job)
        job.refresh_from_db(fields=["status"])
        if job.status is None:
            if response.status_code == BUSY and job.attempts < MOST_ATTEMPTS:
                time.sleep(BUSY_PAUSE_S)
                give_back(job, reason="The site was busy")
                return
            _keep(job, response)
    end(job)


def work_or_fail(job: Job) -> None:
    """As `work`; an error of ours ends the job with a problem that tells nothing of it."""
    try:
        work(job)
    except DATABASE_AWAY as error:
        logger.warning("job %d: the database can't be used: %s", job.pk, error)
        connection.close()
        time.sleep(BUSY_PAUSE_S)
        give_back(job, reason="The database didn't answer")
    except Exception:
        logger.exception("job %d failed", job.pk)
        fail(job, 500, f"This is our fault, not yours. The log says more of job {job.pk}.")


def job_of(request: HttpRequest) -> Job | None:
    """The job whose request this is, where a process of its own works on it."""
    return getattr(request, "job", None)


def _endpoint(job: Job) -> HttpResponse:
    content = json.dumps(job.sent).encode()
    response = _answer(_request(job, "application/json", content))
    response.render()  # type: ignore[attr-defined]
    return response


def _page(job: Job) -> HttpResponse:
    request: Any = _request(job, "application/x-www-form-urlencoded", b"")
    fields = QueryDict(mutable=True)
    for name, value in job.sent["fields"]:
        fields.appendlist(name, value)
    files: MultiValueDict[str, UploadedFile[Any]] = MultiValueDict()
    for entry in job.sent["files"]:
        path = form_file(entry["path"])
        file = UploadedFile(
            path.open("rb"), entry["name"], entry["content_type"], path.stat().st_size
        )
        files.appendlist(entry["field"], file)
    fields._mutable = False
    request._post, request._files, request.user = fields, files, job.by
    request.htmx = HtmxDetails(request)
    request.session = SessionStore()  # which nobody saves
    request._messages = CookieStorage(request)
    response = _answer(request)
    job.messages = [
        {"level": message.level, "text": str(message.message), "tags": message.extra_tags or ""}
        for message in get_messages(request)
    ]
    job.save(update_fields=["messages"])
    return response


def _answer(request: Any) -> HttpResponse:
    match = resolve(request.path_info)
    request.resolver_match = match
    try:
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    except (Http404, PermissionDenied) as error:  # of a page; an endpoint answers with a problem
        return response_for_exception(request, error)
    return response


def _request(job: Job, kind: str, content: bytes) -> WSGIRequest:
    path, _, query = job.address.partition("?")
    request = WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": str(len(content)),
            "SERVER_NAME": settings.SITE_HOST,
            "SERVER_PORT": "443" if settings.HTTPS else "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.input": BytesIO(content),
            "wsgi.url_scheme": "https" if settings.HTTPS else "http",
        }
        | {
            f"HTTP_{name.upper().replace('-', '_')}": job.conditions[name]
            for name in job.conditions
        }
    )
    request.job = job  # type: ignore[attr-defined]
    return request


def _keep(job: Job, response: HttpResponse) -> None:
    job.status = response.status_code
    job.location = response.headers.get("Location", "")
    if job.token_id is not None:
        job.body = response.data  # type: ignore[attr-defined]
    elif not job.location:
        job.page = response.content.decode()
    job.save(update_fields=["status", "location", "body", "page"])

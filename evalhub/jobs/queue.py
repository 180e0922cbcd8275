"""The life of a job: enqueued, claimed by a process, renewed, released, ended, cancelled."""

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from evalhub.accounts.models import ApiToken, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.problem_body import problem_body
from evalhub.io.canonical import digest_of
from evalhub.io.row_counts import ROW_COUNTS
from evalhub.jobs.models import Job, JobState
from evalhub.registry.uploads import shared_folder

MOST_WAITING = 20
"""Jobs of a project that aren't finished; one more is refused."""
LOST_AFTER = timedelta(seconds=60)
"""A process that wasn't heard of for so long is taken for dead."""
MOST_ATTEMPTS = 3
KEPT = timedelta(days=14)
FILES_KEPT_S = 3600.0
"""How long a form's files lie there at least, of which the job may be about to be enqueued."""

NEWS = threading.Event()
"""Set in this process when a job was enqueued, so that it needn't wait for the next look."""


class QueueFullError(Exception):
    """The project has reached its limit of unfinished jobs."""

    def __init__(self) -> None:
        super().__init__(
            f"{MOST_WAITING} heavy requests of this project wait already, and one is worked on at "
            "a time: send it again when some of them have ended"
        )


def form_file(name: str) -> Path:
    """A form's file, by the name that its job has for it: PROJECT/DIGEST. Whichever site works on
    the job finds it, where sites share their uploads."""
    return shared_folder() / "jobs" / name


def enqueue(
    *,
    project: Project,
    by: User,
    token: ApiToken | None,
    title: str,
    address: str,
    sent: Mapping[str, Any],
    conditions: Mapping[str, str] = MappingProxyType({}),
) -> Job:
    """The job for a request: the unfinished one of the same content, or a new one.

    Args:
        address: that the request was sent to, with its query.
        sent: the request's JSON, or the fields and files of a form.
        conditions: headers that the answer depends on, such as If-Match.

    Raises NotAllowedError where `by` doesn't evaluate in the project, and QueueFullError.
    """
    check_evaluates(by, project)
    content = {"address": address, "sent": dict(sent), "conditions": dict(conditions)}
    fingerprint = digest_of(content | {"form": token is None})
    same = Job.objects.unfinished().filter(project=project, by=by, fingerprint=fingerprint)
    if (job := same.first()) is not None:
        return job
    if Job.objects.filter(project=project).unfinished().count() >= MOST_WAITING:
        raise QueueFullError
    try:
        with transaction.atomic():
            job = Job.objects.create(
                project=project,
                by=by,
                token=token,
                title=title[:200],
                address=address,
                sent=dict(sent),
                conditions=dict(conditions),
                fingerprint=fingerprint,
            )
    except IntegrityError:  # the same request at the same moment
        return same.get()
    transaction.on_commit(NEWS.set)
    return job


def claim_next() -> Job | None:
    """The oldest job that waits and whose project has none running, now claimed; None where there
    is none, or where another process claimed it first."""
    busy = Job.objects.running().values("project")
    job = Job.objects.waiting().exclude(project__in=busy).first()
    if job is None:
        return None
    now = timezone.now()
    job.attempts += 1
    try:
        with transaction.atomic():
            claimed = Job.objects.filter(pk=job.pk, state=JobState.WAITING).update(
                state=JobState.RUNNING, attempts=job.attempts, started=now, seen_at=now
            )
    except IntegrityError:  # another job of the project was claimed at the same moment
        return None
    job.state = JobState.RUNNING
    return job if claimed else None


def report_progress(job: Job) -> bool:
    """Says that the job's process lives, and how far it is. Whether the job is still its own."""
    mine = Job.objects.running().filter(pk=job.pk, attempts=job.attempts)
    return bool(
        mine.update(
            seen_at=timezone.now(),
            rows_read=ROW_COUNTS.read,
            rows_written=ROW_COUNTS.written,
        )
    )


def end(job: Job) -> None:
    """Ends a job that has its answer. What was sent isn't kept: it may hold texts that somebody
    has taken out one day."""
    Job.objects.unfinished().filter(pk=job.pk).update(
        sent={},
        state=JobState.ENDED,
        ended=timezone.now(),
        rows_read=ROW_COUNTS.read,
        rows_written=ROW_COUNTS.written,
    )


def give_back(job: Job, *, reason: str, counted: bool = True) -> None:
    """Requeues the job, so that another process starts it again. After MOST_ATTEMPTS it ends with
    the reason.

    Args:
        counted: whether this was an attempt that failed; not where the site was stopped.
    """
    running = Job.objects.running().filter(pk=job.pk, attempts=job.attempts)
    if running.filter(status__isnull=False).exists():  # it died between its answer and its end
        end(job)
    elif counted and job.attempts >= MOST_ATTEMPTS:
        detail = f"{reason}, at the last of {job.attempts} attempts. Nothing half-written is left."
        fail(job, 500, detail)
    else:
        running.update(state=JobState.WAITING, attempts=job.attempts - (not counted))


def fail(job: Job, code: int, detail: str) -> None:
    """Ends a job that has no answer with a problem of our own."""

    Job.objects.unfinished().filter(pk=job.pk, status=None).update(
        sent={},
        state=JobState.ENDED,
        ended=timezone.now(),
        status=code,
        body=problem_body(code, detail),
    )


def cancel_job(job: Job, *, by: User) -> None:
    """Ends an unfinished job; its process stops within seconds. Raises NotAllowedError."""
    check_evaluates(by, job.project)
    fail(job, 409, f"It was cancelled by {by}. Nothing half-written is left.")


def take_back_lost() -> None:
    """Gives back the jobs whose processes weren't heard of for long: their site was killed."""
    lost = Job.objects.running().filter(seen_at__lt=timezone.now() - LOST_AFTER)
    for job in lost:
        give_back(job, reason="Its process was killed")


def drop_old() -> None:
    """Takes away the jobs that ended long ago, and the files of forms that no job needs."""
    Job.objects.filter(state=JobState.ENDED, ended__lt=timezone.now() - KEPT).delete()
    needed = {
        form_file(file["path"])
        for sent in Job.objects.unfinished().filter(token=None).values_list("sent", flat=True)
        for file in sent["files"]
    }
    for path in (shared_folder() / "jobs").glob("*/*"):
        with suppress(FileNotFoundError):
            if path not in needed and time.time() - path.stat().st_mtime > FILES_KEPT_S:
                path.unlink()

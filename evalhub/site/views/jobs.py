"""The page of a heavy form's job: its progress, then what the form would have shown."""

import re

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.jobs.models import Job
from evalhub.jobs.queue import cancel_job

TOKEN = re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]*|(X-CSRFToken&quot;: &quot;)[^&]*')
LOOK_S = 2


def _own(request: SignedInRequest, pk: int) -> Job:
    """The user's own job, in a project that they still see."""
    rows = Job.objects.visible_to(request.user).filter(by=request.user, token=None)
    return get_object_or_404(rows.select_related("project"), pk=pk)


@never_cache
@require_GET
@results_only
def job(request: SignedInRequest, pk: int) -> HttpResponse:
    job = _own(request, pk)
    if not job.has_ended:
        return render(request, "site/jobs/job.html", {"job": job, "look_s": LOOK_S})
    for message in job.messages:
        messages.add_message(request, message["level"], message["text"], extra_tags=message["tags"])
    if job.location and url_has_allowed_host_and_scheme(job.location, None):
        return HttpResponseRedirect(job.location)
    if job.page:
        token = get_token(request)
        page = TOKEN.sub(lambda match: f"{match[1] or match[2]}{token}", job.page)
        return HttpResponse(page, status=job.status or 200)
    context = {"job": job, "problem": (job.body or {}).get("detail", "")}
    return render(request, "site/jobs/job.html", context, status=job.status or 500)


@require_POST
@results_only
def cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Cancel the job if it hasn't ended."""
    job = _own(request, pk)
    if not job.has_ended:
        cancel_job(job, by=request.user)
    return redirect("site:job", pk)

"""The page of a heavy form: how far its job is, and then what the form would have shown."""

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
    """A form that this person sent, in a project that they still see."""
    rows = Job.objects.seen_by(request.user).filter(by=request.user, token=None)
    return get_object_or_404(rows.select_related("project"), pk=pk)


@never_cache
@require_GET
@results_only
def job(request: SignedInRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    if not found.has_ended:
        return render(request, "site/jobs/job.html", {"job": found, "look_s": LOOK_S})
    for told in found.messages:
        messages.add_message(request, told["level"], told["text"], extra_tags=told["tags"])
    if found.location and url_has_allowed_host_and_scheme(found.location, None):
        return HttpResponseRedirect(found.location)
    if found.page:
        token = get_token(request)
        page = TOKEN.sub(lambda match: f"{match[1] or match[2]}{token}", found.page)
        return HttpResponse(page, status=found.status or 200)
    context = {"job": found, "problem": (found.body or {}).get("detail", "")}
    return render(request, "site/jobs/job.html", context, status=found.status or 500)


@require_POST
@results_only
def cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ends the job, if it hasn't ended."""
    found = _own(request, pk)
    if not found.has_ended:
        cancel_job(found, by=request.user)
    return redirect("site:job", pk)

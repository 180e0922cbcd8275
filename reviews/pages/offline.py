"""What a browser keeps for a reviewer who has no connection: a page that says so, and no answer.

The worker keeps what is listed here, which is the same for everybody, and nothing else.
"""

import hashlib
import json

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

SHELL = (
    "report/evalhub.css",
    "reviews/laid_out.css",
    "reviews/review.css",
    "reviews/small.css",
    "reviews/offline.js",
    "site/favicon.svg",
)


@login_not_required
@cache_control(no_cache=True, public=True)
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker of the reviewers' pages: its address gives it its scope."""
    page = render(request, "reviews/offline.html").content
    shell = [reverse("reviews:offline"), *(static(name) for name in SHELL)]
    version = hashlib.sha256(page + json.dumps(shell).encode()).hexdigest()[:16]
    context = {"shell": shell, "version": version}
    return render(request, "reviews/worker.js", context, content_type="text/javascript")


@login_not_required
@cache_control(no_cache=True, public=True)
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page shown if a reviewer's page can't be loaded."""
    return render(request, "reviews/offline.html")

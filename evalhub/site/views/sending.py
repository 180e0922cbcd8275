"""Send a study file and the files that it names by a form."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.site.sent_study import SentStudy


@never_cache
@require_http_methods(["GET", "POST"])
@results_only
def send_study(request: SignedInRequest) -> HttpResponse:
    """The form; once sent, it registers and runs the study, or shows the errors and keeps the
    files."""
    sent = SentStudy(request)
    begun = "begin" in request.POST  # an example to start from, which runs nothing yet
    if request.method == "POST" and not begun and (study := sent.register()):
        return redirect("site:study", study.pk)
    status = 400 if sent.wrong else 200
    return render(request, "site/sending/study_file.html", {"sent": sent}, status=status)

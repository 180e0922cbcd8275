"""Studies: the list, one study with its verdict and live progress, and the form that sends one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from evalhub.accounts.requests import SignedInRequest
from evalhub.decision.wording import count_text
from evalhub.frames.page.access import results_only
from evalhub.frames.page.read_from import as_read
from evalhub.registry.models import Study
from evalhub.registry.models.studies import StudyQuerySet
from evalhub.site.listing import list_page
from evalhub.site.lists import studies_list
from evalhub.site.queries import study_runs
from evalhub.site.sent_study import SentStudy
from evalhub.site.study.page import study_page
from evalhub.studies.run.advance import advance
from evalhub.studies.run.all_runs import cancel_runs, resume_runs
from evalhub.studies.run.verdicts import with_verdict
from runners.queue import QueueUnreachable


def _visible(request: SignedInRequest) -> StudyQuerySet:
    return Study.objects.visible_to(request.user).select_related("project")


@require_GET
@results_only
def studies(request: SignedInRequest) -> HttpResponse:
    studies = with_verdict(_visible(request).with_run_counts())
    page = list_page(studies_list(request.user), studies, request.GET)
    return render(request, "site/studies.html", {"listed": page})


@require_GET
@results_only
def study(request: SignedInRequest, pk: int) -> HttpResponse:
    """A study; of a live experiment its own page."""
    live = Study.with_live.visible_to(request.user).live().filter(pk=pk).first()
    if live is not None:
        return redirect("site:experiment", live.experiment.pk)
    study = get_object_or_404(_visible(request), pk=pk)
    page = study_page(study, request.GET)
    return render(request, "site/study/study.html", {"shown": page, "study": study})


@require_GET
@results_only
def study_panel(request: SignedInRequest, pk: int) -> HttpResponse:
    """The open tab of a study, as a part of its page; without htmx, that page."""
    study = get_object_or_404(_visible(request), pk=pk)
    if not request.htmx:
        query = request.GET.urlencode()
        return redirect(f"{reverse('site:study', args=[pk])}?{query}#panel")
    page = study_page(study, request.GET)
    return render(request, "site/study/_panel.html", {"shown": page, "study": study})


@require_GET
@results_only
def study_progress(request: SignedInRequest, pk: int) -> HttpResponse:
    """The study's runs while they go on; once they have ended, the whole page is loaded again. With
    `until`, nothing is sent before the study is decided."""
    study = get_object_or_404(_visible(request), pk=pk)
    if "until" in request.GET and not study.decisions.exists():
        return HttpResponse(status=204)
    runs = study_runs(study)
    if not runs.open:
        return HttpResponseClientRefresh()
    return render(request, "site/_study_runs.html", {"runs": runs, "study": study})


@require_POST
@results_only
def cancel_study_runs(request: SignedInRequest, pk: int) -> HttpResponse:
    """Cancel all open runs and judges of a study; answers stay."""
    study = get_object_or_404(_visible(request), pk=pk)
    with as_read(request, lambda: study_runs(study).stopped, lock=study):
        count = cancel_runs(study, by=request.user)
    if count:
        message = f"{count_text(count, 'run')} stopped. Their answers are kept."
        messages.success(request, message)
    else:
        messages.info(request, "Its runs had ended, so nothing was changed.")
    return redirect("site:study", pk)


@require_POST
@results_only
def resume_study_runs(request: SignedInRequest, pk: int) -> HttpResponse:
    """Resume a study's failed or cancelled runs."""
    study = get_object_or_404(_visible(request), pk=pk)
    try:
        with as_read(request, lambda: study_runs(study).stopped, lock=study):
            count = resume_runs(study, by=request.user)
    except QueueUnreachable as error:
        messages.error(request, str(error))
    else:
        goes_on = "goes on" if count == 1 else "go on"
        message = f"{count_text(count, 'run')} {goes_on} where it stopped." if count else ""
        messages.success(request, message or "None of its runs had stopped: nothing was changed.")
    return redirect("site:study", pk)


@require_POST
@results_only
def decide(request: SignedInRequest, pk: int) -> HttpResponse:
    study = get_object_or_404(_visible(request), pk=pk)
    status = advance(study=study, by=request.user, take_up=True)
    if status.decisions:
        verdicts = "; ".join(
            f"{decision.arm}: {decision.get_verdict_display()}" for decision in status.decisions
        )
        messages.success(request, f"Decided on the evidence as it is now. {verdicts}.")
    else:
        messages.error(request, f"It can't be decided yet: it waits for {status.waits_for}.")
    return redirect("site:study", pk)


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

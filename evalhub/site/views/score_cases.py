"""Scores said to be wrong, and metrics audited."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.models import Project
from evalhub.accounts.requests import SignedInRequest
from evalhub.decision.wording import counted
from evalhub.declare.declaration import DeclarationError
from evalhub.features.score_audits.score_cases import (
    LONGEST,
    MOST_AUDITED,
    ScoreCaseError,
    check_score,
    dispute_score,
    draw_audit,
    readable_score,
)
from evalhub.frames.page.access import results_only
from evalhub.registry.models import Output, Run, ScoreAudit
from evalhub.site.score_cases_page import audit_page, metric_page, seen_metric, texts_of

FOLDER = "site/disputes"


class CaseForm(forms.Form):
    """What a score should be."""

    said = forms.FloatField(label="It should be", help_text="in the metric’s own unit")
    why = forms.CharField(
        label="Why",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=LONGEST,
        required=False,
        help_text="evaluators of the project read it",
    )


class AuditForm(forms.Form):
    """How many answers are drawn."""

    project = forms.SlugField()
    size = forms.IntegerField(min_value=1, max_value=MOST_AUDITED)


@require_GET
@results_only
def metric_cases(request: SignedInRequest, metric: int) -> HttpResponse:
    found = seen_metric(request.user, metric)
    shown = metric_page(request.user, found, request.GET.get("page", ""))
    return render(request, f"{FOLDER}/metric.html", {"shown": shown, "most": MOST_AUDITED})


@require_http_methods(["GET", "POST"])
@results_only
def dispute(request: SignedInRequest, metric: int, output: int) -> HttpResponse:
    """ "This score is wrong": what it should be, and why."""
    rows = Output.objects.filter(run__in=Run.objects.seen_by(request.user))
    found = get_object_or_404(rows.select_related("item", *RUN), pk=output)
    asked = seen_metric(request.user, metric)
    try:
        score = readable_score(found, asked)
        form = CaseForm(request.POST or None, initial={"said": opposite(score.value)})
        if request.method == "POST" and form.is_valid():
            dispute_score(output=found, metric=asked, by=request.user, **form.cleaned_data)
            messages.success(request, "Noted. The score stays as it is.")
            return redirect("site:metric_cases", metric)
    except ScoreCaseError as error:
        messages.error(request, str(error))
        return redirect("site:run", found.run_id)
    except DeclarationError as error:
        form.add_error(error.field, error.message)
    context = {"output": found, "metric": asked, "score": score, "form": form}
    context |= dict(zip(("question", "reference", "answer"), texts_of(found), strict=True))
    status = 400 if form.errors else 200
    return render(request, f"{FOLDER}/dispute.html", context, status=status)


@require_POST
@results_only
def audit_metric(request: SignedInRequest, metric: int) -> HttpResponse:
    """Draws answers to be checked."""
    found = seen_metric(request.user, metric)
    form = AuditForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"An audit draws 1 to {MOST_AUDITED:,} answers of a project.")
        return redirect("site:metric_cases", metric)
    project = get_object_or_404(
        Project.objects.seen_by(request.user), slug=form.cleaned_data["project"]
    )
    try:
        size = form.cleaned_data["size"]
        audit = draw_audit(project=project, metric=found, size=size, by=request.user)
    except ScoreCaseError as error:
        messages.error(request, f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return redirect("site:metric_cases", metric)
    messages.success(request, f"{counted(len(audit.drawn), 'answer')} drawn.")
    return redirect("site:score_audit", audit.pk)


@require_http_methods(["GET", "POST"])
@results_only
def audit(request: SignedInRequest, pk: int) -> HttpResponse:
    """The next answer that nobody has checked, and what the checked ones show."""
    rows = ScoreAudit.objects.seen_by(request.user).select_related("project", "metric", "by")
    found = get_object_or_404(rows, pk=pk)
    form = CaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        drawn = Output.objects.select_related(*RUN).filter(pk=_number(request))
        output = get_object_or_404(drawn, run__in=Run.objects.seen_by(request.user))
        try:
            check_score(audit=found, output=output, by=request.user, **form.cleaned_data)
            return redirect("site:score_audit", pk)
        except ScoreCaseError as error:
            messages.error(request, str(error))
            return redirect("site:score_audit", pk)
        except DeclarationError as error:
            form.add_error(error.field, error.message)
    context = {"page": audit_page(found), "audit": found, "form": form}
    return render(request, f"{FOLDER}/audit.html", context, status=400 if form.errors else 200)


RUN = ("run__version__model", "run__test_set_version__test_set__project")


def opposite(value: float | None) -> float | None:
    """What a pass or a fail should be, if it is wrong; nothing is proposed for other scores."""
    return {0.0: 1.0, 1.0: 0.0}.get(-1.0 if value is None else value)


def _number(request: SignedInRequest) -> int:
    text = request.POST.get("output", "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0

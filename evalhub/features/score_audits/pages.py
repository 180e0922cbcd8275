"""Pages: reported scores, and audits of metrics."""

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.models import Project, User
from evalhub.accounts.requests import SignedInRequest
from evalhub.decision.wording import count_text
from evalhub.declare.declaration import DeclarationError
from evalhub.features.score_audits.error_rates import ErrorRate, error_rates
from evalhub.features.score_audits.models import ScoreAudit, ScoreCase
from evalhub.features.score_audits.score_cases import (
    MOST_AUDITED,
    ScoreCaseError,
    check_score,
    dispute_score,
    draw_audit,
    readable_score,
)
from evalhub.features.score_audits.shapes import CheckRequest, ScoreAuditRequest
from evalhub.frames.page.access import results_only
from evalhub.frames.page.forms import field_of
from evalhub.registry.models import Metric, Output, Run, RunMetric, Score
from evalhub.report.flips import FoldedText, input_text, passage, references_text

FOLDER = "score_audits"


PAGE = 25
AUDITS = 20


@dataclass(frozen=True, slots=True)
class ShownAudit:
    """An audit with its number of checked answers."""

    audit: ScoreAudit
    checked: int
    rates: Sequence[ErrorRate]

    @property
    def left(self) -> int:
        return len(self.audit.drawn) - self.checked


@dataclass(frozen=True, slots=True)
class ShownCase:
    case: ScoreCase
    question: FoldedText
    reference: FoldedText
    answer: FoldedText


@dataclass(frozen=True, slots=True)
class MetricPage:
    """A metric's known errors in the projects that a user sees."""

    metric: Metric
    answers: int
    page: "Page[ScoreCase]"
    cases: Sequence[ShownCase]
    audits: Sequence[ShownAudit]
    projects: Sequence[Project]


def visible_metric(user: User, pk: int) -> Metric:
    """A metric that scores something which the user sees; else Http404."""
    projects = Project.objects.visible_to(user)
    used = RunMetric.objects.filter(run__test_set_version__test_set__project__in=projects)
    return get_object_or_404(Metric, pk=pk, runs__in=used.filter(metric=pk)[:1])


def metric_page(user: User, metric: Metric, number: str) -> MetricPage:
    """The page of a metric's cases. Six queries, however many cases."""
    cases = ScoreCase.objects.visible_to(user).filter(metric=metric).from_reports()
    rows = cases.select_related("output__item", "by", "output__run__version__model", "project")
    page = Paginator(rows, PAGE).get_page(number)
    audits = (
        ScoreAudit.objects.visible_to(user).filter(metric=metric).select_related("by", "project")
    )
    return MetricPage(
        metric=metric,
        answers=cases.order_by().values("output").distinct().count(),
        page=page,
        cases=[_case_row(each) for each in page],
        audits=[_audit(each) for each in audits.prefetch_related("cases")[:AUDITS]],
        projects=list(Project.objects.visible_to(user).order_by("slug")),
    )


@dataclass(frozen=True, slots=True)
class AuditPage:
    """An audit with its next unchecked answer; None at the end."""

    shown: ShownAudit
    output: Output | None
    score: float | None
    question: FoldedText | None
    reference: FoldedText | None
    answer: FoldedText | None


def audit_page(audit: ScoreAudit) -> AuditPage:
    checked_outputs = {each.output_id for each in audit.cases.all()}
    following = next((pk for pk in audit.drawn if pk not in checked_outputs), None)
    if following is None:
        return AuditPage(_audit(audit), None, None, None, None, None)
    output = Output.objects.select_related("item", "run").get(pk=following)
    score = Score.objects.readable_by(output.run).filter(output=output, metric=audit.metric).first()
    return AuditPage(_audit(audit), output, score.value if score else None, *texts_of(output))


def texts_of(output: Output) -> tuple[FoldedText, FoldedText, FoldedText]:
    """The question, the right answers, and the answer."""
    item = output.item
    right = passage(references_text(item.references))
    return passage(input_text(item.input)), right, passage(output.text or "")


def _case_row(case: ScoreCase) -> ShownCase:
    return ShownCase(case, *texts_of(case.output))


def _audit(audit: ScoreAudit) -> ShownAudit:
    cases = list(audit.cases.all())
    return ShownAudit(audit, len(cases), error_rates(cases))


class CaseForm(forms.Form):
    """The right value of a score, with a reason."""

    said = field_of(CheckRequest, "said", "It should be", "in the metric’s own unit")
    why = field_of(
        CheckRequest,
        "why",
        "Why",
        "evaluators of the project read it",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AuditForm(forms.Form):
    """How many answers to draw."""

    project = forms.SlugField()
    size = field_of(ScoreAuditRequest, "size", "Answers")


@require_GET
@results_only
def metric_cases(request: SignedInRequest, metric: int) -> HttpResponse:
    row = visible_metric(request.user, metric)
    page = metric_page(request.user, row, request.GET.get("page", ""))
    return render(request, f"{FOLDER}/metric.html", {"shown": page, "most": MOST_AUDITED})


@require_http_methods(["GET", "POST"])
@results_only
def dispute(request: SignedInRequest, metric: int, output: int) -> HttpResponse:
    """Report a wrong score: the right value, and why."""
    rows = Output.objects.filter(run__in=Run.objects.visible_to(request.user))
    answer = get_object_or_404(rows.select_related("item", *RUN), pk=output)
    row = visible_metric(request.user, metric)
    try:
        score = readable_score(answer, row)
        form = CaseForm(request.POST or None, initial={"said": opposite(score.value)})
        if request.method == "POST" and form.is_valid():
            dispute_score(output=answer, metric=row, by=request.user, **form.cleaned_data)
            messages.success(request, "Noted. The score stays as it is.")
            return redirect("site:metric_cases", metric)
    except ScoreCaseError as error:
        messages.error(request, str(error))
        return redirect("site:run", answer.run_id)
    except DeclarationError as error:
        form.add_error(error.field, error.message)
    context = {"output": answer, "metric": row, "score": score, "form": form}
    context |= dict(zip(("question", "reference", "answer"), texts_of(answer), strict=True))
    status = 400 if form.errors else 200
    return render(request, f"{FOLDER}/dispute.html", context, status=status)


@require_POST
@results_only
def audit_metric(request: SignedInRequest, metric: int) -> HttpResponse:
    """Draw answers to check."""
    row = visible_metric(request.user, metric)
    form = AuditForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"An audit draws 1 to {MOST_AUDITED:,} answers of a project.")
        return redirect("site:metric_cases", metric)
    project = get_object_or_404(
        Project.objects.visible_to(request.user), slug=form.cleaned_data["project"]
    )
    try:
        size = form.cleaned_data["size"]
        audit = draw_audit(project=project, metric=row, size=size, by=request.user)
    except ScoreCaseError as error:
        messages.error(request, f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return redirect("site:metric_cases", metric)
    messages.success(request, f"{count_text(len(audit.drawn), 'answer')} drawn.")
    return redirect("site:score_audit", audit.pk)


@require_http_methods(["GET", "POST"])
@results_only
def audit(request: SignedInRequest, pk: int) -> HttpResponse:
    """The next unchecked answer, and the result of the checked ones."""
    rows = ScoreAudit.objects.visible_to(request.user).select_related("project", "metric", "by")
    row = get_object_or_404(rows, pk=pk)
    form = CaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        drawn = Output.objects.select_related(*RUN).filter(pk=_number(request))
        output = get_object_or_404(drawn, run__in=Run.objects.visible_to(request.user))
        try:
            check_score(audit=row, output=output, by=request.user, **form.cleaned_data)
            return redirect("site:score_audit", pk)
        except ScoreCaseError as error:
            messages.error(request, str(error))
            return redirect("site:score_audit", pk)
        except DeclarationError as error:
            form.add_error(error.field, error.message)
    context = {"page": audit_page(row), "audit": row, "form": form}
    return render(request, f"{FOLDER}/audit.html", context, status=400 if form.errors else 200)


RUN = ("run__version__model", "run__test_set_version__test_set__project")


def opposite(value: float | None) -> float | None:
    """The other value of a pass or fail score; None for other scores."""
    return {0.0: 1.0, 1.0: 0.0}.get(-1.0 if value is None else value)


def _number(request: SignedInRequest) -> int:
    text = request.POST.get("output", "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


urlpatterns = [
    path("scores/<int:metric>/", metric_cases, name="metric_cases"),
    path("scores/<int:metric>/audit/", audit_metric, name="audit_metric"),
    path("scores/<int:metric>/answers/<int:output>/dispute/", dispute, name="dispute_score"),
    path("score-audits/<int:pk>/", audit, name="score_audit"),
]

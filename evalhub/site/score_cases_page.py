"""A metric's cases and audits, as its page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.shortcuts import get_object_or_404

from evalhub.accounts.models import Project, User
from evalhub.registry.models import Metric, Output, RunMetric, Score, ScoreAudit, ScoreCase
from evalhub.report.flips import FoldedText, asked, expected, passage
from evalhub.studies.run.error_rates import ErrorRate, error_rates

PAGE = 25
AUDITS = 20


@dataclass(frozen=True, slots=True)
class ShownAudit:
    """An audit with what is checked of it."""

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
    """What is known of a metric's mistakes in the projects that somebody sees."""

    metric: Metric
    answers: int
    page: "Page[ScoreCase]"
    cases: Sequence[ShownCase]
    audits: Sequence[ShownAudit]
    projects: Sequence[Project]


def seen_metric(user: User, pk: int) -> Metric:
    """A metric by which something is scored that this person sees; else Http404."""
    projects = Project.objects.seen_by(user)
    used = RunMetric.objects.filter(run__test_set_version__test_set__project__in=projects)
    return get_object_or_404(Metric, pk=pk, runs__in=used.filter(metric=pk)[:1])


def metric_page(user: User, metric: Metric, number: str) -> MetricPage:
    """Six queries, and none more for more cases."""
    cases = ScoreCase.objects.seen_by(user).filter(metric=metric).reported()
    rows = cases.select_related("output__item", "by", "output__run__version__model", "project")
    page = Paginator(rows, PAGE).get_page(number)
    audits = ScoreAudit.objects.seen_by(user).filter(metric=metric).select_related("by", "project")
    return MetricPage(
        metric=metric,
        answers=cases.order_by().values("output").distinct().count(),
        page=page,
        cases=[_shown(each) for each in page],
        audits=[_audit(each) for each in audits.prefetch_related("cases")[:AUDITS]],
        projects=list(Project.objects.seen_by(user).order_by("slug")),
    )


@dataclass(frozen=True, slots=True)
class AuditPage:
    """An audit, and the next of its answers that nobody has checked; None at the end."""

    shown: ShownAudit
    output: Output | None
    score: float | None
    question: FoldedText | None
    reference: FoldedText | None
    answer: FoldedText | None


def audit_page(audit: ScoreAudit) -> AuditPage:
    done = {each.output_id for each in audit.cases.all()}
    following = next((pk for pk in audit.drawn if pk not in done), None)
    if following is None:
        return AuditPage(_audit(audit), None, None, None, None, None)
    output = Output.objects.select_related("item", "run").get(pk=following)
    score = Score.objects.readable_by(output.run).filter(output=output, metric=audit.metric).first()
    return AuditPage(_audit(audit), output, score.value if score else None, *texts_of(output))


def texts_of(output: Output) -> tuple[FoldedText, FoldedText, FoldedText]:
    """What was asked, what is right, and the answer."""
    item = output.item
    right = passage(expected(item.references))
    return passage(asked(item.input)), right, passage(output.text or "")


def _shown(case: ScoreCase) -> ShownCase:
    return ShownCase(case, *texts_of(case.output))


def _audit(audit: ScoreAudit) -> ShownAudit:
    cases = list(audit.cases.all())
    return ShownAudit(audit, len(cases), error_rates(cases))

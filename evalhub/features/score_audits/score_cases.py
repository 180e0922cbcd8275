"""Report a score and audit a metric: these verbs add rows and change no score."""

import math
import random
import secrets

from django.db import IntegrityError, transaction
from django.db.models import Case, OuterRef, QuerySet, Subquery, Value, When

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.declaration import DeclarationError
from evalhub.features.score_audits.models import ScoreAudit, ScoreCase
from evalhub.registry.models import Metric, Output, RunMetric, Score
from runners.metrics import MetricError, metric_declaration

LONGEST = 1000
MOST_AUDITED = 1000


class ScoreCaseError(Exception):
    """A score case that isn't allowed; the message says why."""


def readable_score(output: Output, metric: Metric) -> Score:
    """The score, if it exists and may be read. Raises ScoreCaseError for a sealed one, since who
    disputes a score has read it."""
    scores = Score.objects.readable_by(output.run).filter(output=output, metric=metric)
    score: Score | None = scores.exclude(value=None).first()
    if score is None:
        raise ScoreCaseError(
            "there is no score here that may be read: it is sealed until a decision reads it, or "
            "there is none"
        )
    return score


@transaction.atomic
def dispute_score(*, output: Output, metric: Metric, said: float, why: str, by: User) -> ScoreCase:
    """Adds a case: what the score of this answer should be.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        ScoreCaseError: the score is sealed, or there is none.
        DeclarationError: `said` is the score itself or beyond what the metric can give; no reason.
    """
    project = output.run.test_set_version.test_set.project
    check_evaluates(by, project)
    score = readable_score(output, metric)
    assert score.value is not None
    _check_said(metric, said)
    if said == score.value:
        raise DeclarationError("that is the score as it is", "said")
    if not why.strip():
        raise DeclarationError("say why", "why")
    return ScoreCase.objects.create(
        project=project,
        output=output,
        metric=metric,
        value=score.value,
        said=said,
        why=why.strip()[:LONGEST],
        by=by,
    )


@transaction.atomic
def draw_audit(*, project: Project, metric: Metric, size: int, by: User) -> ScoreAudit:
    """Draws `size` of the project's readable scores by this metric at random, or all if there are
    fewer.

    Raises NotAllowedError, and ScoreCaseError where there are none.
    """
    check_evaluates(by, project)
    if not 1 <= size <= MOST_AUDITED:
        raise DeclarationError(f"1 to {MOST_AUDITED:,} answers", "size")
    outputs = list(_auditable_scores(project, metric).values_list("output", flat=True))
    if not outputs:
        raise ScoreCaseError("no score by this metric may be read here yet")
    seed = secrets.randbits(32)
    drawn = random.Random(seed).sample(outputs, min(size, len(outputs)))
    return ScoreAudit.objects.create(
        project=project, metric=metric, seed=seed, population=len(outputs), drawn=drawn, by=by
    )


@transaction.atomic
def check_score(*, audit: ScoreAudit, output: Output, said: float, why: str, by: User) -> ScoreCase:
    """Records the right score of a drawn answer, which may be the score it has. Once for each
    answer.

    Raises as `dispute_score`; ScoreCaseError where the audit didn't draw it, or it is checked.
    """
    check_evaluates(by, audit.project)
    if output.pk not in audit.drawn:
        raise ScoreCaseError("the audit didn't draw this answer")
    score = readable_score(output, audit.metric)
    assert score.value is not None
    _check_said(audit.metric, said)
    try:
        with transaction.atomic():
            return ScoreCase.objects.create(
                project=audit.project,
                output=output,
                metric=audit.metric,
                audit=audit,
                value=score.value,
                said=said,
                why=why.strip()[:LONGEST],
                by=by,
            )
    except IntegrityError as error:
        raise ScoreCaseError("somebody has checked this answer already") from error


def answers_to_check(audit: ScoreAudit) -> "QuerySet[Output]":
    """The audit's answers, in the order of checking, which `place` counts.

    Each with its `value`, the score as far as it may be read, and with what was `said` of it and
    `why`, which are None where nobody has.
    """
    order = Case(*(When(pk=pk, then=Value(position)) for position, pk in enumerate(audit.drawn)))
    of_answer = {"output": OuterRef("pk")}
    scores = Score.objects.readable().filter(metric=audit.metric_id, **of_answer)
    cases = ScoreCase.objects.filter(audit=audit, **of_answer)
    outputs = Output.objects.filter(pk__in=audit.drawn).annotate(
        place=order,
        value=Subquery(scores.values("value")[:1]),
        said=Subquery(cases.values("said")[:1]),
        why=Subquery(cases.values("why")[:1]),
    )
    rows: QuerySet[Output] = outputs.order_by("place").prefetch_related("item")
    return rows


def _auditable_scores(project: Project, metric: Metric) -> "QuerySet[Score]":
    """The scores from which an audit is drawn, in the order of their answers."""
    runs = RunMetric.objects.readable().filter(
        metric=metric, run__test_set_version__test_set__project=project
    )
    scores = Score.objects.filter(metric=metric, output__run__in=runs.values("run"))
    scores = scores.filter(value__isnull=False, output__text__isnull=False)
    return scores.filter(output__item__redacted=None).order_by("output")


def _check_said(metric: Metric, value: float) -> None:
    try:
        reach = metric_declaration(metric.name, **metric.options).reach
    except MetricError:
        reach = None
    if not math.isfinite(value):
        raise DeclarationError("a number was expected", "said")
    if reach is not None and not reach[0] <= value <= reach[1]:
        raise DeclarationError(f"{metric.name} lies between {reach[0]:g} and {reach[1]:g}", "said")

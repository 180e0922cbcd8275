"""One row for each project: its verdicts, costs, reviewing time, and agreement of people.

Of a review that goes on nothing is read but how long its judgments took, and of agreement what the
standing decisions say of theirs: both are shown on other pages too.
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.utils import timezone

from evalhub.accounts.models import Project, User
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.models import Decision
from evalhub.registry.models import Run, Spending
from evalhub.registry.models.runs import RunState
from evalhub.report.charts.parts import Chart
from evalhub.site.overview.verdicts import months_until, verdicts_chart
from reviews.models import Judgment

MONTHS = 12
_UNKNOWN = (None, "null")
"""What databases make of a null in JSON."""


@dataclass(slots=True)
class ProjectRow:
    """A project in the months that are shown.

    Attributes:
        verdicts: how many studies stand at each, now.
        tokens, money: of its runs; `money` is None where no price is known.
        hours: that reviewers had comparisons before them.
        agreement: share of pairs of judgments on one item that say the same, as the standing
            decisions have it, weighted by judgments; None where nobody judged the same.
    """

    project: Project
    verdicts: Counter[str] = field(default_factory=Counter)
    undecided: int = 0
    failed: int = 0
    tokens: int = 0
    money: float | None = None
    judgments: int = 0
    hours: float = 0.0
    agreement: float | None = None

    @property
    def standing(self) -> list[tuple[Verdict, int]]:
        return [(each, self.verdicts[each]) for each in Verdict if self.verdicts[each]]


@dataclass(frozen=True, slots=True)
class Overview:
    """`since` is the first day of the first month that is shown."""

    rows: Sequence[ProjectRow]
    since: datetime.date
    chart: Chart | None

    @property
    def money(self) -> float | None:
        amounts = [each.money for each in self.rows if each.money is not None]
        return sum(amounts) if amounts else None

    @property
    def tokens(self) -> int:
        return sum(each.tokens for each in self.rows)

    @property
    def hours(self) -> float:
        return sum(each.hours for each in self.rows)


def overview(user: User) -> Overview:
    """The projects that the user owns; all projects for a superuser. Seven queries."""
    owned = Project.objects.all() if user.is_superuser else Project.objects.owned_by(user)
    projects = owned.select_related("champion__model").order_by("name").distinct()
    rows = {each.pk: ProjectRow(each) for each in projects}
    months = months_until(timezone.now().date(), MONTHS)
    since = datetime.datetime.combine(months[0].first, datetime.time(), tzinfo=datetime.UTC)
    decisions = Decision.objects.filter(study__project__in=rows)
    _standing(rows, decisions.standing())
    _count_studies(rows, since)
    _add_spending(rows, since)
    _add_judgments(rows, since)
    _add_agreement(rows, decisions.standing())
    recent = decisions.filter(created__gte=since).order_by("created", "id")
    chart = verdicts_chart(months, recent.values_list("created", "study", "arm", "verdict"))
    return Overview(list(rows.values()), months[0].first, chart)


type Rows = dict[int, ProjectRow]


def _standing(rows: Rows, decisions: "QuerySet[Decision]") -> None:
    by = decisions.order_by().values_list("study__project", "verdict").annotate(n=Count("pk"))
    for project, verdict, count in by:
        rows[project].verdicts[verdict] = count


def _count_studies(rows: Rows, since: datetime.datetime) -> None:
    """Counts studies, those without a verdict, and failed runs."""
    studies = Project.objects.filter(pk__in=rows).order_by()
    for project, count in studies.annotate(n=Count("studies")).values_list("pk", "n"):
        rows[project].undecided = count - rows[project].verdicts.total()
    of = "version__model__project"
    runs = Run.objects.filter(state=RunState.FAILED, created__gte=since, **{f"{of}__in": rows})
    for project, count in runs.order_by().values_list(of).annotate(n=Count("pk")):
        rows[project].failed = count


def _add_spending(rows: Rows, since: datetime.datetime) -> None:
    of = "run__version__model__project"
    spent = Spending.objects.filter(run__created__gte=since, **{f"{of}__in": rows}).order_by()
    tokens = F("prompt_tokens") + F("completion_tokens")
    by: Iterable[Any] = spent.values_list(of).annotate(money=Sum("money"), tokens=Sum(tokens))
    for project, money, used in by:
        rows[project].money, rows[project].tokens = money, used


def _add_judgments(rows: Rows, since: datetime.datetime) -> None:
    of = "assignment__reviewer__campaign__project"
    judgments = Judgment.objects.filter(created__gte=since, **{f"{of}__in": rows}).order_by()
    seconds = Sum(Coalesce("visible_seconds", "seconds"))
    for project, count, took in judgments.values_list(of).annotate(n=Count("pk"), seconds=seconds):
        rows[project].judgments, rows[project].hours = count, took / 3600


def _add_agreement(rows: Rows, decisions: "QuerySet[Decision]") -> None:
    """Adds agreement from decisions on reviews that have ended; other reviews have none."""
    heard = decisions.filter(study__review__isnull=False).order_by()
    reviewed = heard.annotate(
        agreement=KT("record__people__raw_agreement"), judged=KT("record__people__judgments")
    )
    sums: dict[int, tuple[float, float]] = {}
    for project, agreement, judged in reviewed.values_list("study__project", "agreement", "judged"):
        if agreement not in _UNKNOWN and judged not in _UNKNOWN:
            total, weight = sums.get(project, (0.0, 0.0))
            sums[project] = total + float(agreement) * int(judged), weight + int(judged)
    for project, (total, weight) in sums.items():
        rows[project].agreement = total / weight if weight else None

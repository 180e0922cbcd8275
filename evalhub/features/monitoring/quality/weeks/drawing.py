"""Draw a week's requests, store what production answered, and ask the former version."""

import json
import tempfile
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from django.db import transaction

from evalhub.accounts.models import Project
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.keys import Reach
from evalhub.declare.monitor import QualityPairs, QualityPlan
from evalhub.features.monitoring.models import Monitor, QualityWeek
from evalhub.features.monitoring.quality.weeks.versions import judge_of_pairs
from evalhub.features.traffic.models import Request
from evalhub.features.traffic.served import ServedVersions
from evalhub.features.traffic.shadow.baseline import baseline_answers, served_build
from evalhub.features.traffic.shadow.drawing import draw_requests
from evalhub.features.traffic.shadow.query import RequestFilter, SampleQuery
from evalhub.judges.models import JudgeRun
from evalhub.ledger.models import Promotion
from evalhub.registry.models import ModelVersion, Run, StudyBudget, TrafficSample
from evalhub.registry.versions import register_version
from runners.backends import backend_of
from runners.backends.recorded import RecordedBackend
from runners.launch import launch
from runners.spending import Charges, used_price

WEEK = timedelta(days=7)
PRODUCTION = "production"
"""The model whose versions are recorded answers of production, as in shadow studies."""


class NothingToDrawError(Exception):
    """No sample can be drawn of this week, and why."""


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def begin_week(
    *, monitor: Monitor, plan: QualityPlan, promotion: Promotion, beside: ModelVersion, monday: date
) -> QualityWeek:
    """The week's row, with its runs launched; made where there is none. Whoever was killed before
    it was stored left a sample or a run at most, which are found again: nobody is asked twice.

    Raises:
        NothingToDrawError: no request may be compared.
        runners.launch_checks.LaunchError: a request was erased since it was drawn.
    """
    pairs = plan.pairs
    assert pairs is not None
    version = promotion.version
    row = QualityWeek.objects.filter(monitor=monitor, version=version, monday=monday).first()
    if row is not None:
        return row
    sample = _sample(monitor, plan, promotion, monday)
    charges = _charges(monitor, pairs, monday, beside)
    recorded = _record(sample, monitor, pairs, version, charges)
    former = launch(
        version=beside,
        test_set_version=sample.version,
        metrics=[],
        reach=_reach_of(
            Run.objects.filter(version=beside, source="").order_by("-pk").first(), monitor
        ),
        charges=charges,
    )
    with transaction.atomic():
        row, _ = QualityWeek.objects.get_or_create(
            monitor=monitor,
            version=version,
            monday=monday,
            defaults={"recorded": recorded, "former": former},
        )
    return row


def _sample(
    monitor: Monitor, plan: QualityPlan, promotion: Promotion, monday: date
) -> TrafficSample:
    assert plan.pairs is not None
    query = _query(monitor, plan, promotion, monday, plan.pairs.items)
    drawn = TrafficSample.objects.filter(
        for_monitor=True,
        version__test_set__project=monitor.project,
        version__test_set__slug=query.test_set,
    )
    for sample in drawn.newest_first():
        if sample.query == query.as_json():
            return sample
    try:
        return draw_requests(project=monitor.project, query=query, by=None, for_monitor=True).sample
    except DeclarationError as error:
        raise NothingToDrawError(error.message) from error


def _query(
    monitor: Monitor, plan: QualityPlan, promotion: Promotion, monday: date, items: int
) -> SampleQuery:
    """Requests of the week to the champion, since it is the champion and under one served name."""
    project, version = monitor.project, promotion.version
    first = max(_midnight(monday), promotion.created)
    until = _midnight(monday + WEEK)
    name = _served_name(project, version, first, until)
    stated = [
        row.since
        for row in ServedVersions.of(project).statements
        if row.name == name and row.since < until
    ]
    return SampleQuery(
        since=max(first, *stated),
        until=until,
        n=items,
        where=RequestFilter(model=name),
        seed=plan.seed,
        test_set=f"monitor-{monitor.pk}",
    )


def _served_name(project: Project, version: ModelVersion, first: datetime, until: datetime) -> str:
    """The name under which the version served most of these requests."""
    served = ServedVersions.of(project).condition(version.pk, "time")
    rows = Request.objects.filter(
        served, project=project, mirror_of="", time__gte=first, time__lt=until
    ).of_days(first.astimezone(UTC).date(), until.astimezone(UTC).date())
    names = list(rows.order_by().values_list("model_name", flat=True).distinct())
    if not names:
        raise NothingToDrawError(f"no request to {version} came in this week")
    return max(sorted(names), key=lambda name: rows.filter(model_name=name).count())


def _record(
    sample: TrafficSample,
    monitor: Monitor,
    pairs: QualityPairs,
    champion: ModelVersion,
    charges: Charges,
) -> Run:
    """The run of what production answered to the sample's items. The judge that compares it with
    another's is counted on its budget."""
    answers = baseline_answers(sample)
    if not answers.rows:
        raise NothingToDrawError("none of the drawn answers is stored whole")
    build = served_build(sample.model_name, champion)
    judge = judge_of_pairs(monitor.project, pairs)
    earlier = JudgeRun.objects.filter(judge=judge).select_related("candidate").order_by("-pk")
    newest: JudgeRun | None = earlier.first()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{PRODUCTION}.jsonl"
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in answers.rows)
        path.write_text("".join(lines), encoding="utf-8")
        return launch(
            version=register_version(
                project=monitor.project,
                slug=PRODUCTION,
                kind=champion.kind,
                backend=RecordedBackend(build=build),
            ),
            test_set_version=sample.version,
            metrics=[],
            answers=path,
            reach=_reach_of(None if newest is None else newest.candidate, monitor),
            charges=charges,
        )


def _charges(monitor: Monitor, pairs: QualityPairs, monday: date, beside: ModelVersion) -> Charges:
    """The week's budget, on which the former version and the judge count."""
    budget = None
    if pairs.budget is not None:
        budget, _ = StudyBudget.objects.get_or_create(
            project=monitor.project,
            study=f"monitor-{monitor.pk}-{monday.isoformat()}",
            arm="",
            defaults={"tokens": pairs.budget.tokens, "money": pairs.budget.money},
        )
    judge = judge_of_pairs(monitor.project, pairs)
    return Charges(
        price=used_price(backend_of(beside)),
        judges={judge.digest: used_price(backend_of(judge))},
        pairwise=judge.digest,
        budget=budget,
    )


def _reach_of(earlier: Run | None, monitor: Monitor) -> Reach:
    """What somebody has let it reach before; without that, what the monitor's maker may."""
    return Reach(operator=monitor.by_id is None) if earlier is None else earlier.reach


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)

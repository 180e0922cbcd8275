"""A monitor of answers: its champion is asked again, and the answers are compared.

An asking is a run like any other, of another `repeat`. No decision reads it, so that it charges no
look and opens no score; it says of the champion alone whether it still answers as it did.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Avg, Max, Min
from django.utils import timezone

from evalhub.accounts.outgoing import hold_began
from evalhub.declare.monitor import AnswersPlan
from evalhub.declare.prices import SpendingBudget
from evalhub.features.monitoring.alarms import raise_alarm
from evalhub.features.monitoring.answers.change import AnsweredRun, change_of, level_of
from evalhub.features.monitoring.ending import end_monitor
from evalhub.features.monitoring.errors import MonitorError
from evalhub.features.monitoring.models import Asking, Monitor, NoticeKind, Resolution, Watch
from evalhub.features.monitoring.notices import set_notices
from evalhub.ledger.models import Promotion
from evalhub.ledger.scores import differing
from evalhub.registry.models import Metric, Output, Run, RunMetric, Score, StudyBudget, StudyRun
from evalhub.registry.models.runs import RunState
from runners.backends import backend_of
from runners.launch import launch, resume
from runners.launch_checks import LaunchError
from runners.metrics import metric_declaration
from runners.outcome import only_answers_failed
from runners.spending import Charges, used_price

AGAIN = timedelta(seconds=30)
"""While answers are awaited."""
TRIED_AGAIN = timedelta(hours=1)
"""After a second run whose server couldn't be used."""
MILLISECONDS = "ms"


def begin_watch(monitor: Monitor) -> timedelta:
    """Watches the project's champion on a test set of the study by which it was promoted.

    It is asked a second time now, unless it was since that study was decided: what a later change
    is held beside are answers by which nobody chose it. The first asking follows after the plan's
    `every_hours`, which are returned.

    Raises:
        MonitorError: nothing is promoted, or not by answers that were asked for.
        runners.launch_checks.LaunchError: an item's text was redacted.
    """
    project, plan = monitor.project, _plan(monitor)
    promotion = Promotion.objects.current(project)
    if promotion is None:
        raise MonitorError(
            f"{project.slug} has no champion: promote one by a decision (evalhub promote)",
            "project",
        )
    promoted = _run_of_promotion(promotion, plan.test_set)
    repeat = _second_repeat(promoted, promotion)
    Watch.objects.create(
        monitor=monitor,
        version=promoted.version,
        test_set_version=promoted.test_set_version,
        promoted_run=promoted,
        second_run=_launch(promoted, repeat, plan.budget),
    )
    return timedelta(hours=plan.every_hours)


def look_at_answers(monitor: Monitor, now: datetime) -> datetime:
    """Concludes an asking whose run has ended, and begins one that is due. While the site's
    messages are held, nothing is asked."""
    watch = Watch.objects.select_related("monitor__project").get(monitor=monitor)
    for asking in watch.askings.open():
        conclude(asking)
    due = _next_asking(watch)
    if due > now:
        return min(due, now + AGAIN) if watch.askings.open().exists() else due
    wait = TRIED_AGAIN if _is_given_up(watch.second_run) else AGAIN
    if hold_began() is None:
        ask(watch, now=now)
    return now + wait


def ask(watch: Watch, *, now: datetime | None = None) -> Asking | None:
    """Asks the watch's version again, now; None if its monitor has ended or waits for its second
    run.

    The asking that goes on is the one that is there. It is concluded once its run has ended.
    """
    with transaction.atomic():
        monitor = Monitor.objects.select_for_update().get(pk=watch.monitor_id)
        if monitor.ended is not None:
            return None
        locked = Watch.objects.get(pk=watch.pk)
        if running := locked.askings.open().first():
            return running
        current = Promotion.objects.current(monitor.project)
        if current is None or current.version_id != locked.version_id:
            end_monitor(monitor=monitor, by=None, why="another version is the champion now")
            return None
        try:
            if not _has_reference(locked):
                return None
            run = _launch_again(locked)
        except (LaunchError, MonitorError) as error:
            end_monitor(monitor=monitor, by=None, why=str(error))
            return None
        return Asking.objects.create(watch=locked, run=run, created=now or timezone.now())


@transaction.atomic
def conclude(asking: Asking) -> Asking:
    """Compares the answers if the run has ended, and raises an alarm where they are another
    model's; does nothing while it goes on."""
    asking.run.refresh_from_db()
    if asking.run.state in (RunState.PENDING, RunState.RUNNING) or asking.concluded:
        return asking
    is_alarm, report = _result(asking)
    open_ = Asking.objects.open().filter(pk=asking.pk)
    is_first = open_.update(concluded=timezone.now(), alarm=is_alarm, report=report)
    asking.refresh_from_db()
    if is_first:
        _tell(asking)
    return asking


def sentence(asking: Asking) -> str:
    """The outcome of an asking, as a sentence."""
    if asking.concluded is None:
        return "is being asked"
    report = asking.report or {}
    if asking.alarm is None:
        return f"gave no answers to compare: {report['error']}"
    changes = [
        f"{report['differs_now']:.1%} of its answers differ from the promoted ones "
        f"({report['differed_then']:.1%} did when it was asked a second time)"
    ]
    changes += [
        f"{score['metric']} is better on {score['better']} and worse on {score['worse']} items"
        for score in report["scores"]
        if score["better"] or score["worse"]
    ]
    result = "no longer answers as it did" if asking.alarm else "answers as it did"
    return f"{result}: {', '.join(changes)}"


def _run_of_promotion(promotion: Promotion, test_set: str) -> Run:
    """The promoted version's run on this test set that the promotion's decision read."""
    if promotion.decision is None:
        raise MonitorError(
            f"{promotion.version} was made the champion by an override: there is no study that it "
            "was promoted by, and so no answers to compare with",
            "project",
        )
    links = StudyRun.objects.filter(
        arm__study=promotion.decision.study, arm__version=promotion.version, repeat=0
    ).select_related("run__version__model", "run__test_set_version__test_set", "test_set")
    run = next((link.run for link in links if link.test_set.name == test_set), None)
    if run is None:
        names = ", ".join(dict.fromkeys(link.test_set.name for link in links))
        raise MonitorError(
            f"the study by which {promotion.version} was promoted has no test set {test_set!r} "
            f"({names})",
            "test_set",
        )
    if not backend_of(run.version).live:
        raise MonitorError(
            f"the answers of {run.version} are recorded: there is nobody to ask again", "test_set"
        )
    if not usable(run):
        raise MonitorError(f"{run} isn't complete: {run.error or run.state}", "test_set")
    return run


def _second_repeat(promoted: Run, promotion: Promotion) -> int:
    """The run that later answers are compared with: the first that was launched after the decision,
    which hasn't read it; else a new one."""
    runs = Run.objects.filter(
        version=promoted.version, test_set_version=promoted.test_set_version, source=""
    )
    assert promotion.decision is not None
    since = runs.filter(repeat__gt=0, created__gt=promotion.decision.created)
    first = since.exclude(state=RunState.CANCELLED).aggregate(first=Min("repeat"))["first"]
    if first is not None:
        return int(first)
    return int(runs.aggregate(last=Max("repeat"))["last"]) + 1


def usable(run: Run) -> bool:
    """Whether its answers can be compared: complete, or with only single failures."""
    return run.state == RunState.DONE or only_answers_failed(run)


def _plan(monitor: Monitor) -> AnswersPlan:
    plan: AnswersPlan = monitor.plan
    return plan


def _next_asking(watch: Watch) -> datetime:
    """When it is asked again: so many hours after the last asking, or after it was added."""
    last = watch.askings.order_by("-created").values_list("created", flat=True).first()
    wait = timedelta(hours=_plan(watch.monitor).every_hours)
    return (watch.monitor.created if last is None else last) + wait


def _has_reference(watch: Watch) -> bool:
    """Whether there is a second run to compare with. One that failed is resumed, and one that was
    cancelled ends the monitor. Once a change was meant, there is a new one."""
    second = watch.second_run
    meant = watch.monitor.alarms.filter(resolution=Resolution.MEANT, resolved__gt=second.created)
    if meant.exists():
        watch.second_run = _launch_again(watch)
        watch.save(update_fields=["second_run"])
        return False
    if second.state == RunState.CANCELLED:
        raise MonitorError("somebody cancelled its second run")
    if not usable(second):
        resume(second, by=None)
        return False
    return True


def _is_given_up(run: Run) -> bool:
    """Whether it has no answers to compare, and nobody works on it."""
    return run.state == RunState.FAILED and not usable(run)


def _tell(asking: Asking) -> None:
    """Raises an alarm for the model's change; says where there was nothing to compare."""
    watch, monitor = asking.watch, asking.watch.monitor
    assert asking.concluded is not None
    lacks = {NoticeKind.NO_ANSWERS: f"{watch}: {sentence(asking)}"} if asking.alarm is None else {}
    set_notices(monitor, lacks, now=asking.concluded)
    if asking.alarm:
        raise_alarm(
            monitor=monitor,
            subject=f"answers on {_plan(monitor).test_set}",
            sentence=f"{watch.version} {sentence(asking)}",
            evidence={"asking": asking.pk, "run": asking.run_id, **(asking.report or {})},
            at=asking.concluded,
            version=watch.version,
        )


def _launch(promoted: Run, repeat: int, budget: SpendingBudget | None) -> Run:
    return launch(
        version=promoted.version,
        test_set_version=promoted.test_set_version,
        metrics=_metrics_to_watch(promoted),
        repeat=repeat,
        reach=promoted.reach,
        charges=_charges(promoted, repeat, budget),
    )


def _launch_again(watch: Watch) -> Run:
    earlier = Run.objects.filter(
        version=watch.version, test_set_version=watch.test_set_version, source=""
    )
    last: int = earlier.aggregate(last=Max("repeat"))["last"]
    return _launch(watch.promoted_run, last + 1, _plan(watch.monitor).budget)


def _charges(promoted: Run, repeat: int, limit: SpendingBudget | None) -> Charges | None:
    """A budget for this asking alone, and the price of the promoted run."""
    if limit is None:
        return None
    spending = promoted.spending.filter(version=promoted.version).first()
    price = spending.price if spending is not None else None
    price = price or used_price(backend_of(promoted.version))
    if limit.money is not None and price is None:
        raise MonitorError(f"no price of {promoted.version} is known: leave it out", "budget_money")
    budget, _ = StudyBudget.objects.update_or_create(
        project=promoted.version.model.project,
        study=f"run-{promoted.pk}-asked-{repeat}",
        arm="",
        defaults={"tokens": limit.tokens, "money": limit.money},
    )
    return Charges(price=price, budget=budget)


def _metrics_to_watch(promoted: Run) -> list[Metric]:
    """Metrics of the promoted run that a decision has read, without those of time.

    How long an answer takes is another night's matter, whoever answers.
    """
    rows = RunMetric.objects.filter(run=promoted).readable().select_related("metric")
    return [row.metric for row in rows if _declaration(row.metric).unit_of_value != MILLISECONDS]


def _declaration(metric: Metric) -> Any:
    return metric_declaration(metric.name, **metric.options)


def _result(asking: Asking) -> tuple[bool | None, dict[str, Any]]:
    watch, run = asking.watch, asking.run
    answered = Output.objects.filter(run=run, text__isnull=False).exists()
    if run.state == RunState.CANCELLED or run.unreachable or not answered:
        return None, {"error": run.error or str(run.state)}
    metrics = _metrics_to_watch(watch.promoted_run)
    level = level_of(
        false_alarms_a_year=watch.monitor.false_alarms_a_year,
        every_hours=_plan(watch.monitor).every_hours,
    )
    change = change_of(
        second=_run_answers(watch.second_run, watch, metrics),
        now=_run_answers(run, watch, metrics),
        level=level,
    )
    unanswered = Output.objects.filter(run=run, text=None).values("item").distinct().count()
    return change.alarm, asdict(change) | {"unanswered": unanswered}


def _run_answers(run: Run, watch: Watch, metrics: list[Metric]) -> AnsweredRun:
    failed = Output.objects.filter(run=run, text=None).values_list("item_id", flat=True)
    lacking = set(failed)
    promoted_lacks = Output.objects.filter(run=watch.promoted_run, text=None)
    lacking |= set(promoted_lacks.values_list("item_id", flat=True))
    shares = differing(watch.promoted_run, run)
    return AnsweredRun(
        differing={item: share for item, share in shares.items() if item not in lacking},
        scores={_name(metric): _scores(run, metric) for metric in metrics},
    )


def _name(metric: Metric) -> str:
    options = ", ".join(f"{name}={value}" for name, value in metric.options.items() if value)
    return f"{metric.name} ({options})" if options else metric.name


def _scores(run: Run, metric: Metric) -> dict[int, float]:
    """Scores by item, higher is better; means that are equal but for rounding are made equal."""
    rows = (
        Score.objects.filter(output__run=run, metric=metric, value__isnull=False)
        .order_by()
        .values_list("output__item_id")
        .annotate(mean=Avg("value"))
    )
    sign = 1 if _declaration(metric).rises else -1
    return {item: sign * round(mean, 9) for item, mean in rows}

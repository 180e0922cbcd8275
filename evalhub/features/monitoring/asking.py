"""The verbs on a watch: add, ask, conclude, end; and the timer that calls them.

An asking is a run like any other, of another `repeat`. No decision reads it, so that it charges no
look and opens no score; it says of the champion alone whether it still answers as it did.
"""

import logging
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Avg, Max, Min
from django.utils import timezone

from evalhub.accounts.models import Project, User
from evalhub.accounts.outgoing import hold_began
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.prices import SpendingBudget
from evalhub.features.monitoring.change import (
    EVERY_HOURS,
    FALSE_ALARMS_A_YEAR,
    AnsweredRun,
    change_of,
    level_of,
)
from evalhub.features.monitoring.models import Asking, Watch
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
from runners.timer import every

TICK_S = 30.0
TRIED_AGAIN = timedelta(hours=1)
"""After a second run whose server couldn't be used."""
MILLISECONDS = "ms"

logger = logging.getLogger(__name__)


class WatchError(ValueError):
    """A watch that can't be made as requested, with what would be right; `field` names the
    field."""

    def __init__(self, message: str, field: str) -> None:
        self.message, self.field = message, field
        super().__init__(f"{field}: {message}")


def add_watch(
    *,
    project: Project,
    test_set: str,
    by: User | None,
    every_hours: int = EVERY_HOURS,
    false_alarms_a_year: float = FALSE_ALARMS_A_YEAR,
    budget: SpendingBudget | None = None,
) -> Watch:
    """Watches the project's champion on a test set of the study by which it was promoted.

    It is asked a second time now, unless it was since that study was decided: what a later change
    is held beside are answers by which nobody chose it. The first asking follows after
    `every_hours`.

    Args:
        test_set: its name in that study.
        every_hours: from one asking to the next, 1 to 8,766.
        false_alarms_a_year: of a model that doesn't change, at most; more than 0.
        budget: what each asking may cost, the one before the first too.

    Raises:
        WatchError: nothing is promoted, or not by answers that were asked for; a number out of
            range; it is watched already.
        runners.launch_checks.LaunchError: an item's text was redacted.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    check_evaluates(by, project)
    if not 1 <= every_hours <= 8766:
        raise WatchError("is from 1 to 8766 hours, which is a year", "every_hours")
    if not 0 < false_alarms_a_year <= 1000:
        raise WatchError("is more than 0 and at most 1000 a year", "false_alarms_a_year")
    promotion = Promotion.objects.current(project)
    if promotion is None:
        raise WatchError(
            f"{project.slug} has no champion: promote one by a decision (evalhub promote)",
            "project",
        )
    promoted = _run_of_promotion(promotion, test_set)
    repeat = _second_repeat(promoted, promotion)
    second = launch(
        version=promoted.version,
        test_set_version=promoted.test_set_version,
        metrics=_metrics_to_watch(promoted),
        repeat=repeat,
        reach=promoted.reach,
        charges=_charges(promoted, repeat, budget),
    )
    try:
        with transaction.atomic():
            return Watch.objects.create(
                project=project,
                version=promoted.version,
                test_set_version=promoted.test_set_version,
                promoted_run=promoted,
                second_run=second,
                every_hours=every_hours,
                false_alarms_a_year=false_alarms_a_year,
                budget=budget,
                due=timezone.now() + timedelta(hours=every_hours),
                by=by,
            )
    except IntegrityError as error:
        raise WatchError(f"{promoted.version} is watched on it already", "test_set") from error


def end_watch(*, watch: Watch, by: User | None, why: str = "by somebody's word") -> bool:
    """Ends a watch, whose findings stay. Returns whether it was still running.

    Raises NotAllowedError where `by` doesn't evaluate in the project.
    """
    check_evaluates(by, watch.project)
    going = Watch.objects.watching().filter(pk=watch.pk)
    return bool(going.update(ended=timezone.now(), why=why[:200]))


def ask(watch: Watch) -> Asking | None:
    """Asks the watch's version again, now; None if the watch has ended or waits for its second run.

    The asking that goes on is the one that is there. It is concluded once its run has ended.
    """
    with transaction.atomic():
        locked = Watch.objects.select_for_update().get(pk=watch.pk)
        if locked.ended is not None:
            return None
        if going := locked.askings.open().first():
            return going
        current = Promotion.objects.current(locked.project)
        if current is None or current.version_id != locked.version_id:
            end_watch(watch=locked, by=None, why="another version is the champion now")
            return None
        if locked.second_run.state == RunState.CANCELLED:
            end_watch(watch=locked, by=None, why="somebody cancelled its second run")
            return None
        if not usable(locked.second_run):
            if resume(locked.second_run, by=None):
                Watch.objects.filter(pk=locked.pk).update(due=timezone.now() + TRIED_AGAIN)
            return None
        try:
            run = _launch_again(locked)
        except (LaunchError, WatchError) as error:
            end_watch(watch=locked, by=None, why=str(error))
            return None
        locked.due = timezone.now() + timedelta(hours=locked.every_hours)
        locked.save(update_fields=["due"])
        return Asking.objects.create(watch=locked, run=run)


def conclude(asking: Asking) -> Asking:
    """Compares the answers if the run has ended; does nothing while it goes on."""
    asking.run.refresh_from_db()
    if asking.run.state in (RunState.PENDING, RunState.RUNNING) or asking.concluded:
        return asking
    alarm, report = _result(asking)
    open_ = Asking.objects.open().filter(pk=asking.pk)
    open_.update(concluded=timezone.now(), alarm=alarm, report=report)
    asking.refresh_from_db()
    if asking.alarm:
        logger.warning("%s isn't the model that was promoted: %s", asking.watch, sentence(asking))
    return asking


def look() -> None:
    """Concludes ended runs and starts due ones. An error on one watch doesn't stop the others.

    While the site's messages are held, nothing is asked.
    """
    for asking in Asking.objects.open().select_related("run", "watch"):
        _carefully(conclude, asking)
    if hold_began():
        return
    for watch in Watch.objects.due():
        _carefully(ask, watch)


def watcher() -> AbstractContextManager[None]:
    """Calls `look` every TICK_S seconds on a thread of this process, while the block runs."""
    return every(TICK_S, look)


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
        raise WatchError(
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
        raise WatchError(
            f"the study by which {promotion.version} was promoted has no test set {test_set!r} "
            f"({names})",
            "test_set",
        )
    if not backend_of(run.version).live:
        raise WatchError(
            f"the answers of {run.version} are recorded: there is nobody to ask again", "test_set"
        )
    if not usable(run):
        raise WatchError(f"{run} isn't complete: {run.error or run.state}", "test_set")
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


def _launch_again(watch: Watch) -> Run:
    earlier = Run.objects.filter(
        version=watch.version, test_set_version=watch.test_set_version, source=""
    )
    last: int = earlier.aggregate(last=Max("repeat"))["last"]
    return launch(
        version=watch.version,
        test_set_version=watch.test_set_version,
        metrics=_metrics_to_watch(watch.promoted_run),
        repeat=last + 1,
        reach=watch.promoted_run.reach,
        charges=_charges(watch.promoted_run, last + 1, watch.budget),
    )


def _charges(promoted: Run, repeat: int, limit: SpendingBudget | None) -> Charges | None:
    """A budget for this asking alone, and the price of the promoted run."""
    if limit is None:
        return None
    spending = promoted.spending.filter(version=promoted.version).first()
    price = spending.price if spending is not None else None
    price = price or used_price(backend_of(promoted.version))
    if limit.money is not None and price is None:
        raise WatchError(f"no price of {promoted.version} is known: leave it out", "budget_money")
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
    level = level_of(false_alarms_a_year=watch.false_alarms_a_year, every_hours=watch.every_hours)
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


def _carefully(call: Any, what: Watch | Asking) -> None:
    try:
        call(what)
    except Exception:
        logger.exception("could not %s %s", call.__name__, what)

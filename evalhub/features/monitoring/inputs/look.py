"""The weekly step of a monitor of inputs."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from evalhub.declare.declaration import validate
from evalhub.declare.monitor import InputsPlan
from evalhub.declare.slice_shares import SharedKind
from evalhub.features.monitoring.alarms import raise_alarm
from evalhub.features.monitoring.inputs.comparing import compare_slices
from evalhub.features.monitoring.inputs.counting import count_week
from evalhub.features.monitoring.inputs.production import compare_test_sets, production_week
from evalhub.features.monitoring.inputs.reference import FEWEST_USERS, reference_of
from evalhub.features.monitoring.inputs.reports import (
    TEXTS,
    InputsEvidence,
    InputsTest,
    WeekReport,
    sentence_of,
)
from evalhub.features.monitoring.inputs.sampling import sample_link
from evalhub.features.monitoring.inputs.texts import compare_questions
from evalhub.features.monitoring.inputs.user_counts import UserCounts
from evalhub.features.monitoring.inputs.weeks import WEEK, last_week, level_of_test
from evalhub.features.monitoring.models import Check, Monitor, NoticeKind
from evalhub.features.monitoring.notices import set_notices
from evalhub.features.traffic.questions import UserQuestion, draw_questions

AGAIN = timedelta(days=1)
"""Until the next look: a new version of a test set is compared then, and a notice ended."""
LACKS = (NoticeKind.NO_TRAFFIC, NoticeKind.TOO_FEW, NoticeKind.NO_TEXTS)

type Counts = Mapping[SharedKind, UserCounts]


def look_at_inputs(monitor: Monitor, now: datetime) -> datetime:
    """Compares the last complete week, once; returns when to look again. What was compared by a
    clock that was ahead is compared again."""
    monday = last_week(now)
    check = monitor.checks.filter(key=monday.isoformat(), at__lte=now).first()
    if check is None:
        check = _look_at_week(monitor, monday, now)
    if check is not None:
        report = validate(WeekReport, check.report)
        compare_test_sets(monitor.project, report.production, now)
    return now + AGAIN


def _look_at_week(monitor: Monitor, monday: date, now: datetime) -> Check | None:
    """None where it lacks users, which a notice says."""
    counts = {kind: count_week(monitor.project, monday, monday + WEEK, kind) for kind in SharedKind}
    users = len(counts[SharedKind.LANGUAGE].requests)
    if users < FEWEST_USERS:
        set_notices(monitor, _too_few(monday, users), now=now, of=LACKS)
        return None
    plan: InputsPlan = monitor.plan
    questions = draw_questions(monitor.project, monday, monday + WEEK, seed=_seed(monitor, monday))
    tests, waiting = _tests(monitor, monday, counts, questions, now)
    report = WeekReport(
        sentence=_sentence(tests, waiting),
        production=production_week(monday.isoformat(), counts, questions),
        tests=tuple(tests),
        waiting=tuple(waiting),
    )
    lacks: dict[NoticeKind, str] = {}
    if plan.texts and not questions:
        lacks[NoticeKind.NO_TEXTS] = (
            f"No text of a request of the week of {monday} is stored, so texts aren't compared: "
            "are they kept (`evalhub traffic settings`)?"
        )
    return _keep(monitor, monday, report, lacks, now)


def _too_few(monday: date, users: int) -> dict[NoticeKind, str]:
    if not users:
        return {NoticeKind.NO_TRAFFIC: f"No request came in the week of {monday}."}
    return {
        NoticeKind.TOO_FEW: f"Only {users} users sent requests in the week of {monday}: fewer than "
        f"{FEWEST_USERS} aren't compared."
    }


def _tests(
    monitor: Monitor, monday: date, counts: Counts, questions: list[UserQuestion], now: datetime
) -> tuple[list[InputsTest], list[str]]:
    """The comparisons, and subjects that wait for their reference."""
    plan: InputsPlan = monitor.plan
    level = level_of_test(false_alarms_a_year=monitor.false_alarms_a_year, tests=plan.tests)
    tests: list[InputsTest | None] = []
    waiting: list[str] = []
    for kind in plan.by:
        reference = reference_of(monitor, kind, monday)
        if reference is None:
            waiting.append(kind)
            continue
        tests.append(
            compare_slices(
                kind,
                reference.sums,
                counts[kind],
                first=reference.first,
                level=level,
                size=plan.size,
            )
        )
    if plan.texts and questions:
        test = compare_questions(monitor, monday, questions, now=now, level=level)
        tests.append(test)
        waiting += [] if test else [TEXTS]
    return [test for test in tests if test is not None], waiting


@transaction.atomic
def _keep(
    monitor: Monitor,
    monday: date,
    report: WeekReport,
    lacks: Mapping[NoticeKind, str],
    now: datetime,
) -> Check:
    """Stores the check with its alarms and notices, once."""
    is_alarm = any(test.is_alarm for test in report.tests)
    monitor.checks.filter(key=monday.isoformat(), at__gt=now).delete()
    check, is_new = Check.objects.get_or_create(
        monitor=monitor,
        key=monday.isoformat(),
        defaults={"at": now, "is_alarm": is_alarm, "report": report.as_json()},
    )
    set_notices(monitor, lacks, now=now, of=LACKS)
    for test in report.tests if is_new else ():
        if test.is_alarm:
            raise_alarm(
                monitor=monitor,
                subject=test.subject,
                sentence=sentence_of(test, monday.isoformat()),
                evidence=_evidence(monitor, test, monday),
                at=now,
                since=monday,
            )
    return check


def _evidence(monitor: Monitor, test: InputsTest, monday: date) -> dict[str, Any]:
    evidence = InputsEvidence(
        **{name: getattr(test, name) for name in InputsTest.model_fields},
        week=monday.isoformat(),
        sample=sample_link(monitor.project, test, monday),
    )
    return evidence.as_json()


def _sentence(tests: list[InputsTest], waiting: list[str]) -> str:
    alarms = [test.subject for test in tests if test.is_alarm]
    parts = []
    if alarms:
        parts.append(f"{', '.join(alarms)} differ from the reference")
    if others := [test.subject for test in tests if not test.is_alarm]:
        parts.append(f"no change worth an alarm is proven by {', '.join(others)}")
    if waiting:
        parts.append(f"the reference of {', '.join(waiting)} isn't complete yet")
    sentence = "; ".join(parts) or "nothing was compared"
    return f"{sentence[0].upper()}{sentence[1:]}."


def _seed(monitor: Monitor, monday: date) -> str:
    return f"{monitor.pk}/{monday.isoformat()}"

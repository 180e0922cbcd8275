"""`advance`: one idempotent step of a study, and the timer that calls it.

A study's runs end, its review is opened, it is decided; when the review has ended, it is decided
again. Nobody is told when a run ends: a timer, a page or a command calls `advance`, which looks.
"""

import logging
import uuid
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from time import monotonic
from typing import Any

from django.db.models import Case, Exists, F, Max, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from evalhub.accounts.models import User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.decision import Reading
from evalhub.judges.models import JudgeRun
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.ledger.readings import readings_of
from evalhub.ledger.study_evidence import NotReadyError
from evalhub.registry.models import Run, Study, StudyRun
from evalhub.registry.models.runs import RunState
from evalhub.registry.models.studies import ArmRole
from evalhub.studies.run.judged_pairs import begin_judge, newest_judge_run
from evalhub.studies.run.reviewing import ReviewRuns, newest_review, open_review, review_runs
from reviews.models import Campaign
from reviews.results.ended import has_ended
from runners.outcome import RunFailed, RunUnreachable, check
from runners.progress import runs_without_worker
from runners.timer import every

TICK_S = 2.0
ALL_S = 600.0
NEWS = timedelta(minutes=20)
"""Longer than ALL_S, so that what is no news any more was looked at."""
LEASE = timedelta(minutes=2)
"""Longer than a decision takes; whoever dies meanwhile holds the others up for that long."""
RETRY = timedelta(seconds=30)
"""How long the timer leaves a study alone after an unexpected error."""

logger = logging.getLogger(__name__)


class StudyState(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    ADVANCING = "advancing"
    READ = "read"
    UNREVIEWED = "unreviewed"
    REVIEWING = "reviewing"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class StudyStatus:
    """Where a study is after a step.

    Attributes:
        waits_for: a sentence; "" once it is decided and waits for nothing.
        decisions: one an arm, the candidate in question first; empty before the runs have ended,
            and for a study of development sets alone, which are read and not judged.
            Those of a study that waits for its reviewers are made on the evidence as it is.
        readings: what its development sets show, once its runs have ended.
    """

    state: StudyState
    waits_for: str = ""
    decisions: tuple[Decision, ...] = ()
    readings: tuple[Reading, ...] = ()


def advance(*, study: Study, by: User | None, take_up: bool = False) -> StudyStatus:
    """Takes the study as far as possible: once its runs have ended, asks its judge, opens the
    review that its file opens automatically, and decides.

    A judge that couldn't be used, or was cancelled, is asked again where somebody says so:
    `take_up`.

    Calling it again changes nothing while nothing has ended in between. One process at a time does
    the work on a study, under a lease.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in its project.
        evalhub.ledger.decide.ContestedError: other decisions on its test sets kept coming between.
    """
    check_evaluates(by, study.project)
    if waiting := _runs_awaited(study):
        return waiting
    if not study.test_sets.judged().exists():
        Study.objects.filter(pk=study.pk).update(**_what_has_ended(study))
        return StudyStatus(StudyState.READ, readings=tuple(readings_of(study)))
    if waiting := _judge_awaited(study, by=by, take_up=take_up):
        return waiting
    token = _lease(study)
    if token is None:
        return StudyStatus(StudyState.ADVANCING, "another process is deciding on it now")
    noted: dict[str, Any] = {}
    try:
        ended = _what_has_ended(study)  # before the evidence is read
        runs = review_runs(study)
        if runs is not None and _opens_unattended(study):
            open_review(study, runs)
        decisions = tuple(decide_study(study=study, by=by))
        noted = ended
    except NotReadyError:  # registered again since its runs were read
        return _runs_awaited(study) or StudyStatus(StudyState.ADVANCING, "its runs, which are new")
    finally:
        Study.objects.filter(pk=study.pk, lease_token=token).update(
            lease_token=None, lease_until=None, **noted
        )
    return replace(_status_of_decisions(study, runs, decisions), readings=tuple(readings_of(study)))


def status_of(study: Study) -> StudyStatus:
    """The study's state, read only: nothing is started, opened or decided.

    Its decisions are the newest, as they are kept: one an arm, the candidate in question first.
    """
    if waiting := _runs_awaited(study):
        return waiting
    if not study.test_sets.judged().exists():
        return StudyStatus(StudyState.READ)
    ended, decisions = _what_has_ended(study), newest_decisions(study)
    news = study.advanced_runs != ended["advanced_runs"] or (
        ended["advanced_review"] not in (None, study.advanced_review)
    )
    if news or not decisions:
        judged = newest_judge_run(study)
        waiting = None if judged is None else _judge_waits(judged)
        return waiting or StudyStatus(StudyState.ADVANCING, "the next step, which a worker takes")
    return _status_of_decisions(study, review_runs(study), decisions)


def newest_decisions(study: Study) -> tuple[Decision, ...]:
    """The newest decision on each present arm, the candidate in question first."""
    rows = Decision.objects.filter(study=OuterRef("study"), arm=OuterRef("name")).newest_first()
    first = Case(When(role=ArmRole.CANDIDATE, then=0), default=1)
    arms = study.arms.annotate(newest=Subquery(rows.values("pk")[:1])).exclude(newest=None)
    keys = list(arms.order_by(first, "position").values_list("newest", flat=True))
    decisions = Decision.objects.select_related("study__project").in_bulk(keys)
    return tuple(decisions[pk] for pk in keys)


def due_studies(*, news_since: datetime | None = None) -> list[Study]:
    """Studies with a run, judge or review that has ended since they were last advanced.

    Of all studies; or, which doesn't grow with what there ever was, of those alone that were never
    advanced, have a review, or of which something has ended since then. Six queries, and up to
    three for each study with a review that goes on.
    """
    runs = Run.objects.filter(studies__arm__study=OuterRef("pk")).order_by()
    last = runs.values("studies__arm__study").annotate(n=Max("finished")).values("n")
    judged = JudgeRun.objects.filter(candidate__studies__arm__study=OuterRef("pk")).order_by()
    by_study = judged.values("candidate__studies__arm__study")
    finished = by_study.annotate(n=Max("finished")).values("n")
    newest = Campaign.objects.filter(study=OuterRef("pk")).values("pk")[:1]
    ended = (
        Study.objects.filter(Q(lease_until=None) | Q(lease_until__lt=timezone.now()))
        .filter(~Exists(runs.exclude(state__in=[RunState.DONE, RunState.FAILED])))
        .annotate(runs_finished=Subquery(last[:1]), newest_review=Subquery(newest))
        .filter(runs_finished__isnull=False)
        .annotate(
            last_finished=Greatest(
                "runs_finished", Coalesce(Subquery(finished[:1]), F("runs_finished"))
            )
        )
        .select_related("project")
        .order_by("pk")
    )
    if news_since is not None:
        ended = ended.filter(pk__in=_with_news(news_since))
    by_runs = ended.filter(Q(advanced_runs=None) | ~Q(advanced_runs=F("last_finished")))
    by_review = ended.filter(
        Q(advanced_review=None) | ~Q(advanced_review=F("newest_review")),
        advanced_runs=F("last_finished"),
        newest_review__isnull=False,
    )
    return [*by_runs, *(study for study in by_review if _newest_ended_review(study) is not None)]


def _with_news(since: datetime) -> set[int]:
    """Ids of studies that may be due, found by what is new. Four queries."""
    links = StudyRun.objects.order_by()
    return {
        study
        for study_ids in (
            Study.objects.filter(advanced_runs=None).order_by().values_list("pk", flat=True),
            links.filter(run__finished__gte=since).values_list("arm__study", flat=True),
            links.filter(
                run__in=JudgeRun.objects.filter(finished__gte=since).values("candidate")
            ).values_list("arm__study", flat=True),
            Campaign.objects.exclude(study=None).order_by().values_list("study", flat=True),
        )
        for study in study_ids
    }


def advance_studies(*, news_since: datetime | None = None) -> None:
    """Advances every due study. An error on one is logged and doesn't stop the others."""
    for study in due_studies(news_since=news_since):
        try:
            advance(study=study, by=None)
        except Exception:
            logger.exception("could not advance %s", study)
            Study.objects.filter(pk=study.pk, lease_token=None).update(
                lease_until=timezone.now() + RETRY
            )


def ticker() -> AbstractContextManager[None]:
    """Calls `advance_studies` every TICK_S seconds on a thread of this process, while the block
    runs: for studies with news, and at first and every ALL_S for all that are due."""
    next_all = monotonic()

    def advance_due() -> None:
        nonlocal next_all
        at_all = monotonic() >= next_all
        advance_studies(news_since=None if at_all else timezone.now() - NEWS)
        if at_all:
            next_all = monotonic() + ALL_S

    return every(TICK_S, advance_due)


def _runs_awaited(study: Study) -> StudyStatus | None:
    """The status while runs go on; None once all have ended."""
    links_of = StudyRun.objects.filter(arm__study=study)
    rows = Run.objects.filter(pk__in=links_of.values("run")).with_progress()
    runs = list(rows.select_related("version").order_by("pk"))
    links = links_of.filter(repeat=0).count()
    if links < study.arms.count() * study.test_sets.count():
        return StudyStatus(StudyState.STOPPED, "its runs, which aren't launched")
    open_ = [run for run in runs if run.state in (RunState.PENDING, RunState.RUNNING)]
    if open_:
        sentence = f"{len(open_)} of its {len(runs)} runs"
        if waiting := runs_without_worker(open_):
            sentence += f"; {waiting}"
        return StudyStatus(StudyState.RUNNING, sentence)
    for run in runs:
        try:
            check(run)
        except RunFailed as error:
            if run.state == RunState.CANCELLED or isinstance(error, RunUnreachable):
                return StudyStatus(StudyState.STOPPED, f"somebody who resumes a run: {error}")
    return None


def _judge_awaited(study: Study, *, by: User | None, take_up: bool) -> StudyStatus | None:
    """The status while the judge of pairs works, which is started if it wasn't; None if it has
    ended, or the study has none."""
    pairwise = study.policy.pairwise
    if pairwise is None:
        return None
    try:
        return _judge_waits(begin_judge(study, pairwise, by=by, take_up=take_up))
    except NotReadyError as error:  # a run was resumed since they were read
        return StudyStatus(StudyState.RUNNING, str(error))


def _judge_waits(judged: JudgeRun) -> StudyStatus | None:
    if judged.unreachable:
        waits_for = f"somebody who has its judge asked again (`evalhub judge run`): {judged.error}"
        return StudyStatus(StudyState.STOPPED, waits_for)
    if judged.finished is None:
        return StudyStatus(StudyState.RUNNING, f"its judge, {judged.judge}")
    return None


def _lease(study: Study) -> uuid.UUID | None:
    """A token of the lease, held for LEASE; None while another process has one."""
    now, token = timezone.now(), uuid.uuid4()
    free = Study.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), pk=study.pk)
    return token if free.update(lease_until=now + LEASE, lease_token=token) else None


def _what_has_ended(study: Study) -> dict[str, Any]:
    runs = Run.objects.filter(studies__arm__study=study)
    judged = JudgeRun.objects.filter(candidate__studies__arm__study=study)
    last = [rows.aggregate(last=Max("finished"))["last"] for rows in (runs, judged)]
    return {
        "advanced_runs": max((each for each in last if each is not None), default=None),
        "advanced_review": _newest_ended_review(study),
    }


def _newest_ended_review(study: Study) -> int | None:
    """The study's newest review if it has ended."""
    campaign = study.campaigns.defer("plan").first()
    return campaign.pk if campaign is not None and has_ended(campaign) else None


def _opens_unattended(study: Study) -> bool:
    return study.review is not None and study.review.open == "auto"


def _status_of_decisions(
    study: Study, runs: ReviewRuns | None, decisions: tuple[Decision, ...]
) -> StudyStatus:
    if runs is None:
        return StudyStatus(StudyState.DECIDED, decisions=decisions)
    campaign = newest_review(study, runs)
    if campaign is not None and not has_ended(campaign):
        return StudyStatus(StudyState.REVIEWING, "its reviewers", decisions)
    if campaign is None and decisions[0].verdict != "invalid" and not _opens_unattended(study):
        return StudyStatus(StudyState.UNREVIEWED, "its owner, who opens its review", decisions)
    return StudyStatus(StudyState.DECIDED, decisions=decisions)

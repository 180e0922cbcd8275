"""Carry a study through in a command that waits: its runs, then the steps of `advance`."""

import time
from collections.abc import Callable

from evalhub.judges.models import JudgeRun, JudgeRunState
from evalhub.ledger.study_evidence import NotReadyError
from evalhub.registry.models import Run, Study, StudyRun
from evalhub.studies.run.advance import StudyState, StudyStatus, advance
from evalhub.studies.run.judged_pairs import newest_judge_run
from evalhub.studies.run.waiting import OPEN, Pause, Progress, take_up, with_progress
from runners import outages
from runners.backends.asking import BackendError
from runners.outages import DATABASE_AWAY, Patience
from runners.outcome import RunUnreachable
from runners.queue import QueueUnreachable

OUTAGE_S = 120.0
"""How long a command that waits does so while the database or the queue can't be used."""
AWAY = (*DATABASE_AWAY, QueueUnreachable)

type JudgeProgress = Callable[[JudgeRun], None]
"""Called with the run of the study's judge, while that is asked."""


def conduct(
    *,
    study: Study,
    progress: Progress | None = None,
    on_judge: JudgeProgress | None = None,
    wait_s: float | None = None,
) -> StudyStatus:
    """Advances a registered study until it is decided, or read, or waits for people.

    Runs that failed or were cancelled are taken up again, and so is such a judge; what was
    answered stays, and so does what failed for good where the policy gives it a score. A worker
    must be at work, in this process or elsewhere. If this process dies, the timer of a worker goes
    on with the study (`evalhub.studies.run.advance`). While the database or the queue is away it
    waits, for OUTAGE_S at most: then what they raised is raised.

    Args:
        wait_s: seconds after which it is left as it is; None: it is waited for.

    Raises:
        runners.outcome.RunUnreachable: a model's endpoint doesn't answer. What was answered before
            stays, and conducting the study again goes on from there.
        runners.backends.asking.BackendError: the judge can't be used, likewise.
        NotReadyError: a run or the judge was cancelled meanwhile, or `wait_s` are over.
    """
    began, pause, patience = time.monotonic(), Pause(), Patience(OUTAGE_S)
    taken_up, runs, open_runs = False, list[Run](), list[Run]()
    take_up_judge = True
    while True:
        try:
            if not taken_up:
                take_up(runs_of(study), retry_errors=study.policy.failures == "invalid")
                taken_up = True
            runs = runs_of(study)
            if progress is not None:
                progress(runs)
            open_runs = [run for run in runs if run.state in OPEN]
            judge_run = None if open_runs else newest_judge_run(study)
            if judge_run is not None and judge_run.finished is None:
                take_up_judge = False  # a cancellation from now on is intended
                if on_judge is not None:
                    on_judge(judge_run)
            elif not open_runs:
                status = advance(study=study, by=None, take_up=take_up_judge)
                take_up_judge = False
                if status.decisions or status.state == StudyState.READ:
                    return status
                if status.state == StudyState.STOPPED:
                    raise _stop_error(study, status)
            patience.well()
        except AWAY as error:
            patience.wait(error)
        # reads may work where a worker of this process can't write: the disk is full
        if (lasts := outages.database.lasting(OUTAGE_S)) is not None:
            raise lasts
        if wait_s is not None and time.monotonic() - began > wait_s:
            raise NotReadyError(
                f"{study} isn't decided after {wait_s:,.0f} s: {len(open_runs)} of its {len(runs)} "
                "runs still go on; the same command goes on with them"
            )
        pause()


def _stop_error(study: Study, status: StudyStatus) -> Exception:
    """Why a study doesn't continue by itself."""
    for run in runs_of(study):
        if run.unreachable:
            return RunUnreachable(f"{run}: {run.error}")
    judge_run = newest_judge_run(study)
    if judge_run is not None and judge_run.state == JudgeRunState.FAILED and judge_run.unreachable:
        return BackendError(f"{judge_run}: {judge_run.error}")
    return NotReadyError(f"{study} waits for {status.waits_for}; the same command goes on with it")


def patiently[Done](step: Callable[[], Done]) -> Done:
    """Repeats an idempotent step until database and queue are available; for OUTAGE_S at most."""
    patience = Patience(OUTAGE_S)
    while True:
        try:
            result = step()
        except AWAY as error:
            patience.wait(error)
        else:
            patience.well()
            return result


def runs_of(study: Study) -> list[Run]:
    """The study's runs with their progress, each once, in the order of test sets and arms."""
    links = StudyRun.objects.filter(arm__study=study).order_by(
        "test_set__position", "arm__position", "repeat"
    )
    return with_progress(list(dict.fromkeys(links.values_list("run", flat=True))))

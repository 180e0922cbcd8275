"""A study carried through: its runs waited for, people asked, every arm decided on."""

import time
from collections.abc import Callable

from evalhub.gate.baseline_choice import baseline_of
from evalhub.gate.decide import decide_study
from evalhub.gate.models import Decision
from evalhub.gate.study_evidence import NotReadyError
from evalhub.registry.models import Run, Study, StudyRun
from evalhub.registry.models.runs import RunState
from evalhub.registry.models.studies import ArmRole
from evalhub.schemas.review import Design
from reviews.errors import NothingToCompareError
from reviews.models import Campaign
from reviews.planning.campaign import open_campaign
from runners.launch import resume
from runners.outcome import RunFailed, RunUnreachable, check
from runners.queue import enqueue

__all__ = ["NotReadyError", "ask_people", "conduct", "decide_study", "runs_of", "wait"]

POLL_SECONDS = 0.1
RING_SECONDS = 15.0

type Progress = Callable[[list[Run]], None]
"""Called with the study's runs, each with `items_done`, whenever they have been looked at."""


def conduct(*, study: Study, progress: Progress | None = None) -> list[Decision]:
    """Carries a registered study to its decisions, the candidate in question first.

    Runs that failed or were cancelled are taken up again; what was answered stays. A worker must
    be at work, in this process or elsewhere.

    Raises:
        runners.outcome.RunUnreachable: a model's endpoint doesn't answer. What was answered before
            stays, and conducting the study again goes on from there.
    """
    for run in runs_of(study):
        if run.state in (RunState.FAILED, RunState.CANCELLED):
            resume(run)
        else:
            enqueue(run)
    wait(study, progress)
    _refuse_unreachable(runs_of(study))
    ask_people(study)
    return decide_study(study=study)


def runs_of(study: Study) -> list[Run]:
    """The study's runs with their progress, each once, in the order of its test sets and arms."""
    links = StudyRun.objects.filter(arm__study=study).order_by(
        "test_set__position", "arm__position", "repeat"
    )
    keys = list(dict.fromkeys(links.values_list("run", flat=True)))
    found = {
        run.pk: run
        for run in Run.objects.filter(pk__in=keys)
        .with_progress()
        .select_related("version__model", "test_set_version__test_set")
    }
    return [found[key] for key in keys]


def wait(study: Study, progress: Progress | None = None) -> None:
    """Waits until every run of the study has ended, ringing now and then for what is left."""
    rung = time.monotonic()
    while True:
        runs = runs_of(study)
        if progress is not None:
            progress(runs)
        open_runs = [run for run in runs if run.state in (RunState.PENDING, RunState.RUNNING)]
        if not open_runs:
            return
        if time.monotonic() - rung > RING_SECONDS:
            rung = time.monotonic()
            for run in open_runs:
                enqueue(run)
        time.sleep(POLL_SECONDS)


def _refuse_unreachable(runs: list[Run]) -> None:
    """Any other failure is for the gate, which calls the evidence invalid and says why."""
    for run in runs:
        try:
            check(run)
        except RunUnreachable:
            raise
        except RunFailed:
            continue


def ask_people(study: Study) -> Campaign | None:
    """Opens the review that the study asks for; None where it asks for none.

    A candidate whose answers all read like the baseline's has nothing to be reviewed: the gate
    calls that evidence invalid, so no campaign is opened for it, nor while a run of the study has
    failed: its answers may still change, and with them which arm is the baseline.
    """
    review = study.review
    if review is None:
        return None
    links = StudyRun.objects.filter(arm__study=study, repeat=0)
    if links.exclude(run__state=RunState.DONE).exists():
        return None
    arms = {
        ArmRole.BASELINE: baseline_of(study),
        ArmRole.CANDIDATE: study.arms.get(role=ArmRole.CANDIDATE),
    }
    runs = {
        role: links.select_related("run").get(arm=arm, test_set__name=review.test_set).run
        for role, arm in arms.items()
    }
    try:
        return open_campaign(
            study=study,
            runs=[runs[ArmRole.BASELINE], runs[ArmRole.CANDIDATE]],
            design=Design(
                items=review.items,
                reviewers_per_item=review.reviewers_per_item,
                seed=review.seed,
                question=review.question,
            ),
        )
    except NothingToCompareError:
        return None

"""The life of a judge's run: begun, claimed by a worker, asked to its end, given back or cancelled.

What the judge said is written as it comes, and stays: whoever claims it next asks for what is
missing.
"""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum

from django.db import transaction

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.decision.wording import count_text
from evalhub.declare.judges import PairwiseQuestion
from evalhub.declare.prices import RunBudget
from evalhub.judges import claims
from evalhub.judges.claims import JudgeClaim, JudgeClaimLost
from evalhub.judges.models import JudgeRun, JudgeVote, question_digest
from evalhub.judges.pairs import AskResult, ask_pairs
from evalhub.logs import about
from evalhub.registry.models import ModelVersion, Run
from runners.backends.asking import Answered, BackendError
from runners.launch import cancel, resume
from runners.outages import DATABASE_AWAY, retry_while_away
from runners.queue import idle_in_this_process, in_this_process
from runners.shards import lease_cutoff
from runners.spending import Meter

POLL_S = 0.2

type Progress = Callable[[int], None]
"""Called with how many verdicts there are."""

logger = logging.getLogger(__name__)


class AskingStopped(Exception):
    """The worker is being stopped."""


def judge_version(project: Project, digest: str) -> ModelVersion:
    """The judge that a study's settings name by its version's digest."""
    versions = ModelVersion.objects.filter(model__project=project, digest=digest)
    version: ModelVersion = versions.order_by("pk")[0]
    return version


@transaction.atomic
def begin_judging(
    *,
    baseline: Run,
    candidate: Run,
    judge: ModelVersion,
    question: PairwiseQuestion,
    by: User | None,
    take_up: bool = False,
) -> JudgeRun:
    """The judge's run on the answers of two runs that have ended, made where there is none.

    It waits for a worker. `take_up` lets one go on that failed or was cancelled: what is missing is
    asked for.

    Raises NotAllowedError where `by` doesn't evaluate in the project; None is the operator.
    """
    check_evaluates(by, baseline.test_set_version.test_set.project)
    judge_run, created = JudgeRun.objects.get_or_create(
        baseline=baseline,
        candidate=candidate,
        baseline_answers=baseline.answers_digest,
        candidate_answers=candidate.answers_digest,
        digest=question_digest(judge.digest, question),
        defaults={"judge": judge, "asked": question},
    )
    if take_up and claims.take_up(JudgeRun.objects.filter(pk=judge_run.pk)):
        judge_run.refresh_from_db()
        created = True
    if created:
        transaction.on_commit(in_this_process.announce)
    return judge_run


class Work(StrEnum):
    """Which work is under way for a run: the run itself, or judges of its answers."""

    ANSWERS = "answers"
    VERDICTS = "verdicts"


@transaction.atomic
def cancel_work(run: Run, *, by: User | None) -> Work | None:
    """Stops what goes on about a run: itself, or once it has ended, the judges that are asked about
    its answers. What is done stays.

    What was stopped; None where nothing went on. Raises NotAllowedError as `cancel`.
    """
    if cancel(run, by=by):
        return Work.ANSWERS
    return Work.VERDICTS if claims.cancel(run) else None


@transaction.atomic
def resume_work(run: Run, *, by: User | None, budget: RunBudget | None = None) -> Work | None:
    """Lets a run go on that failed or was cancelled, and judges of its answers that did.

    What goes on, the run first; None where nothing had stopped. Raises as `resume`.
    """
    check_evaluates(by, run.test_set_version.test_set.project)
    judges = claims.take_up(JudgeRun.objects.about(run))
    if resume(run, by=by, budget=budget):
        return Work.ANSWERS
    if not judges:
        return None
    transaction.on_commit(in_this_process.announce)
    return Work.VERDICTS


def next_waiting(kinds: Collection[str] | None = None) -> int | None:
    """The first judge's run that waits for one of these kinds of workers; None: for any."""
    return claims.waiting(lease_cutoff(), kinds)


def judge_waiting(
    *, kinds: Collection[str] | None = None, stopping: Callable[[], bool] = lambda: False
) -> bool:
    """Asks the judge of the first run that waits for one of these kinds of workers, to its end.

    Returns whether there was one. `stopping` is asked about every second; once it says yes, the run
    is given back.
    """
    number = next_waiting(kinds)
    if number is None:
        return False
    work_on(number, stopping=stopping)
    return True


def work_on(
    judge_run_id: int,
    *,
    stopping: Callable[[], bool] = lambda: False,
    progress: Progress = lambda verdicts: None,
) -> bool:
    """Asks a judge for what is missing, unless somebody else does; whether it was claimed."""
    claim = claims.claim(judge_run_id, lease_cutoff())
    if claim is None:
        return False
    with about(judge_run=judge_run_id):
        try:
            _carry(claim, stopping, progress)
        except KeyboardInterrupt:
            claims.release(claim)
            raise
    idle_in_this_process.announce()
    return True


def wait_for(judge_run: JudgeRun, progress: Progress = lambda verdicts: None) -> None:
    """Asks a judge in this process, or waits while another does, until its run has ended, or the
    answers are others."""
    while JudgeRun.objects.unfinished().of_answers_as_they_are().filter(pk=judge_run.pk).exists():
        if not work_on(judge_run.pk, progress=progress):
            progress(judge_run.votes.count())
            time.sleep(POLL_S)
    judge_run.refresh_from_db()


def _carry(claim: JudgeClaim, stopping: Callable[[], bool], progress: Progress) -> None:
    """Takes it to its end, or gives it back and says why."""
    try:
        result = _ask(claim, stopping, progress)
        # A judge that gave not a single answer is away, which is no evidence.
        claims.complete(claim, _lacking(result), unreachable=result.unanswered == result.asked > 0)
        logger.info("%s: has said what it was asked", claim.judge_run)
    except (JudgeClaimLost, AskingStopped):
        claims.release(claim)
    except BackendError as error:
        claims.stop(claim, f"{error}; run again to go on")
    except DATABASE_AWAY:  # by nobody's fault: it doesn't count as an attempt
        retry_while_away(lambda: claims.release(claim), stopping)
    except Exception as error:
        logger.exception("%s: failed", claim.judge_run)
        claims.fail_attempt(claim, f"{type(error).__name__}: {error}")


def _ask(claim: JudgeClaim, stopping: Callable[[], bool], progress: Progress) -> AskResult:
    def look() -> None:
        if stopping():
            raise AskingStopped
        retry_while_away(lambda: claims.renew(claim, got_on=False), stopping)

    run, judge = claim.judge_run.candidate, claim.judge_run.judge
    meter = Meter.of_judge(run, judge)

    def keep(votes: Sequence[JudgeVote], batch: Sequence[Answered]) -> None:
        """Keeps results until they can be written, so that nothing is asked twice."""
        if batch:
            retry_while_away(lambda: _write(claim, votes, batch, meter), stopping)
            progress(claim.judge_run.votes.count())
        look()

    return ask_pairs(claim.judge_run, reach=run.reach, meter=meter, look=look, keep=keep)


def _write(
    claim: JudgeClaim, votes: Sequence[JudgeVote], batch: Sequence[Answered], meter: Meter
) -> None:
    """Writes verdicts and counts what they cost, also those that a loser brings: they are paid for.
    Raises JudgeClaimLost."""
    with transaction.atomic():
        JudgeVote.objects.bulk_create(votes, ignore_conflicts=True)
        meter.count(batch)
    claims.renew(claim, got_on=True)


def _lacking(result: AskResult) -> str:
    if not result.unanswered:
        return ""
    of = count_text(result.asked, "verdict")
    return f"{result.unanswered:,} of {of} got no answer, first: {result.error}; run again to go on"

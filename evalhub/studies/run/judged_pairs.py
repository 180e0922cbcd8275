"""Ask the study's judge about its two arms' answers side by side."""

from collections.abc import Callable

from django.db.models import Count, Q, Sum

from evalhub.accounts.models import User
from evalhub.decision.criteria.judge import Pairwise
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.judges import JudgeRunDocument
from evalhub.declare.prices import Price
from evalhub.judges.models import JudgeRun, JudgeRunState, question_digest
from evalhub.judges.pairs import count_pairs
from evalhub.judges.run import begin_judging, judge_version, wait_for
from evalhub.judges.votes import figures_of, votes_of
from evalhub.ledger.baseline_choice import baseline_of
from evalhub.ledger.study_evidence import NotReadyError
from evalhub.registry.models import Run, Study, StudyRun
from evalhub.registry.models.runs import RunState
from evalhub.registry.models.studies import ArmRole
from runners.backends.asking import BackendError, Paid
from runners.spending import money_of

type Progress = Callable[[int, int], None]
"""Called with how many verdicts there are, and how many there will be."""


def judge_study(
    *,
    study: Study,
    by: User | None,
    price: Price | None = None,
    progress: Progress = lambda count, total: None,
) -> JudgeRunDocument:
    """Asks the study's judge about the baseline's and the candidate's answers that it hasn't judged
    yet, or waits while a worker does. Its choices are sealed until a decision reads them.

    Raises:
        evalhub.declare.declaration.DeclarationError: the study names no judge.
        NotReadyError: answers are still missing, or became others meanwhile, or somebody cancelled
            it.
        runners.backends.asking.BackendError: the judge is away; what it said stays.
    """
    pairwise = study.policy.pairwise
    if pairwise is None:
        raise DeclarationError(
            "missing: say by whom, on which test set, and by what rubric", "pairwise"
        )
    judged = begin_judge(study, pairwise, by=by, take_up=True)
    before, total = judged.votes.count(), 2 * count_pairs(judged)
    wait_for(judged, lambda verdicts: progress(verdicts, total))
    if judged.state == JudgeRunState.CANCELLED:
        raise NotReadyError(f"{judged}: {judged.error}; run again to go on")
    if judged.unreachable:
        raise BackendError(judged.error)
    if judged.finished is None:
        raise NotReadyError(f"{judged}: the answers became others meanwhile")
    return _document(study, pairwise, judged, before=before, total=total, price=price)


def begin_judge(
    study: Study, pairwise: Pairwise, *, by: User | None, take_up: bool = False
) -> JudgeRun:
    """The judge's run on the present answers, created if there is none; `take_up`: resumed if it
    failed or was cancelled. Raises NotReadyError if answers are missing."""
    baseline, candidate = pairwise_runs(study, pairwise)
    return begin_judging(
        baseline=baseline,
        candidate=candidate,
        judge=judge_version(study.project, pairwise.by),
        question=pairwise.question,
        by=by,
        take_up=take_up,
    )


def newest_judge_run(study: Study) -> JudgeRun | None:
    """The newest run of the study's judge, by its file as it is now."""
    pairwise = study.policy.pairwise
    if pairwise is None:
        return None
    runs = Run.objects.filter(studies__arm__study=study, studies__test_set__name=pairwise.test_set)
    of_study = JudgeRun.objects.filter(baseline__in=runs, candidate__in=runs)
    same = of_study.filter(digest=question_digest(pairwise.by, pairwise.question))
    judge_run: JudgeRun | None = same.of_answers_as_they_are().first()
    return judge_run


def _document(
    study: Study,
    pairwise: Pairwise,
    judged: JudgeRun,
    *,
    before: int,
    total: int,
    price: Price | None,
) -> JudgeRunDocument:
    totals = judged.votes.aggregate(
        there=Count("pk"),
        prompt=Sum("prompt_tokens"),
        completion=Sum("completion_tokens"),
        unknown=Count("pk", filter=Q(prompt_tokens=None) | Q(completion_tokens=None)),
    )
    prompt, completion = totals["prompt"], totals["completion"]
    has_tokens = not totals["unknown"] and prompt is not None
    money = None
    if has_tokens and price is not None:
        money = sum(
            (
                money_of(Paid(vote.prompt_tokens or 0, vote.completion_tokens or 0), price)
                for vote in judged.votes.only("prompt_tokens", "completion_tokens").iterator()
            ),
            start=0.0,
        )
    unanswered = total - totals["there"]
    return JudgeRunDocument(
        study=f"{study.project.slug}/{study.slug}",
        test_set=pairwise.test_set,
        judge=str(judged.judge),
        judge_digest=judged.judge.digest,
        asked=totals["there"] - before + unanswered,
        unanswered=unanswered,
        error=judged.error,
        figures=figures_of(votes_of(judged), pairs=count_pairs(judged)),
        prompt_tokens=prompt if has_tokens else None,
        completion_tokens=completion if has_tokens else None,
        money=money,
        opened=judged.opened is not None,
    )


def pairwise_runs(study: Study, pairwise: Pairwise) -> tuple[Run, Run]:
    """The baseline's and the candidate's run that are judged. Raises NotReadyError."""
    links = StudyRun.objects.filter(arm__study=study, test_set__name=pairwise.test_set, repeat=0)
    runs = [
        links.select_related("run__version__model", "run__test_set_version__test_set__project")
        .get(**which)
        .run
        for which in ({"arm": baseline_of(study)}, {"arm__role": ArmRole.CANDIDATE})
    ]
    for run in runs:
        if run.state not in (RunState.DONE, RunState.FAILED) or run.unreachable:
            raise NotReadyError(f"{run} hasn't ended: run the study first (`evalhub study run`)")
    return runs[0], runs[1]

"""The judge that a study names, asked about its two arms' answers side by side."""

from django.db.models import Count, Q, Sum

from evalhub.accounts.models import User
from evalhub.gate.baseline_choice import baseline_of
from evalhub.gate.study_evidence import NotReadyError
from evalhub.registry.models import JudgeRun, ModelVersion, Run, Study, StudyRun
from evalhub.registry.models.runs import RunState
from evalhub.registry.models.studies import ArmRole
from evalhub.schemas.declaration import DeclarationError
from evalhub.schemas.judging import JudgeRunDocument
from evalhub.schemas.keys import Reach
from evalhub.schemas.study import Pairwise, Price
from runners.judges.pairs import AskedNow, Progress, ask_pairs, begin_judging, count_pairs
from runners.judges.votes import figures_of, votes_of


def judge_study(
    *,
    study: Study,
    by: User | None,
    reach: Reach,
    price: Price | None = None,
    progress: Progress | None = None,
) -> JudgeRunDocument:
    """Asks the study's judge for what it hasn't said yet of the baseline's and the candidate's
    answers. Whom it prefers is sealed until a decision reads it.

    Raises:
        evalhub.schemas.declaration.DeclarationError: the study names no judge.
        NotReadyError: answers are still missing.
        runners.backends.asking.BackendError: the judge is away; what it said stays.
    """
    asked = study.policy.pairwise
    if asked is None:
        raise DeclarationError(
            "missing: say by whom, on which test set, and by what rubric", "pairwise"
        )
    baseline, candidate = pairwise_runs(study, asked)
    judge = judge_version(study, asked)
    made = begin_judging(
        baseline=baseline, candidate=candidate, judge=judge, question=asked.question, by=by
    )
    now = ask_pairs(made, reach=reach, by=by, progress=progress)
    return _document(study, asked, made, now, price)


def _document(
    study: Study, asked: Pairwise, judged: JudgeRun, now: AskedNow, price: Price | None
) -> JudgeRunDocument:
    totals = judged.votes.aggregate(
        prompt=Sum("prompt_tokens"),
        completion=Sum("completion_tokens"),
        unknown=Count("pk", filter=Q(prompt_tokens=None) | Q(completion_tokens=None)),
    )
    prompt, completion = totals["prompt"], totals["completion"]
    known = not totals["unknown"] and prompt is not None
    money = None
    if known and price is not None:
        money = (price.prompt * prompt + price.completion * completion) / 1e6
    return JudgeRunDocument(
        study=f"{study.project.slug}/{study.slug}",
        test_set=asked.test_set,
        judge=str(judged.judge),
        judge_digest=judged.judge.digest,
        asked=now.asked,
        unanswered=now.unanswered,
        error=now.error,
        figures=figures_of(votes_of(judged), pairs=count_pairs(judged)),
        prompt_tokens=prompt if known else None,
        completion_tokens=completion if known else None,
        money=money,
        opened=judged.opened is not None,
    )


def pairwise_runs(study: Study, asked: Pairwise) -> tuple[Run, Run]:
    """The baseline's and the candidate's run that are judged. Raises NotReadyError."""
    links = StudyRun.objects.filter(arm__study=study, test_set__name=asked.test_set, repeat=0)
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


def judge_version(study: Study, asked: Pairwise) -> ModelVersion:
    """The version that the study's settings name by its digest."""
    versions = ModelVersion.objects.filter(model__project=study.project, digest=asked.by)
    found: ModelVersion = versions.order_by("pk")[0]
    return found

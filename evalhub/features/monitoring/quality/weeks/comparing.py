"""Take a week on: its answers are had, then a judge and people compare them, blind."""

from collections.abc import Sequence
from datetime import datetime

from evalhub.declare.judges import PairwiseQuestion
from evalhub.declare.monitor import QualityPairs, QualityPlan
from evalhub.declare.review import Design
from evalhub.features.monitoring.models import NoticeKind, QualityWeek
from evalhub.features.monitoring.quality.estimate import WIN_SCORES, ComparedPair, people_score
from evalhub.features.monitoring.quality.weeks.versions import judge_of_pairs
from evalhub.judges.models import JudgeRunState
from evalhub.judges.pairs import pairs_of
from evalhub.judges.run import begin_judging
from evalhub.judges.votes import votes_of
from evalhub.registry.models import Output, Run
from evalhub.registry.models.runs import UNFINISHED, RunState
from reviews.errors import NothingToCompareError
from reviews.models import Campaign
from reviews.planning.campaign import close_campaign, open_campaign
from reviews.results.ended import check_ended, has_ended
from reviews.results.judgment_data import judgment_data
from runners.launch import cancel, resume
from runners.outcome import only_answers_failed

LONGEST = 500
"""Characters of an error that are shown."""

type Lacks = dict[NoticeKind, str]
"""What a monitor lacks, in sentences."""


def take_on(week: QualityWeek, plan: QualityPlan, *, is_over: bool, now: datetime) -> Lacks:
    """Takes a week one step on; again, it changes nothing while nothing has come.

    Args:
        is_over: the next week has come: what nobody has compared yet is left out.

    Returns what it lacks now. Raises reviews.errors.TamperedError for a changed record.
    """
    pairs = plan.pairs
    assert pairs is not None
    lacks = _lacks_answers(week, is_over)
    if not lacks and not _goes_on(week):
        _compare(week, pairs, plan.seed)
        lacks = _lacks_verdicts(week, is_over)
    if is_over or _is_compared(week):
        _end(week, now)
    return lacks


def compared_pairs(week: QualityWeek) -> list[ComparedPair]:
    """The pairs of an ended week that the judge compared in both orders, with people's choices."""
    if week.judge_run is None:
        return []
    votes = votes_of(week.judge_run)
    people: dict[str, list[str]] = {}
    if week.campaign is not None:
        check_ended(week.campaign)
        for judgment in judgment_data(week.campaign).of():
            people.setdefault(judgment.pair.item, []).append(judgment.favours)
    return [
        ComparedPair(
            judged=WIN_SCORES[choice],
            people=people_score(people[str(key)]) if str(key) in people else None,
            user=f"{votes.clusters[key]}",
            weight=votes.weights.get(key, 1.0),
        )
        for key, choice in votes.both().votes.items()
    ]


def count_same(week: QualityWeek) -> int:
    """Requests to which both versions answered the same."""
    both = _answered(week.recorded) & _answered(week.former)
    if week.judge_run is None:
        return len(both)
    return len(both) - sum(1 for _ in pairs_of(week.judge_run))


def _goes_on(week: QualityWeek) -> bool:
    return any(run.state in UNFINISHED for run in _runs(week))


def _runs(week: QualityWeek) -> Sequence[Run]:
    return week.recorded, week.former


def _lacks_answers(week: QualityWeek, is_over: bool) -> Lacks:
    """Why the former version has no answers; it is asked again while the week isn't over."""
    run = week.former
    if run.state not in (RunState.FAILED, RunState.CANCELLED) or only_answers_failed(run):
        return {}
    if run.budget is not None and run.budget.used_up:
        return {NoticeKind.BUDGET: run.budget.sentence}
    if run.state == RunState.FAILED and not is_over:
        resume(run, by=None)
    return {NoticeKind.NO_ANSWERS: f"{run.version}: {run.error or run.state}"[:LONGEST]}


def _compare(week: QualityWeek, pairs: QualityPairs, seed: int) -> None:
    """Begins what compares the answers: the judge in both orders, and a blind review."""
    if week.judge_run is None:
        week.judge_run = begin_judging(
            baseline=week.former,
            candidate=week.recorded,
            judge=judge_of_pairs(week.monitor.project, pairs),
            question=PairwiseQuestion(rubric=pairs.rubric),
            by=None,
        )
        week.save(update_fields=["judge_run"])
    if week.campaign is None:
        week.campaign = _open_review(week, pairs, seed)
        week.save(update_fields=["campaign"])


def _open_review(week: QualityWeek, pairs: QualityPairs, seed: int) -> Campaign | None:
    """Opened again it is the same one. None where all answers read the same."""
    design = Design(
        items=pairs.review_items,
        reviewers_per_item=1,
        seed=seed,
        question=pairs.question,
        strata=(),
    )
    try:
        return open_campaign(
            runs=[week.former, week.recorded],
            design=design,
            name=f"Answers of the week of {week.monday}",
            by=None,
        )
    except NothingToCompareError:
        return None


def _lacks_verdicts(week: QualityWeek, is_over: bool) -> Lacks:
    judged = week.judge_run
    assert judged is not None
    if judged.state in (JudgeRunState.PENDING, JudgeRunState.CLAIMED) or not judged.unreachable:
        return {}
    budget = week.recorded.budget
    if budget is not None and budget.used_up:
        return {NoticeKind.BUDGET: budget.sentence}
    if judged.state == JudgeRunState.FAILED and not is_over:
        begin_judging(
            baseline=judged.baseline,
            candidate=judged.candidate,
            judge=judged.judge,
            question=judged.asked,
            by=None,
            take_up=True,
        )
    return {NoticeKind.NO_JUDGE: f"{judged.judge}: {judged.error}"[:LONGEST]}


def _is_compared(week: QualityWeek) -> bool:
    """Whether judge and people have said all that they will."""
    judged = week.judge_run
    if judged is None or judged.finished is None or judged.unreachable:
        return False
    return week.campaign is None or has_ended(week.campaign)


def _end(week: QualityWeek, now: datetime) -> None:
    """Nothing more is taken of it: what goes on is cancelled, a review closed."""
    for run in _runs(week):
        cancel(run, by=None)
    if week.campaign is not None and not has_ended(week.campaign):
        close_campaign(campaign=week.campaign, by=None, why="the next week's review has begun")
    QualityWeek.objects.filter(pk=week.pk, ended=None).update(ended=now)
    week.refresh_from_db()


def _answered(run: Run) -> set[int]:
    rows = Output.objects.filter(run=run, sample=0, text__isnull=False)
    return set(rows.order_by().values_list("item_id", flat=True))

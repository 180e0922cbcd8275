"""All data of a study's page, in a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from evalhub.declare.plan import PlannedLook
from evalhub.declare.verdicts import Verdict
from evalhub.judges.models import JudgeRun
from evalhub.ledger.chain.kept import why_not_kept
from evalhub.ledger.champion_standing import ChampionStanding, champion_standing
from evalhub.ledger.models import Decision, SignOff, SignOffAction
from evalhub.ledger.staleness import Change, changes_since
from evalhub.registry.models import Study, StudyArm
from evalhub.registry.models.studies import ArmRole
from evalhub.report.decision_page import DecisionPage, decision_page
from evalhub.report.matrix import Matrix, MatrixArm, matrix
from evalhub.report.skills import Skills, skills_of
from evalhub.site.cost_view import CostView, StudySpending, cost_view, study_spending
from evalhub.site.queries import (
    CampaignProgress,
    ReadingRow,
    StudyRuns,
    campaign_state,
    development_rows,
    study_runs,
)
from evalhub.site.study.answers import AnswersTab, answers_tab
from evalhub.studies.run.judged_pairs import newest_judge_run
from evalhub.studies.run.plan import next_looks


@dataclass(frozen=True, slots=True)
class ArmTab:
    """A candidate arm, and the newest decision on it."""

    arm: StudyArm
    decision: Decision | None
    current: bool


@dataclass(frozen=True, slots=True)
class StudyPage:
    """`judged`: whether the study asks for a verdict; development sets alone ask for none.
    `not_kept` is the sentence where the database holds another decision than was made."""

    study: Study
    judged: bool
    baseline: StudyArm | None
    standing: ChampionStanding
    arms: Sequence[ArmTab]
    decision: Decision | None
    page: DecisionPage | None
    matrix: Matrix | None
    costs: CostView | None
    skills: Skills | None
    earlier: Sequence[Decision]
    runs: StudyRuns
    campaign: CampaignProgress | None
    answers: AnswersTab | None
    looks: Sequence[PlannedLook]
    readings: Sequence[ReadingRow]
    cost: StudySpending
    names: Sequence[str]
    since: Sequence[Change]
    sign_offs: Sequence[SignOff]
    review_awaited: bool
    judge_awaited: JudgeRun | None
    not_kept: str
    verdicts: Sequence[tuple[str, str]] = tuple(Verdict.choices())

    @property
    def override(self) -> SignOff | None:
        """The valid sign-off, if its verdict differs from the decision's."""
        newest = next(iter(self.sign_offs), None)
        return newest if newest and newest.action == SignOffAction.OVERRIDDEN else None


def study_page(study: Study, query: QueryDict) -> StudyPage:
    """The page of `study` with the arm, test set, outcome and order that the address asks for."""
    arms = list(study.arms.select_related("version__model"))
    newest, earlier = _decisions(study)
    candidates = _arms_to_judge(study, arms)
    names = [arm.name for arm in candidates]
    name = query.get("arm", "") if query.get("arm") in names else next(iter(names), "")
    decision = newest.get(name)
    runs = study_runs(study)
    baseline = _baseline(arms, decision)
    candidate = next((arm for arm in candidates if arm.name == name), None)
    return StudyPage(
        study=study,
        judged=study.test_sets.judged().exists(),
        baseline=baseline,
        standing=champion_standing(study.project, baseline=baseline, candidate=candidate),
        arms=[ArmTab(arm, newest.get(arm.name), arm.name == name) for arm in candidates],
        decision=decision,
        page=decision_page(decision.document) if decision else None,
        matrix=matrix(
            [_column(arm.name, newest.get(arm.name)) for arm in candidates], query.get("sort", "")
        ),
        costs=cost_view(newest, decision, query.get("cost", "")) if decision else None,
        skills=skills_of(decision.document, _capability(study)) if decision else None,
        earlier=[each for each in earlier if each.arm == name],
        runs=runs,
        campaign=campaign_state(study),
        answers=answers_tab(study, decision, query),
        looks=next_looks(study) if _unread(decision) else [],
        readings=development_rows(study, arms),
        cost=study_spending(study),
        names=[arm.name for arm in arms],
        since=changes_since(decision) if decision else [],
        review_awaited=_review_awaited(study, runs, decision),
        judge_awaited=_judge_awaited(study),
        not_kept=why_not_kept(decision) if decision else "",
        sign_offs=list(decision.sign_offs.select_related("by")) if decision else [],
    )


def _column(arm: str, decision: Decision | None) -> MatrixArm:
    if decision is None:
        return MatrixArm(arm, None, None, None)
    return MatrixArm(arm, decision.pk, Verdict(decision.verdict), decision.document)


def _capability(study: Study) -> set[str]:
    return set(study.test_sets.capability().values_list("name", flat=True))


def _arms_to_judge(study: Study, arms: Sequence[StudyArm]) -> list[StudyArm]:
    """The judged arms, the candidate in question first.

    Not the baseline; where it is the best of the untuned arms, none of those.
    """
    chosen = study.policy.development is not None
    judged = [
        arm
        for arm in arms
        if arm.role == ArmRole.CANDIDATE
        or (arm.role != ArmRole.BASELINE and (arm.version.fine_tuned or not chosen))
    ]
    return sorted(judged, key=lambda arm: (arm.role != ArmRole.CANDIDATE, arm.position))


def _baseline(arms: Sequence[StudyArm], decision: Decision | None) -> StudyArm | None:
    """The arm that was compared with; before a decision the one that the study names."""
    name = decision.document.arms.baseline.name if decision else None
    from_decision = next((arm for arm in arms if arm.name == name), None)
    return from_decision or next((arm for arm in arms if arm.role == ArmRole.BASELINE), None)


def _decisions(study: Study) -> tuple[dict[str, Decision], list[Decision]]:
    """The newest decision on each arm, and the earlier ones without their records."""
    newest: dict[str, Decision] = {}
    earlier = []
    for decision in Decision.objects.filter(study=study).newest_first().defer("record"):
        if decision.arm in newest:
            earlier.append(decision)
        else:
            newest[decision.arm] = decision
    return newest, earlier


def _judge_awaited(study: Study) -> JudgeRun | None:
    """The judge of pairs if it is still running, or couldn't be reached."""
    judge_run = newest_judge_run(study)
    return (
        judge_run
        if judge_run is not None and (judge_run.finished is None or judge_run.unreachable)
        else None
    )


def _review_awaited(study: Study, runs: StudyRuns, decision: Decision | None) -> bool:
    """Whether the study file's review waits for its owner to open it."""
    return (
        study.review is not None
        and study.review.open == "owner"
        and decision is not None
        and decision.verdict != Verdict.INVALID
        and decision.record["people"] is None
    )


def _unread(decision: Decision | None) -> bool:
    """Whether the arm's look is still to be taken: invalid evidence takes none."""
    return decision is None or decision.verdict == Verdict.INVALID

"""All data of a study's page, in a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from evalhub.accounts.models import Action, LogEntry
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
from evalhub.report.ends import look_of
from evalhub.report.matrix import Matrix, MatrixArm, matrix
from evalhub.report.reasons import ReasonLine, reason_lines
from evalhub.site.queries import (
    CampaignProgress,
    ReadingRow,
    StudyRuns,
    campaign_state,
    development_rows,
    study_runs,
)
from evalhub.site.study.next_step import NextStep, step_decided, step_undecided
from evalhub.site.study.tabs import Panel, StudyTab, panel_of, study_tabs
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
    `names` are of all arms, whose means on the development sets are the `readings`.
    `look` is the number of the look that the decision paid for. `not_kept` is the sentence where
    the database holds another decision than was made."""

    study: Study
    judged: bool
    baseline: StudyArm | None
    standing: ChampionStanding
    arms: Sequence[ArmTab]
    decision: Decision | None
    decided: LogEntry | None
    look: int | None
    page: DecisionPage | None
    reasons: Sequence[ReasonLine]
    step: NextStep
    matrix: Matrix | None
    names: Sequence[str]
    readings: Sequence[ReadingRow]
    tabs: Sequence[StudyTab]
    panel: Panel
    earlier: Sequence[Decision]
    runs: StudyRuns
    campaign: CampaignProgress | None
    looks: Sequence[PlannedLook]
    since: Sequence[Change]
    sign_offs: Sequence[SignOff]
    review_awaited: bool
    judge_awaited: JudgeRun | None
    not_kept: str
    verdicts: Sequence[tuple[str, str]] = tuple(Verdict.choices())

    @property
    def tab(self) -> str:
        """The name of the open tab."""
        return next(tab.name for tab in self.tabs if tab.current)

    @property
    def override(self) -> SignOff | None:
        """The valid sign-off, if its verdict differs from the decision's."""
        newest = next(iter(self.sign_offs), None)
        return newest if newest and newest.action == SignOffAction.OVERRIDDEN else None


def study_page(study: Study, query: QueryDict) -> StudyPage:
    """The page of `study` with the arm, order and tab that the address asks for."""
    arms = list(study.arms.select_related("version__model"))
    newest, earlier = _decisions(study)
    candidates = _arms_to_judge(study, arms)
    names = [arm.name for arm in candidates]
    name = query.get("arm", "") if query.get("arm") in names else next(iter(names), "")
    decision = newest.get(name)
    runs, campaign = study_runs(study), campaign_state(study)
    baseline = _baseline(arms, decision)
    candidate = next((arm for arm in candidates if arm.name == name), None)
    standing = champion_standing(study.project, baseline=baseline, candidate=candidate)
    judged = study.test_sets.judged().exists()
    page = decision_page(decision.document) if decision else None
    since = changes_since(decision) if decision else []
    awaited = decision is not None and _review_awaited(study, decision)
    if decision and page:
        step = step_decided(
            study,
            decision,
            page,
            newest=newest,
            standing=standing,
            stale=bool(since),
            review_awaited=awaited,
            campaign=campaign,
        )
    else:
        step = step_undecided(study, runs, judged=judged)
    tabs = study_tabs(query, page=page, runs=runs, campaign=campaign)
    open_tab = next(tab.name for tab in tabs if tab.current)
    return StudyPage(
        study=study,
        judged=judged,
        baseline=baseline,
        standing=standing,
        arms=[ArmTab(arm, newest.get(arm.name), arm.name == name) for arm in candidates],
        decision=decision,
        decided=_log_entry(study, decision) if decision else None,
        look=look_of(decision.document) if decision else None,
        page=page,
        reasons=reason_lines(decision.document) if decision else [],
        step=step,
        matrix=matrix(
            [_column(each, newest.get(each), name) for each in names], query.get("sort", "")
        ),
        names=[arm.name for arm in arms],
        readings=[] if decision and open_tab != "evidence" else development_rows(study, arms),
        tabs=tabs,
        panel=panel_of(open_tab, study, query, newest=newest, decision=decision),
        earlier=[each for each in earlier if each.arm == name],
        runs=runs,
        campaign=campaign,
        looks=next_looks(study) if _unread(decision) else [],
        since=since,
        sign_offs=list(decision.sign_offs.select_related("by")) if decision else [],
        review_awaited=awaited,
        judge_awaited=_judge_awaited(study),
        not_kept=why_not_kept(decision) if decision else "",
    )


def _column(arm: str, decision: Decision | None, current: str) -> MatrixArm:
    shown = arm == current
    if decision is None:
        return MatrixArm(arm, None, None, None, shown)
    return MatrixArm(arm, decision.pk, Verdict(decision.verdict), decision.document, shown)


def _log_entry(study: Study, decision: Decision) -> LogEntry | None:
    """The log's row of who decided; None where it holds no such row."""
    of_decision = LogEntry.objects.of_action(
        Action.DECIDED, project=study.project_id, begins=decision.in_the_log
    )
    return of_decision.select_related("by").first()


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


def _review_awaited(study: Study, decision: Decision) -> bool:
    """Whether the study file's review waits for its owner to open it."""
    return (
        study.review is not None
        and study.review.open == "owner"
        and decision.verdict != Verdict.INVALID
        and decision.record["people"] is None
    )


def _unread(decision: Decision | None) -> bool:
    """Whether the arm's look is still to be taken: invalid evidence takes none."""
    return decision is None or decision.verdict == Verdict.INVALID

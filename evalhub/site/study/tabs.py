"""The tabs below a study's verdict: which there are, and what the open one shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from evalhub.ledger.models import Decision
from evalhub.registry.models import Study, StudyArm
from evalhub.report.decision_page import DecisionPage
from evalhub.site.changes import Changes, Wanted, changes
from evalhub.site.cost_view import CostView, StudySpending, cost_view, study_spending
from evalhub.site.queries import CampaignProgress, ReadingRow, StudyRuns, development_rows

LABELS = {
    "answers": "Answers",
    "slices": "Slices",
    "people": "People",
    "evidence": "Evidence",
    "runs": "Runs",
    "history": "History",
}


@dataclass(frozen=True, slots=True)
class StudyTab:
    """A tab; `count` says how much is behind it, "" where that is no number."""

    name: str
    label: str
    count: str
    query: str
    current: bool


@dataclass(frozen=True, slots=True)
class AnswersPanel:
    """The changed answers of a decision; before one there are none to compare."""

    changes: Changes | None


@dataclass(frozen=True, slots=True)
class RunsPanel:
    """What the study's answers took, beside how good they are."""

    costs: CostView | None
    cost: StudySpending


@dataclass(frozen=True, slots=True)
class EvidencePanel:
    """Each arm's means on the development sets; `names` are the arms'."""

    names: Sequence[str]
    readings: Sequence[ReadingRow]


type Panel = AnswersPanel | RunsPanel | EvidencePanel | None


def study_tabs(
    wanted: Wanted,
    *,
    tab: str,
    page: DecisionPage | None,
    runs: StudyRuns,
    campaign: CampaignProgress | None,
) -> list[StudyTab]:
    """All tabs, the open one marked: the one of this name, else answers; runs before a decision."""
    current = tab if tab in LABELS else "answers" if page else "runs"
    counts = {
        "answers": f"{page.items:,}" if page else "",
        "slices": f"{len(page.slices.rows):,}" if page else "",
        "people": f"{campaign.judgments:,} of {campaign.planned:,}" if campaign else "",
        "runs": _runs_text(runs),
    }
    kept = {"arm": wanted.arm, "sort": wanted.sort}
    return [
        StudyTab(
            name=name,
            label=label,
            count=counts.get(name, ""),
            query=urlencode({key: value for key, value in kept.items() if value} | {"tab": name}),
            current=name == current,
        )
        for name, label in LABELS.items()
    ]


def panel_of(
    tab: str,
    study: Study,
    wanted: Wanted,
    *,
    arms: Sequence[StudyArm],
    newest: Mapping[str, Decision],
    decision: Decision | None,
) -> Panel:
    """What the tab of this name shows beyond the page's own data; each tab reads only its own."""
    if tab == "answers":
        return AnswersPanel(changes(study, decision.document, wanted) if decision else None)
    if tab == "evidence":
        return EvidencePanel([arm.name for arm in arms], development_rows(study, arms))
    if tab == "runs":
        costs = cost_view(newest, decision, wanted.cost) if decision else None
        return RunsPanel(costs, study_spending(study))
    return None


def _runs_text(runs: StudyRuns) -> str:
    if runs.open:
        return f"{runs.total - runs.open:,} of {runs.total:,}"
    if runs.stopped:
        return f"{runs.stopped:,} stopped"
    return f"{runs.total:,} done" if runs.total else ""

"""The tabs below a study's verdict: which there are, and what the open one shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict

from evalhub.ledger.models import Decision
from evalhub.registry.models import Study
from evalhub.report.decision_page import DecisionPage
from evalhub.site.cost_view import CostView, StudySpending, cost_view, study_spending
from evalhub.site.queries import CampaignProgress, StudyRuns
from evalhub.site.study.answers import AnswersTab, answers_tab

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
class RunsPanel:
    """What the study's answers took, beside how good they are."""

    costs: CostView | None
    cost: StudySpending


type Panel = AnswersTab | RunsPanel | None


def study_tabs(
    query: QueryDict,
    *,
    page: DecisionPage | None,
    runs: StudyRuns,
    campaign: CampaignProgress | None,
) -> list[StudyTab]:
    """All tabs with the wanted one open; else answers, or runs before a decision."""
    tab = query.get("tab", "")
    current = tab if tab in LABELS else "answers" if page else "runs"
    counts = {
        "answers": f"{page.items:,}" if page else "",
        "slices": f"{len(page.slices.rows):,}" if page and page.slices.rows else "",
        "people": f"{campaign.judgments:,} of {campaign.planned:,}" if campaign else "",
        "runs": _runs_text(runs),
    }
    kept = {"arm": query.get("arm", "")}
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
    query: QueryDict,
    *,
    newest: Mapping[str, Decision],
    decision: Decision | None,
) -> Panel:
    """What the tab of this name shows beyond the page's own data; each tab reads only its own."""
    if tab == "answers":
        return answers_tab(study, decision, query)
    if tab == "runs":
        costs = cost_view(newest, decision, query.get("cost", "")) if decision else None
        return RunsPanel(costs, study_spending(study))
    return None


def _runs_text(runs: StudyRuns) -> str:
    if runs.open:
        return f"{runs.total - runs.open:,} of {runs.total:,}"
    if runs.stopped:
        return f"{runs.stopped:,} stopped"
    return f"{runs.total:,} done" if runs.total else ""

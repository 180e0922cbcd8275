"""The Answers tab of a study: one test set, worst first, with what each arm answered."""

from dataclasses import dataclass, replace

from django.http import QueryDict

from evalhub.decision.outcomes import Outcome
from evalhub.ledger.differences import compare_items
from evalhub.ledger.models import Decision
from evalhub.registry.models import Study
from evalhub.report.charts.parts import Chart
from evalhub.report.distribution import distribution
from evalhub.report.joint_scores import JointScoresView
from evalhub.report.stored_report import joint_scores_of_runs
from evalhub.report.transitions import Transitions, transitions
from evalhub.site.items.addresses import ItemUrls
from evalhub.site.items.browsing import ItemsPage, items_page
from evalhub.site.items.filters import ORDERS, ItemFilters
from evalhub.site.items.metrics import by_metric
from evalhub.site.items.scope import ItemScope, study_scope

PAGE = 8


@dataclass(frozen=True, slots=True)
class AnswersTab:
    """`page` is the list, `every` the address of the same list as a page of its own, which can be
    searched and filtered. `moved` and `scores` are None where no outcome may be read, and `joint`
    is empty."""

    page: ItemsPage
    every: str
    moved: Transitions | None
    scores: Chart | None
    joint: JointScoresView

    @property
    def scope(self) -> ItemScope:
        return self.page.scope


def answers_tab(study: Study, decision: Decision | None, wanted: QueryDict) -> AnswersTab | None:
    """The tab, for the arm of `decision`; None while no arm has a run.

    Without a wish, the test set is the one of the largest loss that fails, and the worst losses
    come first. Before a decision has read the scores, and of invalid evidence, answers are shown
    in the test set's order.

    Args:
        wanted: the address's query, with the fields of `ItemFilters` and `page`. A `sort` that
            isn't one of items belongs to another part of the page.
    """
    filters = ItemFilters.of(wanted)
    filters = filters.but(
        sort=filters.sort if filters.sort in ORDERS else "",
        arm=filters.arm or (decision.arm if decision else ""),
    )
    scope = study_scope(study, filters.test_set, filters.arm)
    if scope is None:
        return None
    scope = by_metric(scope, filters.metric)
    filters = filters.but(test_set=scope.test_set)
    urls = ItemUrls("study", study.pk, test_set=scope.test_set, tab=True)
    page = items_page(scope, filters, urls, wanted.get("page") or "", PAGE)
    return AnswersTab(
        page=page,
        every=replace(urls, tab=False).items(page.sought),
        moved=_moved(page),
        scores=_scores(scope),
        joint=_joint(scope),
    )


def _joint(scope: ItemScope) -> JointScoresView:
    if scope.pair is None:
        return JointScoresView(scope.test_set)
    arms = (scope.baseline, scope.candidate)
    return joint_scores_of_runs(scope.pair, test_set=scope.test_set, arms=arms)


def _moved(page: ItemsPage) -> Transitions | None:
    if page.scope.pair is None:
        return None
    compared = compare_items(page.scope.pair)
    return transitions(
        {each: len(compared.by_outcome[each]) for each in Outcome},
        whole=compared.whole,
        leading_to=lambda outcome: page.place.items(page.sought.but(outcome=outcome)),
    )


def _scores(scope: ItemScope) -> Chart | None:
    if scope.pair is None:
        return None
    compared = compare_items(scope.pair)
    return distribution(
        compared.baseline,
        compared.candidate,
        names=(scope.baseline, scope.candidate),
        metric=scope.pair.metric.name,
    )

"""A page of the item list, and the links to other lists."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator

from evalhub.decision.outcomes import Outcome
from evalhub.decision.wording import count_text
from evalhub.site.items.addresses import ItemUrls
from evalhub.site.items.columns import ShownColumns, columns_of
from evalhub.site.items.filters import (
    ERRORS,
    JUDGE,
    OF_ANSWERS,
    OF_PAIR,
    OF_SCORES,
    ORDERS,
    OUTCOMES,
    VIEWS,
    VOTES,
    ItemFilters,
)
from evalhub.site.items.finding import FoundItems, find, judge_run, tags_of
from evalhub.site.items.rows import ItemRow, item_rows
from evalhub.site.items.scope import ItemScope
from reviews.models import Campaign

PAGE = 25
ALWAYS = (Outcome.LOST, Outcome.WON)
"""Outcomes of which it is worth saying that there are none."""

type Options = list[tuple[str, str, bool]]
"""Value, label, whether it is chosen."""


@dataclass(frozen=True, slots=True)
class ItemsPage:
    """`controls`: by the filter's name its label and options. `outcomes`: label, address, whether
    it is chosen, how many there are, and whether there may be more."""

    scope: ItemScope
    sought: ItemFilters
    place: ItemUrls
    found: FoundItems
    page: "Page[int]"
    rows: Sequence[ItemRow]
    columns: ShownColumns
    controls: Sequence[tuple[str, str, Options]]
    sorts: Options
    metrics: Options
    views: Sequence[tuple[str, str, bool]]
    test_sets: Sequence[tuple[str, str, bool]]
    outcomes: Sequence[tuple[str, str, bool, int, bool]]
    files: Sequence[tuple[str, str]]
    everything: str

    @property
    def action(self) -> str:
        """Where a form of this list is sent; its other fields are `hidden`."""
        return self.place.list_address

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the list's address asks for, without the columns: (name, value)."""
        return self.place.fields(self.sought)

    @property
    def previous(self) -> str:
        return self.place.items(self.sought, page=self.page.previous_page_number())

    @property
    def next(self) -> str:
        return self.place.items(self.sought, page=self.page.next_page_number())

    @property
    def growing(self) -> bool:
        """Whether the list may still grow, since the search hasn't read everything."""
        return not self.found.whole

    @property
    def number(self) -> str:
        """The number of items, as "11 items of 40"; "so far" while the search goes on."""
        number = count_text(self.page.paginator.count, "item")
        if self.growing:
            return f"{number} so far"
        return f"{number} of {self.found.total:,}" if self.sought.filters else number


def items_page(
    scope: ItemScope, filters: ItemFilters, urls: ItemUrls, number: str, size: int = PAGE
) -> ItemsPage:
    """Page `number` of the selected items, `size` a page. A constant number of queries."""
    result = find(scope, filters)
    ids = result.ids.tolist()
    page = Paginator(ids, size).get_page(number)
    columns = columns_of(scope, filters.columns)
    orders = _orders(scope)
    filters = filters.but(
        columns=() if columns.default else filters.columns,
        metric=filters.metric if any(each.name == filters.metric for each in scope.metrics) else "",
        sort=filters.sort if filters.sort in orders else "",
    )
    return ItemsPage(
        scope=scope,
        sought=filters,
        place=urls,
        found=result,
        page=page,
        rows=item_rows(scope, filters, columns, urls, list(page)),
        columns=columns,
        controls=_controls(scope, filters),
        sorts=_options(orders, filters.sort or _sort(scope, filters)),
        metrics=_metrics(scope),
        views=[
            (label, urls.items(filters.but(view=view)), view == filters.view)
            for view, label in VIEWS.items()
            if view != "diff" or len(columns.arms) > 1
        ],
        test_sets=[
            (
                test_set,
                urls.items(filters.but(test_set=test_set, metric="")),
                test_set == scope.test_set,
            )
            for test_set in (scope.test_sets if len(scope.test_sets) > 1 else ())
        ],
        outcomes=_outcomes(filters, urls, result),
        files=[(form.upper(), urls.file(form, filters)) for form in ("jsonl", "csv")],
        everything=urls.items(
            ItemFilters(
                test_set=filters.test_set,
                arm=filters.arm,
                view=filters.view,
                columns=filters.columns,
            )
        ),
    )


def _sort(scope: ItemScope, filters: ItemFilters) -> str:
    if scope.pair is None:
        return "id"
    return "best" if filters.outcome == Outcome.WON else "worst"


def _orders(scope: ItemScope) -> dict[str, str]:
    """The orders that the list may have, by their names: those of scores that are open alone."""
    if not scope.arms:
        return {}
    of_pair = OF_PAIR if scope.pair else {}
    has_scores = any(each.metric == scope.metric for each in scope.metrics)
    of_arm = (OF_SCORES if has_scores else {}) | OF_ANSWERS
    if scope.compares:
        of_arm = {order: f"{scope.candidate}’s {label}" for order, label in of_arm.items()}
    else:
        of_arm = {order: label.capitalize() for order, label in of_arm.items()}
    return of_pair | of_arm | {"id": ORDERS["id"]}


def _metrics(scope: ItemScope) -> Options:
    """The open metrics that may tell outcomes and order, if there are several."""
    if len(scope.metrics) < 2:
        return []
    return [(each.name, each.name, each.metric == scope.metric) for each in scope.metrics]


def _outcomes(
    filters: ItemFilters, urls: ItemUrls, result: FoundItems
) -> list[tuple[str, str, bool, int, bool]]:
    """The link to each outcome's list, in that list's own order unless another than the pair's is
    wanted."""
    if result.counts is None:
        return []
    sort = "" if filters.sort in OF_PAIR else filters.sort

    def leading_to(outcome: str) -> str:
        return urls.items(filters.but(outcome=outcome, sort=sort))

    growing = result.searched is not None
    every = ("All", leading_to(""), not filters.outcome, result.alike, growing)
    return [
        every,
        *(
            (OUTCOMES[outcome], leading_to(outcome), outcome == filters.outcome, count, more)
            for outcome, count in result.counts.items()
            for more in [not result.is_counted(outcome)]
            if count or more or outcome in ALWAYS
        ),
    ]


def _controls(scope: ItemScope, filters: ItemFilters) -> list[tuple[str, str, Options]]:
    """The filters that have something to choose."""
    tags = {tag: tag for tag in tags_of(scope.version)}
    reviewed = scope.study is not None and Campaign.objects.unblinded_of(scope.study).exists()
    judged = judge_run(scope) is not None
    disagreements = {name: label for name, label in JUDGE.items() if reviewed or name != "people"}
    offered = [
        ("tag", "Tag", tags, bool(tags)),
        ("errors", "Errors", ERRORS, bool(scope.arms)),
        ("judge", "The judge disagrees", disagreements, judged),
        ("votes", "People", VOTES, reviewed),
    ]
    controls = []
    for name, label, choices, is_offered in offered:
        chosen = getattr(filters, name)
        if is_offered or chosen:
            controls.append((name, label, _options(choices, chosen)))
    return controls


def _options(choices: dict[str, str], chosen: str) -> Options:
    return [(value, label, value == chosen) for value, label in choices.items()]

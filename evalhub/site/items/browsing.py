"""A page of the item list, and the links to other lists."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.urls import reverse

from evalhub.decision.outcomes import Outcome, outcome
from evalhub.decision.wording import count_text
from evalhub.ledger.differences import differences_of
from evalhub.registry.models import Item
from evalhub.report.flips import input_text, references_text, status_of, text_of_message
from evalhub.site.items.answers import answers_of, mean_of, scores_of
from evalhub.site.items.filters import ERRORS, JUDGE, OUTCOMES, SORTS, VOTES, ItemFilters
from evalhub.site.items.finding import FoundItems, find, judge_run, tags_of
from evalhub.site.items.naming import item_address
from evalhub.site.items.scope import ItemScope
from reviews.models import Campaign

PAGE = 25
HEAD = 180
"""Characters of a text that a row shows."""
COLUMNS = 4
"""Arms that a row shows: the pair, and as many beside it as fit."""

ALWAYS = (Outcome.LOST, Outcome.WON)
"""Outcomes of which it is worth saying that there are none."""

type Options = list[tuple[str, str, bool]]
"""Value, label, whether it is chosen."""


@dataclass(frozen=True, slots=True)
class ItemUrls:
    """Where a list of items and its items are: the names of their addresses, and whose they are."""

    name: str
    pk: int
    test_set: str = ""
    version: int = 0

    def items(self, filters: ItemFilters, **more: object) -> str:
        return reverse(f"site:{self.name}_items", args=[self.pk]) + filters.query(
            **self._version, **more
        )

    def item(self, key: str, filters: ItemFilters, **more: object) -> str:
        which = [self.pk, self.test_set] if self.test_set else [self.pk]
        query = asdict(filters.but(test_set="")) | self._version | more
        return item_address(self.name, *which, key=key, **query)

    def file(self, form: str, filters: ItemFilters) -> str:
        address = reverse(f"site:{self.name}_items_file", args=[self.pk, form])
        return address + filters.query(**self._version)

    @property
    def _version(self) -> dict[str, object]:
        return {"version": self.version} if self.version else {}


@dataclass(frozen=True, slots=True)
class Cell:
    """One arm's answer in a row."""

    arm: str
    text: str
    error: str
    samples: int
    value: float | None
    status: str


@dataclass(frozen=True, slots=True)
class ItemRow:
    pk: int
    key: str
    address: str
    tags: Sequence[str]
    question: str
    reference: str
    outcome: Outcome | None
    difference: float | None
    cells: Sequence[Cell]


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
    columns: Sequence[str]
    controls: Sequence[tuple[str, str, Options]]
    sorts: Options
    test_sets: Sequence[tuple[str, str, bool]]
    outcomes: Sequence[tuple[str, str, bool, int, bool]]
    files: Sequence[tuple[str, str]]
    everything: str

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


def items_page(scope: ItemScope, filters: ItemFilters, urls: ItemUrls, number: str) -> ItemsPage:
    """Page `number` of the selected items. A constant number of queries."""
    result = find(scope, filters)
    ids = result.ids.tolist()
    page = Paginator(ids, PAGE).get_page(number)
    return ItemsPage(
        scope=scope,
        sought=filters,
        place=urls,
        found=result,
        page=page,
        rows=_rows(scope, filters, urls, list(page)),
        columns=[arm.name for arm in scope.arms[:COLUMNS]],
        controls=_controls(scope, filters),
        sorts=_options(SORTS, filters.sort or _sort(scope, filters)) if scope.pair else [],
        test_sets=[
            (test_set, urls.items(filters.but(test_set=test_set)), test_set == scope.test_set)
            for test_set in (scope.test_sets if len(scope.test_sets) > 1 else ())
        ],
        outcomes=_outcomes(filters, urls, result),
        files=[(form.upper(), urls.file(form, filters)) for form in ("jsonl", "csv")],
        everything=urls.items(ItemFilters(test_set=filters.test_set, arm=filters.arm)),
    )


def _sort(scope: ItemScope, filters: ItemFilters) -> str:
    if scope.pair is None:
        return "id"
    return "best" if filters.outcome == Outcome.WON else "worst"


def _outcomes(
    filters: ItemFilters, urls: ItemUrls, result: FoundItems
) -> list[tuple[str, str, bool, int, bool]]:
    """The link to each outcome's list, in that list's own order unless the test set's order is
    wanted."""
    if result.counts is None:
        return []
    sort = "id" if filters.sort == "id" else ""

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


def _rows(
    scope: ItemScope, filters: ItemFilters, urls: ItemUrls, ids: Sequence[int]
) -> list[ItemRow]:
    """Rows in the order of `ids`. Three queries, and one more if outcomes may be read."""
    items = Item.objects.in_bulk(ids)
    answers = answers_of(scope, ids)
    scores = scores_of(scope, answers)
    moved = {each.item_id: each for each in differences_of(scope.pair, ids)} if scope.pair else {}
    rows = []
    for pk in ids:
        item, change = items[pk], moved.get(pk)
        cells = []
        for arm in scope.arms[:COLUMNS]:
            samples = answers.get((arm.run.pk, pk), [])
            value = mean_of(scope.metric, samples, scores) if scope.metric and samples else None
            first = samples[0] if samples else None
            cells.append(
                Cell(
                    arm.name,
                    head(first.as_read if first else "", filters.text),
                    first.error if first else "not answered yet",
                    len(samples),
                    value,
                    status_of(value, scope.right),
                )
            )
        rows.append(
            ItemRow(
                pk=pk,
                key=item.key,
                address=urls.item(item.key, filters),
                tags=item.tags,
                question=head(question_of(item.input), filters.text),
                reference=head(references_text(item.references), filters.text),
                outcome=outcome(change.baseline, change.candidate, change.difference, scope.right)
                if change
                else None,
                difference=change.difference if change else None,
                cells=cells,
            )
        )
    return rows


def question_of(item_input: Any) -> str:
    """The item's question in short: of a chat the last turn that isn't the model's or the
    system's."""
    if isinstance(item_input, list):
        turns = [each for each in item_input if isinstance(each, Mapping)]
        asking = [each for each in turns if each.get("role") not in ("system", "assistant")]
        if asking or turns:
            return text_of_message((asking or turns)[-1])
    return input_text(item_input)


def head(text: str, term: str = "") -> str:
    """The text's first words, up to HEAD characters, in one line; the words around `term` if it
    comes later."""
    at = text.casefold().find(term.casefold()) if term else -1
    start = 0
    if at > HEAD // 2:
        start = text.rfind(" ", 0, at - HEAD // 3) + 1
    line = " ".join(text[start : start + 4 * HEAD].split())
    if len(line) > HEAD or start + 4 * HEAD < len(text):
        line = line[:HEAD].rsplit(None, 1)[0] + " …"
    return f"… {line}" if start else line

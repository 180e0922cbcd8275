"""The page of two runs: what differs, which answers, the worst first where that may be seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q
from django.http import QueryDict
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.decision.outcomes import Outcome
from evalhub.features.beside.next_look import LookToDecide, look_to_decide
from evalhub.features.beside.pairs import (
    MeasuredPair,
    RunPair,
    SharedMetric,
    measure_pair,
    pair_runs,
    shared_metrics,
)
from evalhub.features.beside.prompts import PromptsBeside, prompts_beside
from evalhub.frames.page.forms import whole_number
from evalhub.io.tools import call_text
from evalhub.io.word_diff import Piece, word_diff
from evalhub.ledger.differences import right_of
from evalhub.ledger.scores import differing
from evalhub.registry.models import Item, Output, Run
from evalhub.report.flips import (
    COMPARED,
    FoldedText,
    input_text,
    passage,
    references_text,
    status_of,
)
from runners.backends import BACKENDS

PAGE = 10
LISTED = 200
"""Runs that can be chosen from; an address takes any."""
ALL, DIFFERENT, ERRORS = "all", "different", "errors"


@dataclass(frozen=True, slots=True)
class BesideQuery:
    """What the address asks for: outcome or kind of answers, and the metric they are sorted by."""

    show: str = ""
    metric: int = 0
    page: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "BesideQuery":
        return cls(
            query.get("show", ""), whole_number(query.get("metric", "")) or 0, query.get("page", "")
        )


@dataclass(frozen=True, slots=True)
class AnswerBeside:
    """One run's answer to an item; `score` None where it is sealed or there is none."""

    run: Run
    output: Output | None
    pieces: Sequence[Piece]
    calls: Sequence[str]
    score: float | None
    status: str
    can_be_asked: bool


@dataclass(frozen=True, slots=True)
class ItemBeside:
    """One item with both runs' answers."""

    item: Item
    question: FoldedText
    reference: FoldedText
    difference: float | None
    answers: Sequence[AnswerBeside]


@dataclass(frozen=True, slots=True)
class RunsBeside:
    """All data of the page of two runs.

    Attributes:
        measured: by the chosen metric; None where no metric is open in both runs.
        look: what a decision would cost; None where the chosen metric is open.
        choices: value, label, count (None: not counted), whether it is chosen.
    """

    pair: RunPair
    metrics: Sequence[SharedMetric]
    metric: SharedMetric | None
    measured: MeasuredPair | None
    look: LookToDecide | None
    answered: tuple[int, int]
    errors: tuple[int, int]
    prompts: PromptsBeside
    choices: Sequence[tuple[str, str, int | None, bool]]
    page: "Page[int]"
    rows: Sequence[ItemBeside]

    @property
    def incomplete(self) -> bool:
        """Whether an answer of either run is missing, an error or without a score."""
        unscored = (
            [each.unscored for each in (self.metric.left, self.metric.right)] if self.metric else []
        )
        return any((*self.errors, *unscored)) or self.answered[0] != self.answered[1]

    @property
    def try_both(self) -> str:
        """The address where both prompts are edited; "" where either has no chat endpoint."""
        versions = [run.version for run in (self.pair.left, self.pair.right)]
        if not self.rows or not all(answers_live(version.backend) for version in versions):
            return ""
        left, right = (version.pk for version in versions)
        query = urlencode({"item": self.rows[0].item.pk, "left": left, "right": right})
        return f"{reverse('site:prompts_beside')}?{query}"

    @property
    def lost(self) -> int:
        return len(self.measured.by_outcome[Outcome.LOST]) if self.measured else 0

    @property
    def won(self) -> int:
        return len(self.measured.by_outcome[Outcome.WON]) if self.measured else 0


def runs_beside(left: Run, right: Run, query: BesideQuery, *, user: User) -> RunsBeside:
    """The page of two runs that `user` sees. The number of queries is constant."""
    pair = pair_runs(left, right)
    metrics = shared_metrics(pair)
    by_pk = {shared.metric.pk: shared for shared in metrics}
    metric = by_pk.get(query.metric) or next(iter(metrics), None)
    measured = measure_pair(pair, metric) if metric and metric.open else None
    lists = _lists(pair, measured)
    answered, failed = _counts(pair)
    show = query.show if query.show in lists else _first(lists)
    page = Paginator(lists[show].positions, PAGE).get_page(query.page)
    return RunsBeside(
        pair=pair,
        metrics=metrics,
        metric=metric,
        measured=measured,
        look=None if measured else look_to_decide(pair, user),
        answered=(answered[0], answered[1]),
        errors=(failed[0], failed[1]),
        prompts=prompts_beside(left.version, right.version),
        choices=[
            (name, each.label, len(each.positions), name == show)
            for name, each in lists.items()
            if each.positions or name in (ALL, Outcome.LOST, Outcome.WON)
        ],
        page=page,
        rows=_rows(pair, measured, list(page)),
    )


@dataclass(frozen=True, slots=True)
class _List:
    label: str
    positions: Sequence[int]


def _lists(pair: RunPair, measured: MeasuredPair | None) -> dict[str, _List]:
    """The lists of items that may be seen: by outcome only where both runs' scores are open."""
    lists: dict[str, _List] = {}
    if measured:
        for name in (Outcome.LOST, Outcome.WON):
            lists[name] = _List(name.label.capitalize(), measured.by_outcome[name])
    lists[ALL] = _List("All", range(len(pair.items)))
    if pair.same_version:
        different = {item for item, share in differing(pair.left, pair.right).items() if share}
        at = [n for n, item in enumerate(pair.items) if item.left in different]
        lists[DIFFERENT] = _List("Different answers", at)
    lists[ERRORS] = _errors(pair)
    return lists


def _errors(pair: RunPair) -> _List:
    """The items to which an answer of either run ended in an error. One query."""
    failed = Output.objects.filter(run__in=[pair.left.pk, pair.right.pk]).exclude(error="")
    rows = set(failed.order_by().values_list("run", "item"))
    left, right = pair.left.pk, pair.right.pk
    at = [
        n
        for n, item in enumerate(pair.items)
        if (left, item.left) in rows or (right, item.right) in rows
    ]
    return _List("Errors", at)


def _counts(pair: RunPair) -> tuple[tuple[int, int], tuple[int, int]]:
    """How many answers either run has, and how many errors in their place. One query."""
    outputs = Output.objects.filter(run__in=[pair.left.pk, pair.right.pk]).order_by()
    rows = outputs.values_list("run").annotate(
        answered=Count("pk", filter=Q(error="")), failed=Count("pk", filter=~Q(error=""))
    )
    counts = {run: (answered, failed) for run, answered, failed in rows}
    left, right = (counts.get(run.pk, (0, 0)) for run in (pair.left, pair.right))
    return (left[0], right[0]), (left[1], right[1])


def _first(lists: Mapping[str, _List]) -> str:
    """What is shown at first: what was lost, else all that differs, else everything."""
    shown = (name for name in (Outcome.LOST, Outcome.WON, DIFFERENT) if name in lists)
    return next((name for name in shown if lists[name].positions), ALL)


def _rows(
    pair: RunPair, measured: MeasuredPair | None, positions: Sequence[int]
) -> list[ItemBeside]:
    """Two queries."""
    paired = [pair.items[position] for position in positions]
    items = Item.objects.in_bulk([item.left for item in paired])
    wanted = {item.left for item in paired} | {item.right for item in paired}
    outputs = {
        (output.run_id, output.item_id): output
        for output in Output.objects.filter(
            run__in=[pair.left.pk, pair.right.pk], item__in=wanted
        ).order_by("-sample")
    }
    rows = []
    for position, ids in zip(positions, paired, strict=True):
        both = outputs.get((pair.left.pk, ids.left)), outputs.get((pair.right.pk, ids.right))
        values = measured.values[position] if measured else (None, None)
        right = right_of(measured.metric) if measured else None
        item = items[ids.left]
        ours, theirs = values
        rows.append(
            ItemBeside(
                item=item,
                question=passage(input_text(item.input)),
                reference=passage(references_text(item.references)),
                difference=None if ours is None or theirs is None else theirs - ours,
                answers=_answers(pair, both, values, right),
            )
        )
    return rows


def _answers(
    pair: RunPair,
    outputs: tuple[Output | None, Output | None],
    values: tuple[float | None, float | None],
    right: float | None,
) -> list[AnswerBeside]:
    texts = [output.text or "" if output else "" for output in outputs]
    one, other, _ = word_diff(*texts, most=COMPARED)
    sides = zip((pair.left, pair.right), outputs, (one, other), values, strict=True)
    return [
        AnswerBeside(
            run=run,
            output=output,
            pieces=pieces,
            calls=[call_text(call) for call in (output.tool_calls if output else None) or ()],
            score=value,
            status=status_of(value, right),
            can_be_asked=answers_live(run.version.backend),
        )
        for run, output, pieces, value in sides
    ]


def answers_live(backend: Mapping[str, Any]) -> bool:
    """Whether a chat endpoint answers for a version with this backend."""
    kind = BACKENDS.get(backend.get("type", ""))
    return kind is not None and kind.live and backend.get("api", "chat") == "chat"


@dataclass(frozen=True, slots=True)
class RunChoices:
    """The runs that can be chosen: for the second place those on the first one's test set come
    first."""

    left: Sequence[Run]
    right: Sequence[Run]


def run_choices(user: User, left: Run | None, right: Run | None) -> RunChoices:
    """The newest runs that `user` sees, with the chosen ones. Two queries."""
    related = ("version__model", "test_set_version__test_set")
    seen = list(Run.objects.visible_to(user).select_related(*related)[:LISTED])
    others = seen
    if left is not None:
        test_set = left.test_set_version.test_set_id
        same = Run.objects.visible_to(user).filter(test_set_version__test_set=test_set)
        others = [*same.exclude(pk=left.pk).select_related(*related)[:LISTED]]
    return RunChoices(_with(seen, left), _with(others, right))


def _with(runs: Sequence[Run], chosen: Run | None) -> list[Run]:
    absent = chosen is not None and all(run.pk != chosen.pk for run in runs)
    return [*([chosen] if absent and chosen else []), *runs]

"""Select and order items: their ids only.

Each filter is one query or two, whatever there is. Where an id is among 50,000, numpy says it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from math import inf

import numpy as np
from django.db.models import Count, F, Max, Q
from django.db.models.functions import Length

from evalhub.decision.outcomes import Outcome
from evalhub.judges.models import JudgeRun, JudgeVote, VoteChoice
from evalhub.ledger.differences import items_by_outcome, mean_scores
from evalhub.registry.models import Item, Output, Redaction, TestSetVersion
from evalhub.site.items.filters import (
    ERRORS,
    JUDGE,
    OF_ANSWERS,
    OF_PAIR,
    OF_SCORES,
    ORDERS,
    OUTCOMES,
    VOTES,
    ItemFilters,
)
from evalhub.site.items.scope import SEALED, ItemScope
from evalhub.site.items.text_search import Ids, TextSearch
from evalhub.site.queries import outputs_of
from reviews.models import Campaign
from reviews.results.item_votes import Leaning, leanings

WORST_FIRST = (
    Outcome.LOST,
    Outcome.BOTH_WRONG,
    Outcome.SAME,
    Outcome.BOTH_RIGHT,
    Outcome.WON,
    Outcome.UNPAIRED,
)


@dataclass(frozen=True, slots=True)
class FoundItems:
    """The matching items in order, of `total`.

    `alike` are those that only the outcome tells apart, and `counts` how many of them came out how,
    None where that may not be read. `ignored` is what was asked for that changes nothing, and why.
    `searched` says how far a text has been looked for, None where it is to the end.
    """

    ids: Ids
    total: int
    alike: int
    counts: dict[Outcome, int] | None
    ignored: list[str]
    searched: "Searched | None" = None

    @property
    def whole(self) -> bool:
        """Whether the list is complete: searching on would find no more."""
        return self.searched is None or self.searched.listed

    def is_counted(self, outcome: Outcome) -> bool:
        """Whether `counts` is complete for an outcome, and not only what was found so far."""
        return self.searched is None or outcome in self.searched.outcomes

    def place(self, item: int) -> int | None:
        """The item's index in the list, from 0; None if it isn't in it."""
        at = np.flatnonzero(self.ids == item)
        return int(at[0]) if at.size else None


@dataclass(frozen=True, slots=True)
class Searched:
    """`read` of `of` items were searched: of the `outcomes` all, and `listed`, all of the list."""

    read: int
    of: int
    outcomes: frozenset[Outcome]
    listed: bool


def find(scope: ItemScope, filters: ItemFilters, *, to_the_end: bool = False) -> FoundItems:
    """The items of `scope` that `filters` select, with counts.

    A text is looked for in the order of the list, for as long as a request may, and the next
    request goes on there: what is found so far is a list's beginning, to which later ones only
    add. `to_the_end`: however long it takes.
    """
    ignored: list[str] = [*scope.left_out]
    by_outcome = items_by_outcome(scope.pair) if scope.pair else None
    ids = _order(scope, filters, by_outcome, ignored)
    every = alike = item_ids(scope.version)
    for wanted in _conditions(scope, filters, ignored):
        alike = alike[np.isin(alike, wanted)]
    if alike.size < every.size:
        ids = ids[np.isin(ids, alike)]
    if by_outcome is not None and alike.size < every.size:
        by_outcome = {each: of[np.isin(of, alike)] for each, of in by_outcome.items()}
    counts = None if by_outcome is None else _counts(by_outcome)
    result = FoundItems(ids, every.size, alike.size, counts, ignored)
    if not filters.text:
        return result
    search = search_of(scope, filters.text)
    if to_the_end:
        search.read_on(ids, seconds=inf)
    else:
        search.read_on(np.concatenate([ids, alike[~np.isin(alike, ids)]]))
    return _with_text(result, search, alike, by_outcome)


def _with_text(
    result: FoundItems, search: TextSearch, alike: Ids, by_outcome: dict[Outcome, Ids] | None
) -> FoundItems:
    """Narrows the result to items that hold the text, as far as they were read: the list's
    beginning."""
    ids, of_alike = result.ids, search.read(alike)
    read = search.read(ids)
    until = ids.size if read.all() else int(read.argmin())
    begun = ids[:until]
    matching = {each: of[search.matches(of)] for each, of in (by_outcome or {}).items()}
    searched = None
    if not of_alike.all():
        outcomes = {each for each, of in (by_outcome or {}).items() if search.read(of).all()}
        complete = until == ids.size
        searched = Searched(int(of_alike.sum()), alike.size, frozenset(outcomes), complete)
    return replace(
        result,
        ids=begun[search.matches(begun)],
        alike=int(search.matches(alike).sum()),
        counts=None if by_outcome is None else _counts(matching),
        searched=searched,
    )


def _counts(by_outcome: dict[Outcome, Ids]) -> dict[Outcome, int]:
    return {each: of.size for each, of in by_outcome.items()}


def judge_run(scope: ItemScope) -> JudgeRun | None:
    """The newest judge of the pair's answers that a decision has read. One query."""
    if scope.pair is None:
        return None
    runs = {"baseline": scope.pair.baseline, "candidate": scope.pair.candidate}
    judge_runs = JudgeRun.objects.filter(**runs, opened__isnull=False)
    newest: JudgeRun | None = judge_runs.select_related("judge__model").first()
    return newest


def item_ids(version: TestSetVersion) -> Ids:
    """The ids of a version's items, in their order. One query the first time."""
    return _item_ids(version.pk, version.created)


def tags_of(version: TestSetVersion) -> list[str]:
    """The tags of a version's items. One query the first time."""
    return _tags(version.pk, version.created)


@lru_cache(maxsize=8)
def _item_ids(version: int, _created: datetime) -> Ids:
    rows = Item.objects.filter(version=version).order_by("position")
    return _ids(rows.values_list("pk", flat=True))


@lru_cache(maxsize=32)
def _tags(version: int, _created: datetime) -> list[str]:
    lists = Item.objects.filter(version=version).order_by().values_list("tags", flat=True)
    return sorted({str(tag) for tags in lists.distinct() for tag in tags})


def _ids(rows: Iterable[int]) -> Ids:
    return np.fromiter(rows, dtype=np.int64)


def _order(
    scope: ItemScope,
    filters: ItemFilters,
    by_outcome: dict[Outcome, Ids] | None,
    ignored: list[str],
) -> Ids:
    """The items of the chosen outcome, or all, in the chosen order."""
    sort = _one_of(ORDERS, filters.sort, "order", ignored)
    outcome = _one_of(OUTCOMES, filters.outcome, "outcome", ignored)
    order = _order_of_arm(scope, sort, ignored)
    if by_outcome is None:
        if outcome or sort in OF_PAIR:
            field = "outcome" if outcome else "order"
            ignored.append(f"the {field}: {scope.closed or 'there is nothing to compare with.'}")
        return item_ids(scope.version) if order is None else order
    if outcome:
        ids = next(of_outcome for each, of_outcome in by_outcome.items() if each == outcome)
        if order is not None:
            return order[np.isin(order, ids)]
        largest_first = "best" if outcome == Outcome.WON else "worst"
        return ids if sort in ("", largest_first) else ids[::-1]
    if order is not None:
        return order
    falling = [by_outcome[Outcome.WON][::-1]]
    worst = [by_outcome[each] for each in WORST_FIRST[:4]] + falling
    if sort == "best":
        worst = [each[::-1] for each in reversed(worst)]
    return np.concatenate([*worst, by_outcome[Outcome.UNPAIRED]])


def _order_of_arm(scope: ItemScope, sort: str, ignored: list[str]) -> Ids | None:
    """All items ordered by the scores, times or lengths of one arm, the candidate where there are
    two, or as in the test set; those without come last. None where `sort` is of none of these."""
    if sort == "id":
        return item_ids(scope.version)
    arm = scope.arms[1 if scope.compares else 0] if scope.arms else None
    if arm is None or sort not in OF_SCORES | OF_ANSWERS:
        return None
    if sort in OF_ANSWERS:
        field = F("latency_ms") if sort == "slow" else Length("text")
        rows = Output.objects.filter(run=arm.run).order_by().values("item_id")
        table = rows.annotate(most=Max(field)).exclude(most=None).values_list("item_id", "most")
        values = np.array(list(table), dtype=float).reshape(-1, 2)
        items, keys = values[:, 0].astype(np.int64), -values[:, 1]
    elif any(each.metric == scope.metric for each in scope.metrics) and scope.metric:
        items, means = mean_scores(arm.run.pk, scope.metric.pk)
        keys = means if sort == "low" else -means
    else:
        ignored.append(f"the order: {scope.closed or SEALED}")
        return item_ids(scope.version)
    ordered = items[np.lexsort((items, keys))]
    every = item_ids(scope.version)
    return np.concatenate([ordered, every[~np.isin(every, ordered)]])


def _one_of(choices: dict[str, str], choice: str, what: str, ignored: list[str]) -> str:
    if choice and choice not in choices:
        ignored.append(f"the {what} “{choice}”: there is none of this name.")
    return choice if choice in choices else ""


def _conditions(scope: ItemScope, filters: ItemFilters, ignored: list[str]) -> Iterable[Ids]:
    items = Item.objects.filter(version=scope.version).order_by()
    if filters.tag:
        yield _ids(items.with_tag(filters.tag).values_list("pk", flat=True))
    if errors := _one_of(ERRORS, filters.errors, "kind of error", ignored):
        yield _with_errors(scope, "errors" if errors == "error" else "unscored")
    if votes := _one_of(VOTES, filters.votes, "vote", ignored):
        leanings = people_of(scope)
        if leanings is None:
            ignored.append("the votes: no review of these two arms has ended and been unblinded.")
        else:
            yield _ids(item for item, each in leanings.items() if each == votes)
    if judge := _one_of(JUDGE, filters.judge, "disagreement", ignored):
        run = judge_run(scope)
        leanings = people_of(scope) if judge == "people" else {}
        if run is None:
            ignored.append("the judge: no judge of these two arms’ answers has been read.")
        elif leanings is None:
            ignored.append("the judge: no review of these two arms has ended and been unblinded.")
        else:
            yield _disagreeing(scope, run, judge, leanings)


def search_of(scope: ItemScope, text: str) -> TextSearch:
    """The search for this text, which continues an earlier one; stored in memory until a run ends
    or something is redacted. One query."""
    runs = [arm.run for arm in scope.arms]
    newest = Redaction.objects.filter(project=scope.project).order_by("-pk")
    search = _search(
        text,
        version=(scope.version.pk, scope.version.created),
        runs=tuple((run.pk, run.finished) for run in runs),
        redacted=newest.values_list("pk", flat=True).first(),
    )
    if not all(run.finished for run in runs):
        search.begin_anew_if_old()
    return search


@lru_cache(maxsize=8)
def _search(
    text: str,
    *,
    version: tuple[int, datetime],
    runs: tuple[tuple[int, datetime | None], ...],
    redacted: int | None,
) -> TextSearch:
    answers = Output.objects.filter(run__in=[pk for pk, _ in runs]).order_by()
    matching_answers, matching_items = (
        answers.with_text(text),
        Item.objects.order_by().with_text(text),
    )

    def holding(items: Sequence[int]) -> set[int]:
        in_answers = matching_answers.filter(item__among=items).values_list("item_id", flat=True)
        in_items = matching_items.filter(pk__among=items).values_list("pk", flat=True)
        return {*in_answers, *in_items}

    return TextSearch(_item_ids(*version), holding)


def _with_errors(scope: ItemScope, show: str) -> Ids:
    error_ids = [
        _ids(outputs_of(arm.run, show).order_by().values_list("item_id", flat=True))
        for arm in scope.arms
    ]
    return np.unique(np.concatenate([np.empty(0, np.int64), *error_ids]))


def people_of(scope: ItemScope) -> dict[int, Leaning] | None:
    """By item: whom people prefer of the pair; None if no review of it may be read."""
    if scope.study is None or not scope.compares:
        return None
    campaigns = Campaign.objects.unblinded_of(scope.study)
    return leanings(campaigns, *(arm.run.version_id for arm in scope.arms[:2]))


def _disagreeing(scope: ItemScope, run: JudgeRun, how: str, people: dict[int, Leaning]) -> Ids:
    """The items on which the judge disagrees with the metric, with people, or with itself."""
    candidate, baseline = VoteChoice.CANDIDATE, VoteChoice.BASELINE
    votes = JudgeVote.objects.readable().filter(judge_run=run).order_by().values("item")
    counted = votes.annotate(
        candidate=Count("pk", filter=Q(choice=candidate)),
        baseline=Count("pk", filter=Q(choice=baseline)),
        others=Count("pk", filter=~Q(choice__in=[candidate, baseline])),
    )
    if how == "itself":
        both = counted.filter(candidate__gt=0, baseline__gt=0)
        return _ids(both.values_list("item", flat=True))
    sides = {"candidate": "baseline", "baseline": "candidate"}
    parts = []
    for side, other in sides.items():
        for_side = counted.filter(**{f"{side}__gt": 0, other: 0, "others": 0})
        ids = _ids(for_side.values_list("item", flat=True))
        if how == "people":
            against = _ids(item for item, each in people.items() if each == other)
        else:
            assert scope.pair is not None
            lost = Outcome.LOST if side == "candidate" else Outcome.WON
            against = items_by_outcome(scope.pair)[lost]
        parts.append(ids[np.isin(ids, against)])
    return np.concatenate(parts)

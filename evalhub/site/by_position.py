"""Pages of items and answers by position: each page reads only its own rows.

Counting the rows of a large run, or skipping those before a page, takes as long as there are many.
How many places there are is known, and an index leads to each.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet

from evalhub.registry.models import Item, Output, Run, TestSetVersion


def items_by_position(version: TestSetVersion, page: int) -> "Paginator[Item]":
    """Pages of a version's items, in their order."""
    items = Item.objects.filter(version=version)
    return _pages(
        version.item_count, lambda start, stop: list(items.between(start, stop)), size=page
    )


def answers_by_position(run: Run, answers: "QuerySet[Output]", page: int) -> "Paginator[Output]":
    """Pages of a run's answers in the order of items and samples, each answer on its final page:
    while the run goes on, a page shows the answers that exist."""
    samples, version = run.samples, run.test_set_version

    def between(start: int, stop: int) -> Sequence[Output]:
        items = Item.objects.filter(version=version).between(start // samples, -(-stop // samples))
        positions = dict(items.values_list("pk", "position"))

        def position(answer: Output) -> int:
            return positions[answer.item_id] * samples + answer.sample

        on_page = answers.filter(item__in=positions)
        return sorted((each for each in on_page if start <= position(each) < stop), key=position)

    return _pages(version.item_count * samples, between, size=page)


class _Positions:
    def __init__(self, count: int, between: Callable[[int, int], Sequence[Any]]) -> None:
        self._count, self._between = count, between

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, part: slice) -> Sequence[Any]:
        return self._between(part.start, part.stop)


def _pages(
    count: int, between: Callable[[int, int], Sequence[Any]], *, size: int
) -> "Paginator[Any]":
    positions: Any = _Positions(count, between)
    return Paginator(positions, size)

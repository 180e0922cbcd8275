"""Retrieval for questions: each item's passages, found by the version's retriever.

What a server or a program finds for an item of a run is kept as it comes. So a run that goes on
after its worker was killed asks for nothing twice, and all samples of an item have one context.
"""

import json
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import batched
from typing import TYPE_CHECKING

from django.db import transaction

from evalhub.declare.keys import Reach
from evalhub.io.held_texts import is_held_text
from evalhub.io.passages import Passage, cut_to_keep
from evalhub.registry.models import Output, Run
from evalhub.registry.rows import insert
from runners.backends.asking import Answered, BackendRequest, Fault, Reply
from runners.models import RecordedRetrieval
from runners.prompting import question_of
from runners.retrievers import searcher_of
from runners.retrievers.searching import FAILED, Query, Result, Searched

if TYPE_CHECKING:
    from evalhub.registry.models import ModelVersion

BETWEEN = "\n\n"
READ_AT_A_TIME = 1000

type Filled = tuple[list[BackendRequest], list[Answered]]
"""The questions with their contexts, and those whose retriever failed, with the error."""
type Safely = Callable[[Callable[[], None]], None]
"""Does something in the database, and waits while that is away."""


def with_contexts(
    questions: Sequence[BackendRequest],
    version: "ModelVersion",
    reach: Reach,
    *,
    waiting: Callable[[], None] = lambda: None,
) -> Filled:
    """The questions with what the version's retriever finds as their context, the texts a blank
    line apart; as they are where it has none, or they are held texts. One that brings its
    `passages`, whole as they were kept, is given these again.

    `waiting` is called about every half second, and what it raises ends the search. Raises
    BackendError where the retriever can't be used.
    """
    if version.prompt.retriever is None or not questions:
        return list(questions), []
    results = {
        question.item_id: Result([dict(passage) for passage in question.passages])
        for question in questions
        if question.passages is not None
        and not any(passage.get("cut") for passage in question.passages)
    }
    missing = [question for question in questions if question.item_id not in results]
    with closing(_search(missing, version, reach)) as batches:
        for batch in batches:
            results.update((query.item_id, result) for query, result in batch)
            waiting()
    return _filled(questions, results)


def retrieve(
    run: Run,
    questions: Sequence[BackendRequest],
    *,
    waiting: Callable[[], None],
    safely: Safely,
) -> Filled:
    """As `with_contexts` of the run's version, with what was found for the run before.

    Args:
        waiting: called about every half second; what it raises ends the search.
        safely: does each piece of work in the database.
    """
    version = run.version
    if version.prompt.retriever is None or not questions:
        return list(questions), []
    if not searcher_of(
        version.prompt.retriever, project=version.model.project_id, reach=run.reach
    ).recorded:
        return with_contexts(questions, version, run.reach, waiting=waiting)
    results: dict[int, Result] = {}

    def read() -> None:
        items = {question.item_id for question in questions}
        results.update((item, Result(found)) for item, found in _recorded(run, items).items())

    safely(read)
    missing = [question for question in questions if question.item_id not in results]
    with closing(_search(missing, version, run.reach)) as batches:
        for batch in batches:
            if batch:

                def keep(batch: Sequence[Searched] = batch) -> None:
                    results.update(_record(run, batch))

                safely(keep)
            waiting()
    return _filled(questions, results)


def _search(
    questions: Sequence[BackendRequest], version: "ModelVersion", reach: Reach
) -> Generator[list[Searched]]:
    """The results for the questions' items, each item once; none for held texts. One without a
    question finds nothing, and isn't asked for."""
    retriever = version.prompt.retriever
    queries = {
        question.item_id: Query(question.item_id, question_of(question.input))
        for question in questions
        if not is_held_text(question.choices)
    }
    yield [(query, Result([])) for query in queries.values() if not query.text.strip()]
    asked = [query for query in queries.values() if query.text.strip()]
    if asked and retriever is not None:
        searcher = searcher_of(retriever, project=version.model.project_id, reach=reach)
        with closing(searcher.search(asked)) as batches:
            yield from batches


def _recorded(run: Run, items: Iterable[int]) -> dict[int, Sequence[Passage]]:
    """The passages that were found for these items of the run, and not answered or answered."""
    recorded: dict[int, Sequence[Passage]] = {}
    for some in batched(items, READ_AT_A_TIME):
        answered = Output.objects.filter(run=run, item__in=some, passages__isnull=False)
        stored = RecordedRetrieval.objects.filter(run=run, item__in=some)
        for rows in (answered, stored):
            for item, passages in rows.order_by().values_list("item", "passages"):
                recorded[item] = passages or []
    return recorded


def _record(run: Run, batch: Sequence[Searched]) -> dict[int, Result]:
    """Stores the results of a batch but for errors. Where another worker has stored one meanwhile,
    that one counts."""
    results = {query.item_id: result for query, result in batch}
    rows = [
        (run.pk, item, json.dumps(list(result.passages)))
        for item, result in sorted(results.items())
        if result.passages is not None
    ]
    with transaction.atomic():
        columns = ("run_id", "item_id", "passages")
        written = insert(RecordedRetrieval, columns, rows, returning=("item_id",))
    if earlier := {item for _, item, _ in rows} - {item for (item,) in written}:
        results |= {item: Result(found) for item, found in _recorded(run, earlier).items()}
    return results


def _filled(questions: Sequence[BackendRequest], results: "dict[int, Result]") -> Filled:
    filled, failed = list[BackendRequest](), list[Answered]()
    for question in questions:
        result = results.get(question.item_id)
        if result is None:  # a held text, which is given nothing
            filled.append(question)
        elif result.passages is None:
            error = f"{FAILED}{result.error}"
            failed.append((question, Reply(error=error, fault=Fault.SERVER)))
        else:
            context = BETWEEN.join(passage["text"] for passage in result.passages)
            kept = cut_to_keep(result.passages)
            filled.append(replace(question, context=context, passages=kept))
    return filled, failed

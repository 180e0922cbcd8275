"""The rows of a list of items: question, expectation, outcome, and the arms' answers to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html

from evalhub.decision.outcomes import Outcome, outcome
from evalhub.io.word_diff import Piece, word_diff
from evalhub.ledger.differences import differences_of
from evalhub.registry.models import Item, Output
from evalhub.report.flips import (
    COMPARED,
    input_text,
    references_text,
    status_of,
    text_of_message,
)
from evalhub.site.items.addresses import ItemUrls
from evalhub.site.items.answers import Scores, answers_of, mean_of, scores_of
from evalhub.site.items.columns import ShownColumns
from evalhub.site.items.filters import ItemFilters
from evalhub.site.items.reading import Excerpt, excerpt, pieces_html, shortened_pieces
from evalhub.site.items.scope import ItemScope, ShownArm

HEAD = 180
"""Characters of an excerpt around a text that is searched for."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One arm's answer in a row. `measures` are the other columns' (label, value)."""

    arm: str
    text: Excerpt
    error: str
    samples: int
    value: float | None
    status: str
    measures: Sequence[tuple[str, float | int | None]]


@dataclass(frozen=True, slots=True)
class ItemRow:
    pk: int
    key: str
    address: str
    tags: Sequence[str]
    question: Excerpt
    reference: str
    outcome: Outcome | None
    difference: float | None
    cells: Sequence[Cell]


def item_rows(
    scope: ItemScope,
    filters: ItemFilters,
    columns: ShownColumns,
    urls: ItemUrls,
    ids: Sequence[int],
) -> list[ItemRow]:
    """Rows in the order of `ids`. Three queries, and one more if outcomes may be read."""
    items = Item.objects.in_bulk(ids)
    answers = answers_of(scope, ids)
    scores = scores_of(scope, answers)
    moved = {each.item_id: each for each in differences_of(scope.pair, ids)} if scope.pair else {}
    rows = []
    for pk in ids:
        item, change = items[pk], moved.get(pk)
        samples = {arm.name: answers.get((arm.run.pk, pk), []) for arm in columns.arms}
        texts = _answer_texts(samples, filters)
        rows.append(
            ItemRow(
                pk=pk,
                key=item.key,
                address=urls.item(item.key, filters),
                tags=item.tags if columns.tags else (),
                question=_excerpt(question_of(item.input), filters),
                reference=_reference(item, filters) if columns.expected else "",
                outcome=outcome(change.baseline, change.candidate, change.difference, scope.right)
                if change
                else None,
                difference=change.difference if change else None,
                cells=[
                    _cell(scope, columns, arm, samples[arm.name], scores, texts[arm.name])
                    for arm in columns.arms
                ],
            )
        )
    return rows


def _cell(
    scope: ItemScope,
    columns: ShownColumns,
    arm: ShownArm,
    samples: Sequence[Output],
    scores: Scores,
    text: Excerpt,
) -> Cell:
    value = mean_of(scope.metric, samples, scores) if scope.metric and samples else None
    first = samples[0] if samples else None
    measures: list[tuple[str, float | int | None]] = [
        (each.name, mean_of(each.metric, samples, scores)) for each in columns.metrics
    ]
    if columns.time:
        measures.append(("ms", first.latency_ms if first else None))
    if columns.tokens:
        measures.append(("tokens", first.completion_tokens if first else None))
    return Cell(
        arm=arm.name,
        text=text,
        error=first.error if first else "not answered yet",
        samples=len(samples),
        value=value,
        status=status_of(value, scope.right),
        measures=measures,
    )


def _answer_texts(
    samples: Mapping[str, Sequence[Output]], filters: ItemFilters
) -> dict[str, Excerpt]:
    """By arm, its first answer; to see differences, the first two arms' with marked words."""
    texts = {name: each[0].as_read if each else "" for name, each in samples.items()}
    if filters.view == "diff" and not filters.text and len(texts) > 1:
        (one, first), (other, second) = list(texts.items())[:2]
        compared = word_diff(first, second, most=COMPARED)
        return {name: _excerpt(text, filters) for name, text in texts.items()} | {
            one: _marked(compared.one),
            other: _marked(compared.other),
        }
    return {name: _excerpt(text, filters) for name, text in texts.items()}


def _marked(pieces: Sequence[Piece]) -> Excerpt:
    short, more = shortened_pieces(pieces)
    return Excerpt(pieces_html(short), more)


def _excerpt(text: str, filters: ItemFilters) -> Excerpt:
    """A text's beginning, or the words around what is searched for."""
    if filters.text and text.strip():
        return Excerpt(format_html("<p>{}</p>", head(text, filters.text)))
    return excerpt(text, filters.view)


def _reference(item: Item, filters: ItemFilters) -> str:
    return head(references_text(item.references), filters.text)


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

"""Preview a metric: what it extracts from five answers and how it scores them.

No score of an arm's answer to an item that may be judged is worked out here, of neither arm
(docs/explanation/decisions/preview-of-a-metric.md). How the metric scores is shown on answers that
nobody gave.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from evalhub.accounts.models import Project
from evalhub.io.answers import RecordedAnswer, answers_in
from evalhub.io.items import FieldMapping, ItemContent, read_items
from evalhub.io.limits import WEB
from evalhub.io.rows import read_rows
from evalhub.io.tools import message_text, with_calls
from evalhub.registry.models import Item
from runners.metrics import Answer, MetricDeclaration, MetricScore, Scorer
from runners.metrics.score import TextMetric
from runners.prompting import question_of

PREVIEWED = 5
LOOKED_THROUGH = 5_000
"""Rows of a file of answers in which those to the previewed items are looked for."""
SHOWN = 1_500
"""Characters of a text."""


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A file of an arm's answers and what its fields are called."""

    path: Path
    id_field: str
    output_field: str


@dataclass(frozen=True, slots=True)
class Extraction:
    """An answer, and the part that the metric extracts.

    Attributes:
        of: whose answer it is, or what it was made of.
        text: None where there is no answer, and `missing` says why.
        taken: None where the metric finds nothing to compare.
        matched: whether the extraction pattern did; None without one.
        score: None where it isn't to be seen.
    """

    of: str
    text: str | None
    taken: str | None = None
    matched: bool | None = None
    score: MetricScore | None = None
    missing: str = ""

    @property
    def whole(self) -> bool:
        """Whether the metric takes the whole answer."""
        return self.taken == self.text


@dataclass(frozen=True, slots=True)
class PreviewedItem:
    """An item with both arms' answers; the first one with answers that nobody gave, too.

    Attributes:
        open: whether its scores may be read: it is of a development set.
    """

    key: str
    asked: str
    references: Sequence[str]
    answers: Sequence[Extraction]
    probes: Sequence[Extraction]
    open: bool


@dataclass(frozen=True, slots=True)
class MetricPreview:
    """The first items of a test set by a metric; `tried` is an answer that somebody typed."""

    items: Sequence[PreviewedItem]
    tried: Extraction | None

    @property
    def has_sealed_scores(self) -> bool:
        """Whether some item's scores are still sealed."""
        return not all(each.open for each in self.items)

    @property
    def empty_count(self) -> int:
        """Number of answers in which the metric found nothing to compare."""
        return sum(
            answer.text is not None and (answer.taken is None or answer.matched is False)
            for item in self.items
            for answer in item.answers
        )


def preview_metric(
    *,
    project: Project,
    metric: MetricDeclaration,
    items: Path,
    mapping: FieldMapping,
    arms: Mapping[str, RecordedFile],
    typed: str = "",
) -> MetricPreview:
    """The first five items of a file, always the same, with the arms' answers.

    Reads the first rows of each file alone. Raises evalhub.io.rows.DataError for what is wrong
    with one of them, and MetricError for a metric that can't be used so.
    """
    scored = Scorer(metric)
    contents = [item for _, item in islice(read_items(items, mapping), PREVIEWED)]
    free = set(
        Item.objects.read_freely_in(project)
        .filter(fingerprint_in_context__in=[each.fingerprint_in_context() for each in contents])
        .values_list("fingerprint_in_context", flat=True)
    )
    answers_by_arm = {
        name: _answers(file, {each.key for each in contents}) for name, file in arms.items()
    }
    previews = []
    for index, item in enumerate(contents):
        is_open = item.fingerprint_in_context() in free
        other = contents[(index + 1) % len(contents)]
        previews.append(
            PreviewedItem(
                key=item.key,
                asked=_question(item)[:SHOWN],
                references=[_text(each)[:SHOWN] for each in item.references],
                answers=[
                    _of_arm(scored, name, of.get(item.key), item, seen=is_open)
                    for name, of in answers_by_arm.items()
                ],
                probes=[] if index else _probes(scored, item, other),
                open=is_open,
            )
        )
    tried = _score_typed(scored, typed, contents[0], previews[0]) if typed and contents else None
    return MetricPreview(previews, tried)


def _score_typed(
    scored: Scorer, text: str, item: ItemContent, preview: PreviewedItem
) -> Extraction:
    """Scores an answer that somebody typed to the first item, unless an arm gave the same."""
    texts = {_bare(each.text) for each in preview.answers if each.text is not None}
    if not preview.open and _bare(text[:SHOWN]) in texts:
        return _extract(scored, "yours, and an arm’s too", Answer(text), text, None)
    return _score_probe(scored, "yours", text, item)


def _answers(file: RecordedFile, keys: set[str]) -> dict[str, RecordedAnswer]:
    """Answers to these items among the first rows of the file."""
    rows = islice(read_rows(file.path, WEB), LOOKED_THROUGH)
    answers: dict[str, RecordedAnswer] = {}
    for answer in answers_in(rows, id_field=file.id_field, output_field=file.output_field):
        if answer.item_id in keys:
            answers.setdefault(answer.item_id, answer)
            if len(answers) == len(keys):
                break
    return answers


def _of_arm(
    scored: Scorer, name: str, recorded: RecordedAnswer | None, item: ItemContent, *, seen: bool
) -> Extraction:
    if recorded is None:
        return Extraction(name, None, missing=f"no answer among the first {LOOKED_THROUGH:,} rows")
    if recorded.text is None:
        return Extraction(name, None, missing=f"an error: {recorded.error}"[:SHOWN])
    answer = Answer(
        recorded.text,
        recorded.latency_ms,
        recorded.prompt_tokens,
        recorded.completion_tokens,
        recorded.scores,
        recorded.finish_reason,
        question_of(item.input),
        recorded.tool_calls,
        passages=recorded.passages,
        relevant=item.relevant,
        answerable=item.answerable,
    )
    display_text = with_calls(recorded.text, recorded.tool_calls)
    return _extract(scored, name, answer, display_text, item.references if seen else None)


def _probes(scored: Scorer, item: ItemContent, other: ItemContent) -> list[Extraction]:
    """Made-up answers: right ones in two forms, and a wrong one."""
    metric = scored.metric
    if not isinstance(metric, TextMetric) or not metric.compares or metric.instead:
        return []
    if not item.references:
        return []
    right = _text(item.references[0])
    probes = [("the right answer", right), ("in a sentence", f"The answer is {right}.")]
    if other.references and other.references != item.references:
        probes.append(("another item’s", _text(other.references[0])))
    return [_score_probe(scored, name, text, item) for name, text in probes]


def _score_probe(scored: Scorer, name: str, text: str, item: ItemContent) -> Extraction:
    answer = Answer(text, asked=question_of(item.input), answerable=item.answerable)
    return _extract(scored, name, answer, text, item.references)


def _extract(
    scored: Scorer, name: str, answer: Answer, display_text: str, references: Sequence[Any] | None
) -> Extraction:
    extracted, matched = scored.part_compared(answer)
    return Extraction(
        name,
        display_text[:SHOWN],
        None if extracted is None else extracted[:SHOWN],
        matched,
        None if references is None or scored.metric.sandboxed else scored(answer, references),
    )


def _question(item: ItemContent) -> str:
    if isinstance(item.input, str):
        return item.input
    return "\n\n".join(f"{each['role']}: {message_text(each)}" for each in item.input)


def _bare(text: str) -> str:
    """The text in lower case and without white space, for comparing."""
    return "".join(text.split()).casefold()


def _text(reference: Any) -> str:
    return reference if isinstance(reference, str) else json.dumps(reference, ensure_ascii=False)

"""How well text alone will tell the arms of a plan apart, while something can still be done."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from evalhub.declare.review import Show
from evalhub.io.tools import with_calls
from evalhub.registry.models import Item, Output
from reviews.identifiability import AnswerPair, Telling, draw_items, tell
from reviews.models import PairKind
from reviews.planning.drafting import Prepared
from reviews.texts import display_text

MOST, DRAWS = 200, 511
"""Items and exchanges of which it is measured, so that a page needn't wait."""
WAYS = (
    ("with `show: {json: pretty}`", {"json_": "pretty"}),
    ("with `show: {markdown: plain}`", {"markdown": "plain"}),
)
"""What a plan can ask for so that the arms look more alike."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """A way to show both arms' answers more alike, and how well text alone tells them apart
    then."""

    how: str
    telling: Telling

    def __str__(self) -> str:
        left = str(self.telling)
        return f"Shown {self.how}, {left[0].lower()}{left[1:]}."


@dataclass(frozen=True, slots=True)
class TellingPreview:
    """How well text alone tells the baseline's from the candidate's answers of a plan of `items`,
    and what could be done: `remedies` are those that change any text. No item is left out."""

    items: int
    telling: Telling
    remedies: tuple[Remedy, ...]

    @property
    def sentences(self) -> list[str]:
        first = str(self.telling)
        sentences = [f"{first[0].upper()}{first[1:]}."]
        if self.items > self.telling.pairs:
            sentences[0] += f" Measured on {self.telling.pairs} of {self.items:,} items."
        sentences += [f"{each}." for each in map(str, self.telling.features)]
        if self.telling.alike:
            return sentences[:1]
        sentences += map(str, self.remedies)
        if self.telling.apart and not any(each.telling.alike for each in self.remedies):
            sentences.append(
                "No way of showing them takes all of it away: reviewers may be able to tell the "
                "arms apart, and the audit will say so too."
            )
        return sentences


def measure_telling(prepared: Prepared) -> TellingPreview:
    """Of the main pairs of the first two arms. Bounded in work, and two queries; asked again of
    the same texts it comes from memory."""
    answers: dict[str, dict[int, int]] = {}
    for pair in prepared.pairs:
        if pair.kind == PairKind.MAIN:
            for arm, output in zip(pair.arms, pair.outputs, strict=True):
                if arm in (0, 1) and output is not None:
                    answers.setdefault(pair.key, {})[arm] = output
    both = {key: (each[0], each[1]) for key, each in answers.items() if len(each) == 2}
    sample = draw_items(both, most=MOST)
    rows = tuple((key, *both[key]) for key in both if key in sample)
    show = prepared.plan.design.form.show
    sealed = prepared.plan.test_set, prepared.plan.texts
    return _measure(sealed, show, len(both), rows)


type _Rows = tuple[tuple[str, int, int], ...]


@lru_cache(maxsize=32)
def _measure(sealed: tuple[str, str], show: Show, items: int, rows: _Rows) -> TellingPreview:
    """`sealed`, the digests of all items and texts, makes changed ones another question."""
    raw = list(_pairs(rows))
    seen = list(_as_shown(raw, show))
    telling = tell(seen, draws=DRAWS)
    remedies: list[Remedy] = []
    for how, change in () if telling.alike else WAYS:
        other = list(_as_shown(raw, show.model_copy(update=change)))
        if other != seen:
            remedies.append(Remedy(how, tell(other, draws=DRAWS)))
    return TellingPreview(items, telling, tuple(remedies))


def _pairs(rows: _Rows) -> Iterator[AnswerPair]:
    """The pairs without any change."""
    outputs = [pk for _, *both in rows for pk in both]
    rows_of = Output.objects.filter(pk__in=outputs).values_list("pk", "text", "tool_calls")
    texts = {pk: with_calls(text or "", calls) for pk, text, calls in rows_of}
    items = Item.objects.filter(outputs__in=[first for _, first, _ in rows])
    clusters = dict(items.values_list("key", "cluster"))
    for key, baseline, candidate in rows:
        yield AnswerPair(key, clusters.get(key, ""), texts[baseline], texts[candidate])


def _as_shown(pairs: list[AnswerPair], show: Show) -> Iterator[AnswerPair]:
    for pair in pairs:
        yield AnswerPair(
            pair.item,
            pair.cluster,
            display_text(pair.baseline, show),
            display_text(pair.candidate, show),
        )

"""A page of a review's judgments: each pair's item, its answers and its judgments."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator

from evalhub.report.flips import FoldedText, input_text, passage
from reviews.models import Campaign, Pair, PairKind
from reviews.results.browsing import (
    AGREEMENT,
    REASON,
    Browsed,
    Browsing,
    Filters,
    ShownJudgment,
    browse,
)

PAGE = 10
KINDS: dict[str, str] = {PairKind.CONTROL: "control: one arm twice", PairKind.GOLD: "gold"}


@dataclass(frozen=True, slots=True)
class ShownPair:
    key: str
    kind: str
    tags: Sequence[str]
    question: FoldedText
    context: FoldedText
    answers: Sequence[tuple[str, FoldedText]]
    said: Sequence[ShownJudgment]


@dataclass(frozen=True, slots=True)
class Choices:
    """A select of the form: (value, label, whether it is chosen) each."""

    name: str
    label: str
    options: Sequence[tuple[str, str, bool]]


@dataclass(frozen=True, slots=True)
class JudgmentsPage:
    found: Browsing
    page: "Page[Browsed]"
    pairs: Sequence[ShownPair]
    choices: Sequence[Choices]


def judgments_page(campaign: Campaign, filters: Filters, number: str) -> JudgmentsPage:
    """Page `number` of the judged pairs that the filters select."""
    browsing = browse(campaign, filters)
    page = Paginator(browsing.pairs, PAGE).get_page(number)
    return JudgmentsPage(browsing, page, _pairs_with_texts(list(page)), _choices(browsing))


def _pairs_with_texts(browsed: Sequence[Browsed]) -> list[ShownPair]:
    """The pairs of one page with their texts. One query."""
    related = Pair.objects.select_related("item", "baseline_output", "candidate_output")
    rows = related.in_bulk([each.pair.pk for each in browsed])
    pairs = []
    for entry in browsed:
        row = rows[entry.pair.pk]
        second = row.candidate_output
        of_arm = {"baseline": row.baseline_output.as_read, "candidate": second and second.as_read}
        texts = [of_arm[arm] or "" for arm in entry.arms]
        pairs.append(
            ShownPair(
                key=entry.pair.item,
                kind=KINDS.get(entry.pair.kind, ""),
                tags=entry.pair.tags,
                question=passage(input_text(row.item.input)),
                context=passage(input_text(row.item.context) if row.item.context else ""),
                answers=list(zip(entry.labels, map(passage, texts), strict=True)),
                said=entry.said,
            )
        )
    return pairs


def _choices(browsing: Browsing) -> list[Choices]:
    filters = browsing.sought
    offered: list[tuple[str, str, Sequence[tuple[str, str]]]] = [
        ("vote", "Vote", browsing.votes if browsing.compared else []),
        ("agreement", "Agreement", list(AGREEMENT.items()) if browsing.compared else []),
        ("reviewer", "Reviewer", [(each, each) for each in browsing.reviewers]),
        ("reason", "Reason", list(REASON.items())),
        ("flag", "Flag", [(each, each) for each in browsing.flags]),
        ("tag", "Tag", [(each, each) for each in browsing.tags]),
    ]
    return [
        Choices(
            name,
            label,
            [(value, text, value == getattr(filters, name)) for value, text in options],
        )
        for name, label, options in offered
        if options
    ]

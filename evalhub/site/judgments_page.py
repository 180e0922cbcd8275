"""A page of a review's judgments: each pair's item, its answers and what was said of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator

from evalhub.report.flips import FoldedText, asked, passage
from reviews.models import Campaign, Pair, PairKind
from reviews.results.browsing import AGREEMENT, REASON, Browsed, Browsing, Said, Sought, browse

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
    said: Sequence[Said]


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


def judgments_page(campaign: Campaign, sought: Sought, number: str) -> JudgmentsPage:
    """Page `number` of the pairs with a judgment that is sought."""
    found = browse(campaign, sought)
    page = Paginator(found.pairs, PAGE).get_page(number)
    return JudgmentsPage(found, page, _shown(list(page)), _choices(found))


def _shown(browsed: Sequence[Browsed]) -> list[ShownPair]:
    """With the texts of one page. One query."""
    related = Pair.objects.select_related("item", "baseline_output", "candidate_output")
    rows = related.in_bulk([each.pair.pk for each in browsed])
    shown = []
    for each in browsed:
        row = rows[each.pair.pk]
        second = row.candidate_output
        of_arm = {"baseline": row.baseline_output.as_read, "candidate": second and second.as_read}
        texts = [of_arm[arm] or "" for arm in each.arms]
        shown.append(
            ShownPair(
                key=each.pair.item,
                kind=KINDS.get(each.pair.kind, ""),
                tags=each.pair.tags,
                question=passage(asked(row.item.input)),
                context=passage(asked(row.item.context) if row.item.context else ""),
                answers=list(zip(each.labels, map(passage, texts), strict=True)),
                said=each.said,
            )
        )
    return shown


def _choices(found: Browsing) -> list[Choices]:
    sought = found.sought
    asked: list[tuple[str, str, Sequence[tuple[str, str]]]] = [
        ("vote", "Vote", found.votes if found.compared else []),
        ("agreement", "Agreement", list(AGREEMENT.items()) if found.compared else []),
        ("reviewer", "Reviewer", [(each, each) for each in found.reviewers]),
        ("reason", "Reason", list(REASON.items())),
        ("flag", "Flag", [(each, each) for each in found.flags]),
        ("tag", "Tag", [(each, each) for each in found.tags]),
    ]
    return [
        Choices(
            name,
            label,
            [(value, said, value == getattr(sought, name)) for value, said in options],
        )
        for name, label, options in asked
        if options
    ]

"""One item: question and reference, every arm's answer, and what else is known about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.safestring import SafeString

from evalhub.decision.outcomes import Outcome, outcome
from evalhub.io.tools import call_text
from evalhub.io.word_diff import word_diff
from evalhub.judges.models import JudgeRun, JudgeVote
from evalhub.ledger.differences import ItemDifference, differences_of
from evalhub.ledger.leakage.overlaps import keys_of_leaks
from evalhub.registry.models import Item, Output, Score
from evalhub.report.flips import COMPARED, input_text, references_text, text_of_message
from evalhub.site.items.addresses import ItemUrls
from evalhub.site.items.answers import (
    Answers,
    ShownScore,
    answers_of,
    metrics_of,
    score_rows,
    scores_of,
)
from evalhub.site.items.browsing import PAGE
from evalhub.site.items.filters import VIEWS, ItemFilters
from evalhub.site.items.finding import FoundItems, find, judge_run
from evalhub.site.items.passages import ShownPassages, shown_passages
from evalhub.site.items.reading import LongText, long_text, pieces_html, text_html
from evalhub.site.items.scope import ItemScope, ShownArm, beside
from reviews.models import Campaign
from reviews.results.browsing import Browsed
from reviews.results.item_votes import judgments_of_item

COPIES = 10
"""Items that ask the same that are named."""


@dataclass(frozen=True, slots=True)
class AskedTurn:
    """One turn of the request."""

    role: str
    text: LongText


@dataclass(frozen=True, slots=True)
class ArmAnswer:
    """One arm's answer, sample `sample` of `samples`. `passages` is None where it was given none by
    a retriever."""

    arm: ShownArm
    output: Output | None
    text: SafeString
    reasoning: LongText | None
    calls: Sequence[str]
    passages: ShownPassages | None
    scores: Sequence[ShownScore]
    sample: int
    samples: int
    main: ShownScore | None = None

    @property
    def status(self) -> str:
        return self.main.status if self.main else ""


@dataclass(frozen=True, slots=True)
class JudgeSaid:
    """A judge's verdicts on the pair, in both orders."""

    judge: JudgeRun
    votes: Sequence[tuple[str, str, str]]
    torn: bool


@dataclass(frozen=True, slots=True)
class OneItem:
    scope: ItemScope
    item: Item
    messages: Sequence[AskedTurn]
    context: LongText | None
    reference: LongText | None
    pair: Sequence[ArmAnswer]
    others: Sequence[ArmAnswer]
    aligned: bool
    outcome: Outcome | None
    difference: float | None
    judge: JudgeSaid | None
    people: Sequence[tuple[Campaign, Browsed]]
    copies: Sequence[tuple[str, str]]
    trained_on: Sequence[tuple[str, str]]
    place: int | None
    found: FoundItems
    before: str
    after: str
    back: str
    address: str
    choices: Sequence[tuple[str, str, bool]]
    samples: Sequence[tuple[int, str, bool]]
    view: str
    views: Sequence[tuple[str, str, bool]]

    @property
    def searching(self) -> bool:
        """Whether the next item, if there is one, is found by searching on."""
        return not self.found.whole and not self.after


def one_item(
    scope: ItemScope, filters: ItemFilters, urls: ItemUrls, item: Item, sample: str
) -> OneItem:
    """The page of one of the scope's items. The number of queries is constant."""
    result = find(scope, filters)
    references = references_text(item.references)
    at, before, after = _neighbours(result, filters, urls, item)
    change = differences_of(scope.pair, [item.pk])[0] if scope.pair else None
    pair_scope = beside(scope, filters.against)
    answers = answers_of(pair_scope, [item.pk])
    k = int(sample) - 1 if sample.isdecimal() and len(sample) < 5 else 0
    arm_answers = _arm_answers(pair_scope, answers, item, max(k, 0), filters.view)
    pair, aligned = arm_answers[:2], True
    if filters.view == "diff" and len(pair) == 2:
        pair, aligned = _mark_differences(pair)
    most = max((each.samples for each in arm_answers), default=0)
    return OneItem(
        scope=pair_scope,
        item=item,
        messages=messages_of(item.input, filters.view),
        context=long_text(item.context, filters.view) if item.context else None,
        reference=long_text(references, filters.view) if references else None,
        pair=pair,
        others=arm_answers[2:],
        aligned=aligned,
        outcome=_outcome(scope, change),
        difference=change.difference if change else None,
        judge=_judge(scope, item),
        people=_people(scope, item),
        copies=_copies(urls, filters, item),
        trained_on=_leaking_arms(scope, item),
        place=None if at is None else at + 1,
        found=result,
        before=before,
        after=after,
        back=urls.items(filters, page=_page(at)),
        address=urls.item(item.key, filters),
        choices=_choices(scope, pair_scope, filters, urls, item),
        samples=[
            (n, urls.item(item.key, filters, sample=n), n == k + 1) for n in range(1, most + 1)
        ]
        if most > 1
        else [],
        view=filters.view,
        views=[
            (label, urls.item(item.key, filters.but(view=view)), view == filters.view)
            for view, label in VIEWS.items()
            if view != "diff" or len(pair) == 2
        ],
    )


def messages_of(item_input: Any, view: str) -> list[AskedTurn]:
    """The question turn by turn; what isn't a chat is one turn without a role."""
    chat = isinstance(item_input, list) and all(isinstance(each, Mapping) for each in item_input)
    if not chat or not item_input:
        return [AskedTurn("", long_text(input_text(item_input), view))]
    return [
        AskedTurn(role, long_text(text_of_message(message), view, folded=role == "system"))
        for message in item_input
        for role in [str(message.get("role", "?"))]
    ]


def _page(at: int | None) -> int:
    return at // PAGE + 1 if at is not None and at >= PAGE else 0


def _neighbours(
    result: FoundItems, filters: ItemFilters, urls: ItemUrls, item: Item
) -> tuple[int | None, str, str]:
    at = result.place(item.pk)
    if at is None:
        return None, "", ""
    ids = [result.ids[i] if 0 <= i < result.ids.size else None for i in (at - 1, at + 1)]
    rows = Item.objects.filter(pk__in=[int(each) for each in ids if each is not None])
    keys = dict(rows.values_list("pk", "key"))
    before, after = (urls.item(keys[int(pk)], filters) if pk is not None else "" for pk in ids)
    return at, before, after


def _outcome(scope: ItemScope, change: ItemDifference | None) -> Outcome | None:
    if change is None:
        return None
    return outcome(change.baseline, change.candidate, change.difference, scope.right)


def _arm_answers(
    scope: ItemScope, answers: Answers, item: Item, k: int, view: str
) -> list[ArmAnswer]:
    scores, metrics = scores_of(scope, answers), metrics_of(scope)
    arm_answers = []
    for arm in scope.arms:
        samples = answers.get((arm.run.pk, item.pk), [])
        output = samples[min(k, len(samples) - 1)] if samples else None
        if output is not None:
            output.item = item  # which has been read already
        rows: Sequence[Score] = scores.get(output.pk, ()) if output else ()
        own_scores = score_rows(arm, output, metrics[arm.run.pk], rows) if output else []
        main = next((each for each in own_scores if each.metric == scope.metric), None)
        arm_answers.append(
            ArmAnswer(
                arm=arm,
                output=output,
                text=text_html(output.text, view) if output and output.text else SafeString(""),
                reasoning=long_text(output.reasoning, view, folded=True)
                if output and output.reasoning
                else None,
                calls=[call_text(each) for each in (output.tool_calls if output else None) or ()],
                passages=shown_passages(output.passages, item.relevant, view)
                if output and output.passages is not None
                else None,
                scores=own_scores,
                sample=min(k + 1, len(samples)),
                samples=len(samples),
                main=main,
            )
        )
    return arm_answers


def _mark_differences(two: Sequence[ArmAnswer]) -> tuple[list[ArmAnswer], bool]:
    """Both answers, with the words marked that the other lacks."""
    texts = [each.output.text if each.output else None for each in two]
    if None in texts:
        return list(two), True
    one, other, aligned = word_diff(texts[0] or "", texts[1] or "", most=COMPARED)
    marked = [pieces_html(one), pieces_html(other)]
    return [replace(each, text=html) for each, html in zip(two, marked, strict=True)], aligned


def _judge(scope: ItemScope, item: Item) -> JudgeSaid | None:
    judge = judge_run(scope)
    if judge is None:
        return None
    names = {"candidate": scope.candidate, "baseline": scope.baseline}
    votes = list(
        JudgeVote.objects.readable().filter(judge_run=judge, item=item).order_by("candidate_first")
    )
    if not votes:
        return None
    verdicts = []
    for vote in votes:
        first = names["candidate" if vote.candidate_first else "baseline"]
        chose = names.get(vote.choice, "neither" if vote.choice else "no verdict")
        verdicts.append((first, chose, vote.reason))
    return JudgeSaid(judge, verdicts, torn={each.choice for each in votes} >= set(names))


def _people(scope: ItemScope, item: Item) -> list[tuple[Campaign, Browsed]]:
    if scope.study is None:
        return []
    return judgments_of_item(Campaign.objects.unblinded_of(scope.study), item.pk)


def _copies(urls: ItemUrls, filters: ItemFilters, item: Item) -> list[tuple[str, str]]:
    """Other items of the version that ask the same, whatever their spelling."""
    same = {"fingerprint_in_context": item.fingerprint_in_context}
    alike = Item.objects.filter(version=item.version_id, **same)
    keys = alike.exclude(pk=item.pk).order_by("position").values_list("key", flat=True)
    return [(key, urls.item(key, filters)) for key in keys[:COPIES]]


def _leaking_arms(scope: ItemScope, item: Item) -> list[tuple[str, str]]:
    """The arms whose training data hold the item, and how it was matched there."""
    leaks = []
    for arm in scope.arms:
        leaked = keys_of_leaks(arm.run.version, scope.version) or {}
        if item.key in leaked:
            leaks.append((arm.name, leaked[item.key]))
    return leaks


def _choices(
    scope: ItemScope, pair_scope: ItemScope, filters: ItemFilters, urls: ItemUrls, item: Item
) -> list[tuple[str, str, bool]]:
    """The arms that can be shown next to the candidate, if there are several."""
    if not scope.compares or len(scope.arms) < 3:
        return []
    return [
        (
            arm.name,
            urls.item(
                item.key, filters.but(against="" if arm.name == scope.baseline else arm.name)
            ),
            arm.name == pair_scope.arms[0].name,
        )
        for arm in scope.arms
        if arm.name != scope.candidate
    ]

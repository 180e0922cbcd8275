"""One item: what was asked and expected, every arm's answer, and what is known and said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalhub.decision.outcomes import Outcome, outcome
from evalhub.io.tools import called
from evalhub.io.word_diff import Piece, word_diff
from evalhub.ledger.differences import ItemDifference, differences_of
from evalhub.ledger.leakage.overlaps import leaked_keys
from evalhub.registry.models import Item, JudgeRun, JudgeVote, Output, Score
from evalhub.report.flips import COMPARED, FoldedText, asked, expected, passage, said_in
from evalhub.site.items.answers import (
    Answers,
    ShownScore,
    answers_of,
    metrics_of,
    scores_of,
    shown_scores,
)
from evalhub.site.items.browsing import PAGE, Place
from evalhub.site.items.finding import Found, find, judge_run
from evalhub.site.items.scope import ItemScope, ShownArm, beside
from evalhub.site.items.sought import ItemsSought
from reviews.models import Campaign
from reviews.results.browsing import Browsed
from reviews.results.item_votes import said_of

COPIES = 10
"""Items that ask the same that are named."""


@dataclass(frozen=True, slots=True)
class AskedTurn:
    """One turn of what was asked. `folded`: closed until one opens it, as a system prompt is."""

    role: str
    text: FoldedText
    folded: bool = False


@dataclass(frozen=True, slots=True)
class ArmAnswer:
    """One arm's answer, sample `sample` of `samples`, with the words marked that only it has."""

    arm: ShownArm
    output: Output | None
    pieces: Sequence[Piece]
    calls: Sequence[str]
    scores: Sequence[ShownScore]
    sample: int
    samples: int
    main: ShownScore | None = None

    @property
    def status(self) -> str:
        return self.main.status if self.main else ""


@dataclass(frozen=True, slots=True)
class JudgeSaid:
    """What a judge said of the pair, in both orders."""

    judge: JudgeRun
    votes: Sequence[tuple[str, str, str]]
    torn: bool


@dataclass(frozen=True, slots=True)
class OneItem:
    scope: ItemScope
    item: Item
    messages: Sequence[AskedTurn]
    reference: FoldedText
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
    found: Found
    before: str
    after: str
    back: str
    address: str
    choices: Sequence[tuple[str, str, bool]]
    samples: Sequence[tuple[int, str, bool]]

    @property
    def searching(self) -> bool:
        """Whether the next item is found by searching on, where there is one."""
        return not self.found.whole and not self.after


def one_item(
    scope: ItemScope, sought: ItemsSought, place: Place, item: Item, sample: str
) -> OneItem:
    """The page of one of the scope's items. As many queries whatever there is."""
    found = find(scope, sought)
    at, before, after = _neighbours(found, sought, place, item)
    change = differences_of(scope.pair, [item.pk])[0] if scope.pair else None
    shown = beside(scope, sought.against)
    answers = answers_of(shown, [item.pk])
    k = int(sample) - 1 if sample.isdecimal() and len(sample) < 5 else 0
    said = _shown(shown, answers, item, max(k, 0))
    pair, aligned = _marked(said[:2]) if len(said) > 1 else (said, True)
    most = max((each.samples for each in said), default=0)
    return OneItem(
        scope=shown,
        item=item,
        messages=messages_of(item.input),
        reference=passage(expected(item.references)),
        pair=pair,
        others=said[2:],
        aligned=aligned,
        outcome=_outcome(scope, change),
        difference=change.difference if change else None,
        judge=_judge(scope, item),
        people=_people(scope, item),
        copies=_copies(place, sought, item),
        trained_on=_trained_on(scope, item),
        place=None if at is None else at + 1,
        found=found,
        before=before,
        after=after,
        back=place.items(sought, page=_page(at)),
        address=place.item(item.key, sought),
        choices=_choices(scope, shown, sought, place, item),
        samples=[
            (n, place.item(item.key, sought, sample=n), n == k + 1) for n in range(1, most + 1)
        ]
        if most > 1
        else [],
    )


def messages_of(given: Any) -> list[AskedTurn]:
    """What was asked, turn by turn; what isn't a chat is one turn without a role."""
    chat = isinstance(given, list) and all(isinstance(each, Mapping) for each in given)
    if not chat or not given:
        return [AskedTurn("", passage(asked(given)))]
    return [
        AskedTurn(role, passage(said_in(each)), folded=role == "system")
        for each in given
        for role in [str(each.get("role", "?"))]
    ]


def _page(at: int | None) -> int:
    return at // PAGE + 1 if at is not None and at >= PAGE else 0


def _neighbours(
    found: Found, sought: ItemsSought, place: Place, item: Item
) -> tuple[int | None, str, str]:
    at = found.place(item.pk)
    if at is None:
        return None, "", ""
    ids = [found.ids[i] if 0 <= i < found.ids.size else None for i in (at - 1, at + 1)]
    there = Item.objects.filter(pk__in=[int(each) for each in ids if each is not None])
    keys = dict(there.values_list("pk", "key"))
    before, after = (
        place.item(keys[int(each)], sought) if each is not None else "" for each in ids
    )
    return at, before, after


def _outcome(scope: ItemScope, change: ItemDifference | None) -> Outcome | None:
    if change is None:
        return None
    return outcome(change.baseline, change.candidate, change.difference, scope.right)


def _shown(scope: ItemScope, answers: Answers, item: Item, k: int) -> list[ArmAnswer]:
    scores, metrics = scores_of(scope, answers), metrics_of(scope)
    found = []
    for arm in scope.arms:
        said = answers.get((arm.run.pk, item.pk), [])
        output = said[min(k, len(said) - 1)] if said else None
        if output is not None:
            output.item = item  # which is read already
        rows: Sequence[Score] = scores.get(output.pk, ()) if output else ()
        shown = shown_scores(arm, output, metrics[arm.run.pk], rows) if output else []
        main = next((each for each in shown if each.metric == scope.metric), None)
        found.append(
            ArmAnswer(
                arm=arm,
                output=output,
                pieces=[Piece(output.text, False)] if output and output.text else [],
                calls=[called(each) for each in (output.tool_calls if output else None) or ()],
                scores=shown,
                sample=min(k + 1, len(said)),
                samples=len(said),
                main=main,
            )
        )
    return found


def _marked(two: Sequence[ArmAnswer]) -> tuple[list[ArmAnswer], bool]:
    """Both answers, with the words marked that the other lacks."""
    texts = [each.output.text if each.output else None for each in two]
    if None in texts:
        return list(two), True
    one, other, aligned = word_diff(texts[0] or "", texts[1] or "", most=COMPARED)
    return [replace(two[0], pieces=one), replace(two[1], pieces=other)], aligned


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
    said = []
    for each in votes:
        first = names["candidate" if each.candidate_first else "baseline"]
        chose = names.get(each.choice, "neither" if each.choice else "no verdict")
        said.append((first, chose, each.reason))
    return JudgeSaid(judge, said, torn={each.choice for each in votes} >= set(names))


def _people(scope: ItemScope, item: Item) -> list[tuple[Campaign, Browsed]]:
    if scope.study is None:
        return []
    return said_of(Campaign.objects.unblinded_of(scope.study), item.pk)


def _copies(place: Place, sought: ItemsSought, item: Item) -> list[tuple[str, str]]:
    """Other items of the version that ask the same, whatever its spelling."""
    same = {"fingerprint_in_context": item.fingerprint_in_context}
    alike = Item.objects.filter(version=item.version_id, **same)
    keys = alike.exclude(pk=item.pk).order_by("position").values_list("key", flat=True)
    return [(key, place.item(key, sought)) for key in keys[:COPIES]]


def _trained_on(scope: ItemScope, item: Item) -> list[tuple[str, str]]:
    """The arms whose training data hold the item, and how it was found there."""
    found = []
    for arm in scope.arms:
        leaked = leaked_keys(arm.run.version, scope.version) or {}
        if item.key in leaked:
            found.append((arm.name, leaked[item.key]))
    return found


def _choices(
    scope: ItemScope, shown: ItemScope, sought: ItemsSought, place: Place, item: Item
) -> list[tuple[str, str, bool]]:
    """The arms that the candidate can be shown beside, where there are several."""
    if not scope.compares or len(scope.arms) < 3:
        return []
    return [
        (
            arm.name,
            place.item(
                item.key, sought.but(against="" if arm.name == scope.baseline else arm.name)
            ),
            arm.name == shown.arms[0].name,
        )
        for arm in scope.arms
        if arm.name != scope.candidate
    ]

"""All that a reviewer's page may show of an assignment, ready for its template."""

import uuid
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from evalhub.accounts.models import User
from evalhub.declare.review import Dimension, Form
from evalhub.registry.models import Item, Output
from reviews.assignments.holding import ends_block
from reviews.assignments.judge import form_nonce
from reviews.errors import UnknownAssignmentError
from reviews.joining.admit import admit
from reviews.models import Assignment, AssignmentState, Choice, Pair, PairKind
from reviews.pages.differences import mark_differences
from reviews.pages.markdown import LONGEST, plain, to_html
from reviews.pages.reading import ASK, FLAG, MUCH
from reviews.texts import Turn, display_text, turns

type View = Literal["read", "raw", "diff"]

LONG = 300  # words of context or of earlier messages that begin folded away
SKIP_REASONS = [
    "I can’t read this language",
    "The request or an answer is broken",
    "It takes knowledge that I don’t have",
    "I know who wrote one of the answers",
    "It upsets me",
]

_NAMES = {"left": "Left", "right": "Right", "answer": "The answer"}
_CHOICES = [  # value, what a button says, what a row of the rubric says, key
    (f"{MUCH}left", "Left is much better", "Left, much", "⇧1"),
    (Choice.LEFT.value, "Left is better", "Left", "1"),
    (Choice.TIE.value, "A tie", "A tie", "0"),
    (Choice.BOTH_BAD.value, "Both bad", "Both bad", "9"),
    (Choice.RIGHT.value, "Right is better", "Right", "2"),
    (f"{MUCH}right", "Right is much better", "Right, much", "⇧2"),
]


@dataclass(frozen=True, slots=True)
class Passage:
    """A text as HTML under its heading, with the number of its words."""

    heading: str
    html: SafeString
    words: int


@dataclass(frozen=True, slots=True)
class ItemRequest:
    """An item's request: the last message, earlier messages, and the context.

    `repeated` is a system prompt that came first in the comparison before as well.
    """

    last: Passage
    earlier: list[Passage]
    context: Passage | None
    repeated: Passage | None = None

    @property
    def words_earlier(self) -> int:
        return sum(passage.words for passage in self.earlier)

    @property
    def unfolded(self) -> bool:
        """Whether the whole request is short enough to show unfolded."""
        return self.words_earlier + (self.context.words if self.context else 0) <= LONG


@dataclass(frozen=True, slots=True)
class Pane:
    """One answer, with the name of its side."""

    side: str
    name: str
    html: SafeString
    apart: int | None = None  # with "diff": words that only this answer has, where that is known


@dataclass(frozen=True, slots=True)
class FormOption:
    """One answer to a question: what is posted, what is read, which key gives it.

    `short` is read where there is little room. `said` marks what the reviewer had answered before
    they took it back.
    """

    value: str
    label: str
    short: str
    key: str
    said: bool


@dataclass(frozen=True, slots=True)
class FormQuestion:
    """One question of the form, posted under the name of its field."""

    field: str
    text: str
    options: list[FormOption]


def view_of(text: str | None) -> View:
    """How an address or a form asks for the answers to be shown; laid out, if it doesn't."""
    return "raw" if text == "raw" else "diff" if text == "diff" else "read"


def own_assignment(*, token: uuid.UUID, user: User) -> Assignment:
    """One's own assignment that is on lease or answered.

    Raises UnknownAssignmentError, NotInvitedError or UnblindedError.
    """
    try:
        assignment = (
            Assignment.objects.select_related("reviewer__campaign")
            .defer("reviewer__campaign__plan")
            .exclude(state__in=[AssignmentState.EXPIRED, AssignmentState.SKIPPED])
            .get(token=token, reviewer__user=user)
        )
    except Assignment.DoesNotExist:
        raise UnknownAssignmentError from None
    admit(campaign=assignment.reviewer.campaign, user=user)
    return assignment


def within_block(current: Assignment, later: Sequence[Assignment]) -> list[Assignment]:
    """The leased turns after the current one, up to the next pause."""
    turns = [current, *later]
    form = current.reviewer.campaign.page_form
    ends = [index for index, each in enumerate(turns) if ends_block(each.turn, form)]
    return turns[1 : ends[0] + 1] if ends else turns[1:]


def turn_context(assignment: Assignment, *, user: User, view: View) -> dict[str, Any]:
    """The template's values for one assignment: nothing in them tells the arms apart.

    One query, and one more for a turn that was taken back.
    """
    campaign = assignment.reviewer.campaign
    form = campaign.page_form
    pair = (
        Pair.objects.select_related("item", "baseline_output", "candidate_output")
        .only(
            "kind",
            "item__input",
            "item__context",
            "baseline_output__text",
            "candidate_output__text",
            "baseline_output__tool_calls",
            "candidate_output__tool_calls",
        )
        .annotate(before=Assignment.objects.seen_before(assignment).input())
        .get(pk=assignment.pair_id)
    )
    outputs = [pair.candidate_output, pair.baseline_output]
    sides = outputs if assignment.candidate_on_left else outputs[::-1]
    chosen, rationale = _earlier_choices(assignment)
    question = form.question or campaign.question
    return _laid_out(pair.item, pair.before, sides, form, view, question, chosen) | {
        "campaign": campaign,
        "token": assignment.token,
        "turn": assignment.turn,
        "nonce": form_nonce(token=assignment.token, user=user),
        "rationale": rationale,
        "skip_reasons": SKIP_REASONS,
        "look_ahead": not ends_block(assignment.turn, form),
        "practice": pair.kind == PairKind.PRACTICE,
    }


def preview_context(
    item: Item, sides: Sequence[Output], *, form: Form, question: str
) -> dict[str, Any]:
    """The template's values for a pair of a plan that isn't sealed: all but what answers it."""
    return _laid_out(item, None, sides, form, "read", form.question or question, frozenset())


def _laid_out(
    item: Item,
    before: Any,
    sides: Sequence[Output | None],
    form: Form,
    view: View,
    question: str,
    chosen: "_Said",
) -> dict[str, Any]:
    texts = [display_text(output.as_read, form.show) for output in sides if output is not None]
    code = any(text.startswith(("{", "[")) for text in texts)
    return {
        "form": form,
        "asked": request_of(item.input, item.context, before=before, view=view),
        "panes": _panes(texts, form, view, code=code),
        "code": code or view == "raw",
        "view": view,
        "questions": _questions(question, form, chosen),
        "flags": [
            FormQuestion(f"{FLAG}{side}", _NAMES[side], _flags(side, form, chosen))
            for side in form.sides
        ]
        if form.flags
        else [],
    }


def request_of(
    input_: Any, context: str | None, *, before: Any = None, view: View = "read"
) -> ItemRequest:
    """The request; where its messages are very long together, they are shown as they came.

    `before` is the input of the comparison before, None for the first.
    """
    conversation, context_text = turns(input_), display_text(context or "")
    long = sum(len(turn.text) for turn in conversation) + len(context_text) > LONGEST
    as_html = plain if long or view == "raw" else to_html
    messages = [
        Passage(turn.speaker, as_html(turn.text), len(turn.text.split())) for turn in conversation
    ]
    background = (
        Passage("", as_html(context_text), len(context_text.split())) if context_text else None
    )
    last, earlier = messages[-1], messages[:-1]
    if (
        earlier
        and before is not None
        and _instructs(conversation[0])
        and turns(before)[:1] == conversation[:1]
    ):
        return ItemRequest(last, earlier[1:], background, repeated=earlier[0])
    return ItemRequest(last, earlier, background)


def _instructs(turn: Turn) -> bool:
    return turn.speaker in ("system", "developer")


def _panes(texts: list[str], form: Form, view: View, *, code: bool) -> list[Pane]:
    sides = [(side, _NAMES[side]) for side in form.sides]
    if view == "diff" and len(texts) == 2:
        return [
            Pane(
                *side,
                format_html("<pre>{}</pre>", answer.html) if answer.html else answer.html,
                answer.words,
            )
            for side, answer in zip(sides, mark_differences(*texts), strict=True)
        ]
    laid_out = view == "read" and not code and form.show.markdown == "rendered"
    as_html = to_html if laid_out else plain
    empty = SafeString("")
    return [
        Pane(*side, as_html(text) if text else empty)
        for side, text in zip(sides, texts, strict=True)
    ]


type _Said = Set[tuple[str, str]]  # fields of the form with their values


def _earlier_choices(assignment: Assignment) -> tuple[_Said, str]:
    """What an answer that was taken back had said, and its reason."""
    if not assignment.revision:
        return frozenset(), ""
    last = assignment.judgments.order_by("-revision")[0]
    chosen = {("choice", f"{MUCH if last.much else ''}{last.choice}")}
    chosen |= {(f"{ASK}{name}", str(value)) for name, value in last.answers.items()}
    chosen |= {(f"{FLAG}{side}", flag) for side, flags in last.flags.items() for flag in flags}
    return chosen, last.rationale


def _questions(question: str, form: Form, chosen: _Said) -> list[FormQuestion]:
    """The campaign's own question first, so that no dimension colours it; then the rubric."""
    plain_choices = [row for row in _CHOICES if not row[0].startswith(MUCH)]
    steps = _CHOICES if form.steps else plain_choices
    label_column = 1 if form.one_key else 2
    overall = FormQuestion("choice", question, _options("choice", steps, label_column, chosen))
    rubric = []
    for dimension in form.dimensions:
        field = f"{ASK}{dimension.name}"
        options = _ratings(dimension, chosen) or _options(field, plain_choices, 2, chosen)
        rubric.append(FormQuestion(field, dimension.question, options))
    return rubric if form.rates else [overall, *rubric]


def _options(
    field: str, rows: Sequence[tuple[str, str, str, str]], label_column: int, chosen: _Said
) -> list[FormOption]:
    return [
        FormOption(row[0], row[label_column], row[2], row[3], (field, row[0]) in chosen)
        for row in rows
    ]


def _ratings(dimension: Dimension, chosen: _Said) -> list[FormOption]:
    ends = {dimension.low: " least", dimension.high: " most"}
    field = f"{ASK}{dimension.name}"
    return [
        FormOption(str(n), f"{n}{ends.get(n, '')}", str(n), "", (field, str(n)) in chosen)
        for n in dimension.values
    ]


def _flags(side: str, form: Form, chosen: _Said) -> list[FormOption]:
    return [
        FormOption(flag, flag.replace("-", " "), "", key, (f"{FLAG}{side}", flag) in chosen)
        for flag, key in zip(form.flags, _flag_keys(side), strict=False)
    ]


def _flag_keys(side: str) -> list[str]:
    """A digit for a flag of the left answer or the only one, with Shift for one of the right."""
    return [f"{'⇧' if side == 'right' else ''}{digit}" for digit in range(1, 10)]

"""Campaigns as the audit's checks take them, fair or with one fault, made up from a seed.

Orders and sides are dealt by the product's own functions under a new plan's hash each. Everything
that may vary in a fair campaign does: preferences by item, ties, traits that both arms have alike.
What a check takes for careful is just met: repeats are said the same half of the time, gold pairs
are answered as expected in seven of ten.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from evalhub.declare.review import Show
from reviews.assignments.choosing import order_of
from reviews.audit.check import AuditCheck, judge_checks
from reviews.audit.people_checks import control, gold, guesses, position, repeats
from reviews.audit.scan import Scan
from reviews.audit.side_checks import Dealt, independence, sides_of_items, tokens
from reviews.audit.text_checks import artefacts, hidden_bytes, telling
from reviews.blinding import candidate_on_left, canonical, dealing_seed
from reviews.identifiability import AnswerPair, Telling, tell
from reviews.models import AssignmentPurpose, PairKind
from reviews.results.judgment_data import JudgedPair, JudgmentData, JudgmentRow

REPEATS, SPACING = 0.1, 10
WORDS = (
    "the", "a", "and", "of", "to", "in", "it", "is", "that", "for", "was", "on", "are", "with",
    "they", "be", "at", "one", "have", "this", "from", "by", "rain", "river", "stone", "house",
    "child", "walks", "sees", "gives", "under", "over", "green", "old", "slowly", "again",
    "never", "each", "other",
)  # fmt: skip


@dataclass
class Made:
    """A campaign as the audit's checks take it."""

    dealt: list[Dealt]
    data: JudgmentData
    scan: Scan
    told: Telling
    guesses: list[tuple[str, bool]]

    def audit(self) -> list[AuditCheck]:
        return judge_checks(
            [
                independence(self.dealt, self.data),
                sides_of_items(self.dealt, self.data),
                telling(self.told, self.told.pairs, Show()),
                artefacts(self.scan, self.data),
                hidden_bytes(self.scan),
                tokens(self.dealt),
                control(self.data),
                position(self.data),
                repeats(self.data),
                gold(self.data),
                guesses(self.guesses),
            ]
        )


@dataclass(frozen=True)
class Fault:
    """What isn't fair: each may change a turn, or the chance of what people do."""

    turn: Callable[[Dealt, JudgedPair], Dealt] = lambda turn, pair: turn
    left: float = 0.5  # of an undecided person's choices
    told: float = 0.5  # of guesses are right
    consistent: float = 0.5
    markdown: float = 0.3  # of the candidate's answers


def made(rng: np.random.Generator, size: int, reviewers: int, fault: Fault = Fault()) -> Made:
    """One campaign. `rng` draws its plan's hash, its pairs and what people do."""
    seed = dealing_seed(1, rng.bytes(32).hex())
    pairs = {pk: _pair(rng, pk) for pk in range(size)}
    dealt: list[Dealt] = []
    rows: list[JudgmentRow] = []
    guessed: list[tuple[str, bool]] = []
    for reviewer in range(reviewers):
        own = [
            (fault.turn(turn, pairs[turn.pair]), again)
            for turn, again in _turns(rng, seed, reviewer, size, pairs)
        ]
        said: dict[int, JudgmentRow] = {}
        for turn, again in own:
            row = _judgment(rng, turn, pairs[turn.pair], again and said[again.turn], fault)
            said[turn.turn] = row
        dealt += [turn for turn, _ in own]
        rows += said.values()
        guessed += [_guess(rng, turn.on_left, fault.told) for turn, _ in own[:5]]
    data = JudgmentData(pairs, rows, {pk: f"r{pk}" for pk in range(reviewers)})
    texts = [
        (pair.item, a_text(rng, 0.3), a_text(rng, fault.markdown))
        for pair in pairs.values()
        if pair.kind == PairKind.MAIN
    ]
    told = tell(AnswerPair(item, "", one, other) for item, one, other in texts)
    return Made(dealt, data, Scan().read(texts), told, guessed)


def _pair(rng: np.random.Generator, pk: int) -> JudgedPair:
    kind = rng.choice([PairKind.MAIN, PairKind.CONTROL, PairKind.GOLD], p=[0.8, 0.1, 0.1])
    tag = str(rng.choice(["dates", "sums", "words"]))
    lengths = rng.integers(20, 400, 2)
    return JudgedPair(
        pk=pk, kind=str(kind), item=f"q{pk}", cluster="", tags=(tag,), stratum=tag, position=pk,
        expected=str(rng.choice(["candidate", "baseline"])) if kind == PairKind.GOLD else "",
        seats=1, baseline_version=1, candidate_version=2,
        baseline_length=int(lengths[0]), candidate_length=int(lengths[1]),
    )  # fmt: skip


def _turns(
    rng: np.random.Generator, seed: int, reviewer: int, size: int, pairs: dict[int, JudgedPair]
) -> list[tuple[Dealt, Dealt | None]]:
    """A reviewer's turns in their order, each with the one that it repeats, as dealing does it."""
    person = f"person {reviewer}"
    found: list[tuple[Dealt, Dealt | None]] = []
    again: set[int] = set()
    order = [int(position) for position in order_of(seed, person, size)]
    while order:
        turn = len(found)
        side = candidate_on_left(seed, person, turn)
        earlier = [
            each
            for each, repeated in found[: max(0, turn - SPACING)]
            if repeated is None
            and each.on_left != side
            and each.turn not in again
            and pairs[each.pair].kind == PairKind.MAIN
        ]
        token = uuid.UUID(bytes=rng.bytes(16), version=4)
        new = Dealt(reviewer, person, turn, side, -1, token, AssignmentPurpose.MAIN)
        if earlier and len(again) < int(REPEATS * (turn + 1)):
            first = earlier[rng.integers(len(earlier))]
            again.add(first.turn)
            repeat = replace(new, pair=first.pair, purpose=AssignmentPurpose.REPEAT)
            found.append((repeat, first))
        else:
            found.append((replace(new, pair=order.pop(0)), None))
    return found


def _judgment(
    rng: np.random.Generator, turn: Dealt, pair: JudgedPair, first: JudgmentRow | None, fault: Fault
) -> JudgmentRow:
    liked = {"q": 0.3, "w": 0.7}.get(pair.item[0], 0.5) if pair.pk % 3 else 0.9
    if pair.kind == PairKind.GOLD:
        right, other = pair.expected, "baseline" if pair.expected == "candidate" else "candidate"
        favours = right if rng.random() < 0.7 else other
    elif first is not None:
        other = {"candidate": "baseline", "baseline": "candidate"}.get(first.favours, "candidate")
        favours = first.favours if rng.random() < fault.consistent else other
    elif rng.random() < 0.2:
        favours = str(rng.choice(["tie", "both-bad"]))
    elif pair.kind == PairKind.CONTROL or fault.left != 0.5:
        side = "left" if rng.random() < fault.left else "right"
        favours = canonical(side, candidate_on_left=turn.on_left)
    else:
        favours = "candidate" if rng.random() < liked else "baseline"
    left = "candidate" if turn.on_left else "baseline"
    choice = favours
    if favours in ("candidate", "baseline"):
        choice = "left" if favours == left else "right"
    return JudgmentRow(
        pk=0, assignment=turn.reviewer * 10_000 + turn.turn, token="", pair=pair,
        reviewer=turn.reviewer, purpose=turn.purpose, repeats=first and first.assignment,
        turn=turn.turn, candidate_side="left" if turn.on_left else "right", choice=choice,
        favours=favours, much=False, answers={}, flags={}, rationale="", seconds=20.0,
        visible_seconds=None, revision=1, created="",
    )  # fmt: skip


def _guess(rng: np.random.Generator, on_left: bool, right: float) -> tuple[str, bool]:
    return ("left" if on_left == (rng.random() < right) else "right"), on_left


def a_text(rng: np.random.Generator, markdown: float = 0.0, words: float = 12.0) -> str:
    """A sentence of so many words, half or twice as many in every third, some of them bold."""
    count = max(1, round(words * float(np.exp(rng.normal(0, 0.7)))))
    chosen = [WORDS[i] for i in rng.integers(0, len(WORDS), count)]
    if rng.random() < markdown:
        chosen[0] = f"**{chosen[0]}**"
    return f"{' '.join(chosen)}{rng.choice(['.', '.', '.', '!'])}"


def _leaking(turn: Dealt, pair: JudgedPair) -> Dealt:
    """The token's last bit is the side."""
    value = turn.token.int & ~1 | turn.on_left
    return replace(turn, token=uuid.UUID(int=value))


FAULTS: dict[str, tuple[Fault, str]] = {
    "sides follow the pair's number": (
        Fault(turn=lambda turn, pair: replace(turn, on_left=pair.position % 2 == 0)),
        "independence",
    ),
    "sides follow the turn's number": (
        Fault(turn=lambda turn, pair: replace(turn, on_left=turn.turn % 2 == 0)),
        "independence",
    ),
    "sides follow the longer answer": (
        Fault(
            turn=lambda turn, pair: replace(
                turn, on_left=pair.candidate_length > pair.baseline_length
            )
        ),
        "independence",
    ),
    "a bit of the token is the side": (Fault(turn=_leaking), "tokens"),
    "70% of choices are the left": (Fault(left=0.7), "position"),
    "90% of guesses are right": (Fault(told=0.9), "guess"),
    "20% of repeats are said the same": (Fault(consistent=0.2), "repeats"),
    "80% of one arm's answers use Markdown": (Fault(markdown=0.8), "artefacts"),
}

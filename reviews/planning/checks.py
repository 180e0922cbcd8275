"""Pairs that check the reviewers: controls, gold and practice. Pure and seeded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evalhub.declare.review import Known
from reviews.blinding import draw
from reviews.models.campaigns import PairKind
from reviews.planning.pairing import Better, Candidate

FEEDBACK = "The automated check finds one of the two answers right and the other wrong."


@dataclass(frozen=True, slots=True)
class Planned:
    """A pair of the plan: which item, which arms' answers, and what is known of it.

    `arms` are the positions of the two arms; in a control they are one and the same, and where
    one answer is rated by itself the second is None.
    """

    kind: PairKind
    key: str
    item: int
    arms: tuple[int, int | None]
    outputs: tuple[int, int | None]
    stratum: str = ""
    expected: str = ""
    feedback: str = ""


def controls(
    pool: Sequence[str],
    candidates: Mapping[str, Candidate],
    seconds: Sequence[Mapping[str, tuple[int, bytes]]],
    *,
    n: int,
    seed: int,
) -> list[Planned]:
    """n A/A pairs, the arms by turns: an arm's answer beside its own second answer.

    `seconds[arm]` has the second answers. Items where those read differently come first, then
    those where the arm has one answer only, which then stands on both sides. `pool` is in the
    order in which items are to be drawn.
    """
    pairs: list[Planned] = []
    used: set[str] = set()
    orders = [
        iter(_differing_first(pool, candidates, seconds[arm], arm)) for arm in range(len(seconds))
    ]
    for index in range(n):
        arm = (index + seed) % len(seconds)
        key = next((key for key in orders[arm] if key not in used), None)
        if key is None:
            break
        used.add(key)
        first = candidates[key].outputs[arm]
        assert first is not None
        second = seconds[arm].get(key, (first, b""))[0]
        pairs.append(
            Planned(PairKind.CONTROL, key, candidates[key].item, (arm, arm), (first, second))
        )
    return pairs


def pairs_with_known_answer(
    known_by_key: Mapping[str, Known],
    certain: Mapping[str, Better],
    candidates: Mapping[str, Candidate],
    arms: tuple[int, int],
    *,
    gold: int,
    practice: int,
    seed: int,
) -> list[Planned]:
    """Practice and gold pairs: what the owner knows the answer of, then what the metric is sure of.

    Of the latter the baseline and the candidate are right by turns, so that always choosing one
    of them helps nobody. `certain` holds only items that may be used.
    """
    chosen_pairs: list[tuple[str, Known]] = []
    wanted = {True: practice, False: gold}
    for practising in (True, False):
        own = [
            key
            for key in _draw_order(known_by_key, seed)
            if known_by_key[key].practice is practising
        ]
        chosen_pairs += [(key, known_by_key[key]) for key in own]
        wanted[practising] = max(0, wanted[practising] - len(own))
    for practising in (True, False):
        chosen = _balance(certain, {key for key, _ in chosen_pairs}, wanted[practising], seed)
        chosen_pairs += [
            (key, Known(expected=certain[key], feedback=FEEDBACK, practice=practising))
            for key in chosen
        ]
    return [
        Planned(
            kind=PairKind.PRACTICE if pair.practice else PairKind.GOLD,
            key=key,
            item=candidates[key].item,
            arms=arms,
            outputs=_outputs(candidates[key], arms),
            expected=pair.expected,
            feedback=pair.feedback,
        )
        for key, pair in chosen_pairs
    ]


def _differing_first(
    pool: Sequence[str],
    candidates: Mapping[str, Candidate],
    seconds: Mapping[str, tuple[int, bytes]],
    arm: int,
) -> list[str]:
    answered = [key for key in pool if candidates[key].outputs[arm] is not None]
    return sorted(
        answered,
        key=lambda key: key not in seconds or seconds[key][1] == candidates[key].digests[arm],
    )


def _balance(certain: Mapping[str, Better], used: set[str], n: int, seed: int) -> list[str]:
    """n keys, as evenly as possible from both expected answers."""
    sides = {
        side: [
            key for key in _draw_order(certain, seed) if certain[key] == side and key not in used
        ]
        for side in ("candidate", "baseline")
    }
    fewer, more = sorted(sides.values(), key=len)
    from_fewer = fewer[: (n + 1) // 2 if len(fewer) < len(more) or n % 2 == 0 else n // 2]
    return from_fewer + more[: n - len(from_fewer)]


def _draw_order(keys: Iterable[str], seed: int) -> list[str]:
    return sorted(keys, key=lambda key: draw(seed, "check", key))


def _outputs(candidate: Candidate, arms: tuple[int, int]) -> tuple[int, int]:
    one, other = (candidate.outputs[arm] for arm in arms)
    assert one is not None
    assert other is not None
    return one, other

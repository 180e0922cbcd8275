"""Did people judge with care, and blindly? Parts of the audit. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict

from evalhub.stats.intervals import clopper_pearson
from reviews.audit.check import PEOPLE, AuditCheck, a_test, binomial_p
from reviews.models import PairKind
from reviews.results.judgment_data import JudgmentData
from reviews.results.reviewer_quality import consistency, share_of

CONSISTENT, ATTENTIVE = 0.5, 0.7
"""Shares of repeats and of gold pairs that careful reviewers reach at least."""


def control(data: JudgmentData) -> AuditCheck:
    counts = Counter(each.favours for each in data.of(kind=PairKind.CONTROL))
    first, second = counts["candidate"], counts["baseline"]
    p = _even(first, second)
    return a_test(
        "control",
        "A/A: two answers of one arm",
        "Pairs of which neither answer can be better for its arm: choices should fall evenly "
        "(exact binomial test).",
        f"{first} to {second}, {counts['tie'] + counts['both-bad']} undecided{_p_text(p)}."
        if counts
        else "The plan has no A/A pairs, or none was judged.",
        p,
        PEOPLE,
        {**{each: counts[each] for each in ("candidate", "baseline", "tie", "both-bad")}, "p": p},
    )


def position(data: JudgmentData) -> AuditCheck:
    chosen = Counter(each.choice for each in data.of() if each.choice in ("left", "right"))
    left, right = chosen["left"], chosen["right"]
    p = _even(left, right)
    share = share_of(left, left + right)
    return a_test(
        "position",
        "The left isn't liked for being left",
        "Of the judgments that chose a side, the share that chose the left (exact binomial test); "
        "sides are dealt evenly, so a lean moves no win score, but it says how carefully people "
        "read.",
        f"{left} of {left + right} chose the left{_p_text(p)}."
        if chosen
        else "No judgment chose a side.",
        p,
        PEOPLE,
        {"left": left, "right": right, "share": asdict(share), "p": p},
    )


def repeats(data: JudgmentData) -> AuditCheck:
    again = consistency(data)
    p = binomial_p(again.consistent, again.pairs, CONSISTENT, "less") if again else None
    return a_test(
        "repeats",
        "People say the same twice",
        "Pairs that one reviewer was shown twice, sides swapped: the same answer should win. Who "
        "goes by the side chooses the other answer the second time (exact binomial test against "
        f"{CONSISTENT:.0%} or more).",
        f"{again.consistent} of {again.pairs} said the same (95% interval {again.lower:.0%} to "
        f"{again.upper:.0%}); {again.same_side} chose the same side instead{_p_text(p)}."
        if again
        else "The plan has no repeats, or none was judged.",
        p,
        PEOPLE,
        asdict(again) | {"p": p} if again else {},
    )


def gold(data: JudgmentData) -> AuditCheck:
    gold = data.of(kind=PairKind.GOLD)
    passed = sum(each.favours == each.pair.expected for each in gold)
    p = binomial_p(passed, len(gold), ATTENTIVE, "less") if gold else None
    return a_test(
        "gold",
        "People pay attention",
        "Pairs whose better answer is known (exact binomial test against "
        f"{ATTENTIVE:.0%} or more as expected).",
        f"{passed} of {len(gold)} were answered as expected{_p_text(p)}."
        if gold
        else "The plan has no gold pairs, or none was judged.",
        p,
        PEOPLE,
        {"judged": len(gold), "passed": passed, "share": asdict(share_of(passed, len(gold)))}
        | {"p": p},
    )


def guesses(rows: Iterable[tuple[str, bool]]) -> AuditCheck:
    """Check of the guesses. Rows: the side guessed as tuned, whether the candidate was left."""
    counts = Counter(
        "unsure" if side == "unsure" else "right" if (side == "left") == on_left else "wrong"
        for side, on_left in rows
    )
    right, wrong = counts["right"], counts["wrong"]
    p = _even(right, wrong)
    lower, upper = clopper_pearson(right, right + wrong) if right + wrong else (0.0, 1.0)
    return a_test(
        "guess",
        "Reviewers can't tell which was tuned",
        "After the last vote, which side of a few of one's own pairs was the tuned model? Against "
        "chance (exact binomial test).",
        f"{right} of {right + wrong} guesses were right (95% interval {lower:.0%} to {upper:.0%})"
        f"{_p_text(p)}; {counts['unsure']} couldn't tell."
        if counts
        else "It wasn't asked, or nobody has answered.",
        p,
        PEOPLE,
        {"right": right, "wrong": wrong, "unsure": counts["unsure"], "p": p},
    )


def _even(one: int, other: int) -> float | None:
    """Two-sided p-value of a fair coin; None without any toss."""
    return binomial_p(one, one + other) if one + other else None


def _p_text(p: float | None) -> str:
    return "" if p is None else f" (p = {p:.2g})"

"""Did people judge with care, and blindly? Parts of the audit."""

from collections import Counter
from dataclasses import asdict

from evalhub.stats.intervals import clopper_pearson
from evalhub.stats.permutation import mcnemar_exact
from reviews.audit.check import LEVEL, Check, status_of
from reviews.models import Campaign, Guess, PairKind
from reviews.results.judgment_data import JudgmentData
from reviews.results.reviewer_quality import consistency, share_of


def control(found: JudgmentData) -> Check:
    counts = Counter(each.favours for each in found.of(kind=PairKind.CONTROL))
    first, second = counts["candidate"], counts["baseline"]
    p = mcnemar_exact(first, second)
    return Check(
        "control",
        "A/A: two answers of one arm",
        "Pairs of which neither answer can be better for its arm: choices should fall evenly.",
        f"{first} to {second}, {counts['tie'] + counts['both-bad']} undecided (p = {p:.2g})."
        if counts
        else "The plan has no A/A pairs, or none was judged.",
        status_of(bool(counts), p >= LEVEL),
        {**{each: counts[each] for each in ("candidate", "baseline", "tie", "both-bad")}, "p": p},
    )


def position(found: JudgmentData) -> Check:
    chosen = Counter(each.choice for each in found.of() if each.choice in ("left", "right"))
    left, right = chosen["left"], chosen["right"]
    p = mcnemar_exact(left, right)
    share = share_of(left, left + right)
    return Check(
        "position",
        "The left isn't liked for being left",
        "Of the judgments that chose a side, the share that chose the left; sides are dealt "
        "evenly, so a lean moves no win score, but it says how carefully people read.",
        f"{left} of {left + right} chose the left (p = {p:.2g})."
        if chosen
        else "No judgment chose a side.",
        status_of(bool(chosen), p >= LEVEL),
        {"left": left, "right": right, "share": asdict(share), "p": p},
    )


def repeats(found: JudgmentData) -> Check:
    again = consistency(found)
    tested = (
        "Pairs that one reviewer was shown twice, sides swapped: the same answer should win. Who "
        "goes by the side chooses the other answer the second time."
    )
    if again is None:
        return Check(
            "repeats", "People say the same twice", tested,
            "The plan has no repeats, or none was judged.", "nothing", {},
        )  # fmt: skip
    return Check(
        "repeats",
        "People say the same twice",
        tested,
        f"{again.consistent} of {again.pairs} said the same (95% interval {again.lower:.0%} to "
        f"{again.upper:.0%}); {again.same_side} chose the same side instead.",
        status_of(True, again.upper >= 0.5 and again.same_side <= again.consistent),
        asdict(again),
    )


def gold(found: JudgmentData) -> Check:
    gold = found.of(kind=PairKind.GOLD)
    passed = sum(each.favours == each.pair.expected for each in gold)
    share = share_of(passed, len(gold))
    return Check(
        "gold",
        "People pay attention",
        "Pairs whose better answer is known.",
        f"{passed} of {len(gold)} were answered as expected."
        if gold
        else "The plan has no gold pairs, or none was judged.",
        status_of(bool(gold), share.upper is None or share.upper >= 0.7),
        {"judged": len(gold), "passed": passed, "share": asdict(share)},
    )


def guesses(campaign: Campaign) -> Check:
    rows = Guess.objects.filter(assignment__reviewer__campaign=campaign).values_list(
        "side", "assignment__candidate_on_left"
    )
    guesses = Counter(
        "unsure" if side == "unsure" else "right" if (side == "left") == on_left else "wrong"
        for side, on_left in rows
    )
    right, wrong = guesses["right"], guesses["wrong"]
    p = mcnemar_exact(right, wrong)
    lower, upper = clopper_pearson(right, right + wrong) if right + wrong else (0.0, 1.0)
    return Check(
        "guess",
        "Reviewers can't tell which was tuned",
        "After the last vote, which side of a few of one's own pairs was the tuned model? Against "
        "chance (exact binomial test).",
        f"{right} of {right + wrong} guesses were right (95% interval {lower:.0%} to {upper:.0%}, "
        f"p = {p:.2g}); {guesses['unsure']} couldn't tell."
        if guesses
        else "It wasn't asked, or nobody has answered.",
        status_of(bool(guesses), p >= LEVEL),
        {"right": right, "wrong": wrong, "unsure": guesses["unsure"], "p": p},
    )

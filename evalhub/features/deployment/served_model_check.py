"""Decides whether a server serves the evaluated model, from its answers. Pure.

A probe is an item that the version answered when it was evaluated. It is asked twice: alone, and
among others. Where the same model answers, its first answer now and the kept one are two draws of
one distribution, and so are its first and its second: whether just one of the two pairs agrees is
then as likely one way as the other. So what a batch or a processor changes by itself is measured
beside what is in question, and an exact sign test (McNemar's, 1947) tells them apart.

That a model answers alike says nothing where its base would, too. So what the base answered to the
same probes when it was evaluated is held beside it, by the same test.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from evalhub.stats.sign_test import sign_test

PROBES = 32
LEVEL = 0.01
"""Of each test, one-sided."""
MOST_CHANGED = 0.2
"""Share of the probes that another processor, precision or engine may change by near-ties."""
TOLERANCE = 0.25
"""Most that two log-probabilities of one answer may differ: docs/explanation/decisions/probes.md"""
FLOOR = 0.01
"""Nats a token: below it a log-probability is its own rounding."""
FEWEST = 7
"""Probes by which a test of this level can tell anything: 2 to the -7 is below it."""


class ProbeVerdict(StrEnum):
    SAME = "same"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ComparedAnswer:
    """An answer to compare; `logprob` is the sum over its tokens, in nats."""

    text: str
    calls: Any = None
    logprob: float | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ProbedItem:
    """An item that was asked twice, with the stored answers to it.

    Attributes:
        parent: what the version's base answered; None where that isn't kept.
    """

    key: str
    kept: ComparedAnswer
    first: ComparedAnswer
    second: ComparedAnswer
    parent: ComparedAnswer | None = None


@dataclass(frozen=True, slots=True)
class ProbeFinding:
    """The outcome of a probe.

    Attributes:
        changed: probes whose first answer isn't the kept one.
        varied: whose second answer isn't the first.
        telling: whose kept answer isn't the base's; None where the base's are kept of none.
        borne_out: of those, that were answered as the version did, and not as its base.
        as_parent: of those, that were answered as its base did.
        by_likelihood: that were compared by their log-probabilities too.
        largest: of the distances of those.
        p_changed: that they are the same model's, beside what varies by itself.
        p_beyond: that so many are changed by near-ties.
        p_borne_out: that the base would be borne out so often.
        otherwise: the keys of the changed probes.
    """

    outcome: ProbeVerdict
    why: str
    probes: int
    failed: int
    changed: int
    varied: int
    telling: int | None
    borne_out: int
    as_parent: int
    by_likelihood: int
    largest: float | None
    p_changed: float
    p_beyond: float
    p_borne_out: float | None
    otherwise: tuple[str, ...]


def distance(one: ComparedAnswer, other: ComparedAnswer) -> float | None:
    """Relative difference of two log-probabilities of the same text; None if one is unknown or the
    texts differ.

    Rounding moves a token's logits by some d nats, and by that its log-probability by d (1 - p) at
    most, which is no more than d |ln p|: so all of an answer's by d times what they sum up to. The
    share is therefore about how far logits have moved, whatever the answer's length and certainty.
    """
    if one.text != other.text or one.logprob is None or other.logprob is None:
        return None
    tokens = max(1, one.tokens or 0, other.tokens or 0)
    size = max(abs(one.logprob), abs(other.logprob)) + FLOOR * tokens
    return abs(one.logprob - other.logprob) / size


def otherwise(one: ComparedAnswer, other: ComparedAnswer, tolerance: float = TOLERANCE) -> bool:
    """Whether two answers come from different models, as far as they can show it."""
    if one.text != other.text or (one.calls or []) != (other.calls or []):
        return True
    apart = distance(one, other)
    return apart is not None and apart > tolerance


def compare_answers(
    probed: Sequence[ProbedItem],
    *,
    failed: int = 0,
    listing_error: str = "",
    tolerance: float = TOLERANCE,
) -> ProbeFinding:
    """Compares all probed items and draws the conclusion.

    Args:
        failed: probes that got no answer.
        listing_error: what is wrong with what the server says of the model; "" where nothing is.
        tolerance: of the distance of two log-probabilities.
    """
    changed = {each.key: otherwise(each.first, each.kept, tolerance) for each in probed}
    varied = {each.key: otherwise(each.second, each.first, tolerance) for each in probed}
    more = sum(changed[key] and not varied[key] for key in changed)
    fewer = sum(varied[key] and not changed[key] for key in changed)
    with_parent = [(each, each.parent) for each in probed if each.parent is not None]
    telling = [(each, by) for each, by in with_parent if otherwise(by, each.kept, tolerance)]
    borne_out = sum(not changed[each.key] for each, _ in telling)
    as_parent = sum(not otherwise(each.first, by, tolerance) for each, by in telling)
    distances = [apart for each in probed if (apart := distance(each.first, each.kept)) is not None]
    undecided = ProbeFinding(
        outcome=ProbeVerdict.UNKNOWN,
        why="",
        probes=len(probed),
        failed=failed,
        changed=sum(changed.values()),
        varied=sum(varied.values()),
        telling=len(telling) if with_parent else None,
        borne_out=borne_out,
        as_parent=as_parent,
        by_likelihood=len(distances),
        largest=max(distances, default=None),
        p_changed=sign_test(more, fewer),
        p_beyond=_p_beyond(sum(changed.values()), len(probed)),
        p_borne_out=sign_test(borne_out, len(telling) - borne_out) if with_parent else None,
        otherwise=tuple(each.key for each in probed if changed[each.key]),
    )
    outcome, why = _conclude(undecided, listing_error)
    return replace(undecided, outcome=outcome, why=why)


def _p_beyond(changed: int, probes: int) -> float:
    """Binomial tail: the probability of `changed` or more of `probes`, each with MOST_CHANGED."""
    from scipy.stats import binom  # slow to import

    return float(binom.sf(changed - 1, probes, MOST_CHANGED))


def _conclude(finding: ProbeFinding, listing_error: str) -> tuple[ProbeVerdict, str]:
    n = finding.probes
    if listing_error:
        return ProbeVerdict.DIFFERS, listing_error
    # an answer like neither says nothing: a base varies by itself, too
    as_base = sign_test(finding.as_parent, finding.borne_out) <= LEVEL and 2 * finding.as_parent > (
        finding.telling or 0
    )
    if finding.p_changed <= LEVEL and (finding.p_beyond <= LEVEL or as_base):
        sentence = f"{finding.changed} of {n} probes are answered otherwise"
        if finding.varied:
            sentence += f", where asking twice changes {finding.varied}"
        if as_base:
            sentence += (
                f"; of the {finding.telling} that its base answers otherwise, {finding.as_parent} "
                "are answered as the base does: the adapter isn't applied"
            )
        return ProbeVerdict.DIFFERS, sentence
    if n < FEWEST:
        return (
            ProbeVerdict.UNKNOWN,
            f"{n} probes were answered, and fewer than {FEWEST} tell nothing",
        )
    if finding.failed > MOST_CHANGED * (n + finding.failed):
        return (
            ProbeVerdict.UNKNOWN,
            f"{finding.failed} of {n + finding.failed} probes got no answer",
        )
    if finding.varied > MOST_CHANGED * n and finding.changed > MOST_CHANGED * n:
        return ProbeVerdict.UNKNOWN, (
            f"asked twice, {finding.varied} of {n} probes are answered in two ways, and "
            f"{finding.changed} otherwise than they were: answers are drawn, or vary by themselves"
        )
    if finding.changed > MOST_CHANGED * n:
        return ProbeVerdict.UNKNOWN, (
            f"{finding.changed} of {n} probes are answered otherwise: too many for near-ties, and "
            "too few to prove another model"
        )
    if finding.telling is not None and (finding.p_borne_out or 0) > LEVEL:
        return ProbeVerdict.UNKNOWN, _not_borne_out(finding)
    return ProbeVerdict.SAME, f"{n - finding.changed} of {n} probes are answered as they were"


def _not_borne_out(finding: ProbeFinding) -> str:
    """Why the items on which version and base differ don't show which of the two answers."""
    telling = finding.telling or 0
    if sign_test(telling, 0) > LEVEL:
        return (
            f"its base answers all but {telling} of the {finding.probes} probes alike, so that "
            "they don't tell the two apart"
        )
    return (
        f"of the {telling} probes that its base answers otherwise, {finding.borne_out} are "
        "answered as the version did: too few to be sure, so ask more of them (--probes)"
    )

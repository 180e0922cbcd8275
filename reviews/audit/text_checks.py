"""Do the texts themselves tell the arms apart? Parts of the audit. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalhub.declare.review import Show
from evalhub.stats.multiplicity import holm
from reviews.audit.check import LEVEL, PEOPLE, AuditCheck, a_test, binomial_p, status_of
from reviews.audit.scan import Scan
from reviews.identifiability import FEWEST, MOST, TELLS, Telling
from reviews.models import PairKind
from reviews.results.judgment_data import JudgmentData
from reviews.traits import Trait


def leaks(scan: Scan) -> AuditCheck:
    counts = {
        trait.key: {
            "candidate": scan.candidate[trait.key],
            "baseline": scan.baseline[trait.key],
            "items": scan.examples.get(trait.key, []),
        }
        for trait in scan.traits()
        if trait.leaks
    }
    leaking = [
        f"{trait.title}: {scan.candidate[trait.key]} of the candidate's answers, "
        f"{scan.baseline[trait.key]} of the baseline's"
        for trait in scan.traits()
        if trait.leaks and scan.candidate[trait.key] + scan.baseline[trait.key]
    ]
    return AuditCheck(
        "leaks",
        "Answers don't say who wrote them",
        f"Both answers of {scan.pairs} pairs are searched for models' and makers' names, sentences "
        "in which an answer says what it is, template tokens and the arms' own names. Nothing is "
        "left out over it: that would bias.",
        "; ".join(leaking) + "." if leaking else "Nothing was found.",
        status_of(scan.pairs > 0, not leaking),
        {"pairs": scan.pairs, "traits": counts},
    )


DOUBT = 0.05
"""A trait that goes with an arm by a p-value below this leaves it open that they look alike."""


def artefacts(scan: Scan, data: JudgmentData) -> AuditCheck:
    """One-arm artefacts that a reader sees."""
    traits = [trait for trait in scan.traits() if trait.is_visible and not trait.leaks]
    p_values = _p_values(scan, traits)
    least = min(p_values.values(), default=1.0)
    tells = _tells(scan, traits, p_values, DOUBT)
    if scan.pairs < FEWEST:
        text = f"{scan.pairs} pairs are too few to say so (fewer than {FEWEST})"
        text = f"{text}; {'; '.join(tells)}." if tells else f"{text}."
    else:
        text = f"{'; '.join(tells)}. A reader could use it." if tells else "No trait goes with one."
    return a_test(
        "artefacts",
        "No trait goes with an arm",
        f"Of each of {len(traits)} traits (JSON, Markdown, lists, endings), how many pairs have it "
        "in one answer only, and of which arm (McNemar's exact test, for as many tests as there "
        "are different ones).",
        text,
        min(1.0, max(scan.distinct(traits), 1) * least) if scan.pairs else None,
        PEOPLE,
        _counts(scan, traits) | {"p_values": p_values} | _lengths(data),
        enough=scan.pairs >= FEWEST and not tells,
    )


def hidden_bytes(scan: Scan) -> AuditCheck:
    """Check for hidden bytes that only one arm's answers have; pages strip them."""
    traits = [trait for trait in scan.traits() if not trait.is_visible]
    p_values = _p_values(scan, traits)
    tells = _tells(scan, traits, p_values, LEVEL)
    return AuditCheck(
        "bytes",
        "No hidden bytes tell them apart",
        f"Of each of {len(traits)} traits that pages take out of both answers, how many pairs have "
        "it in one answer only (McNemar's exact test).",
        f"{'; '.join(tells)}. Pages show none of it: it is taken out of both answers before."
        if tells
        else "No trait goes with an arm.",
        status_of(scan.pairs > 0, True),
        _counts(scan, traits) | {"p_values": p_values},
    )


def telling(
    result: Telling, items: int, show: Show, when_sealed: Mapping[str, Any] | None = None
) -> AuditCheck:
    """How well text alone tells the arms apart. That a reader could tell doesn't prove that one
    did."""
    measured = f"{result}. "
    if result.choice is not None:
        measured = f"{measured[0].upper()}{measured[1:]}"
    telling = "; ".join(map(str, result.features))
    before = ""
    if when_sealed and when_sealed["share"] is not None:
        before = (
            f"When the plan was sealed it was known: {when_sealed['right']:g} of "
            f"{when_sealed['pairs']} pairs ({when_sealed['share']:.0%}). "
        )
    sampled = "" if items <= MOST else f" Measured on {MOST:,} of {items:,} items, drawn by digest."
    return a_test(
        "telling",
        "Text alone doesn't tell the arms apart",
        "A plain classifier of what a reader sees (form, endings, length, words, letters) learns "
        "whose answers are whose from nine tenths of the items and says it of the rest (test by "
        "exchanging the two answers of an item; the interval allows for what the tenths share). "
        f"It passes where at most {TELLS:.0%} can be told apart.{sampled}",
        f"{measured}{telling + '. ' if telling else ''}{before}{show.sentence}".strip(),
        None if result.choice is None else result.choice.p,
        PEOPLE,
        result.as_json() | {"show": show.as_json(), "when_sealed": dict(when_sealed or {})},
        enough=result.alike,
    )


def _p_values(scan: Scan, traits: Iterable[Trait]) -> dict[str, float]:
    return {
        trait.key: binomial_p(fewer, fewer + more)
        for trait in traits
        if (fewer := scan.only_baseline[trait.key]) + (more := scan.only_candidate[trait.key])
    }


def _tells(
    scan: Scan, traits: Iterable[Trait], p_values: Mapping[str, float], level: float
) -> list[str]:
    """Sentences on traits that are more common in one arm, corrected over the traits alone."""
    corrected = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    return [
        f"{trait.title}: {scan.candidate[trait.key]} of the candidate's answers, "
        f"{scan.baseline[trait.key]} of the baseline's"
        for trait in traits
        if corrected.get(trait.key, 1) <= level
    ]


def _counts(scan: Scan, traits: Sequence[Trait]) -> dict[str, Any]:
    return {
        "pairs": scan.pairs,
        "candidate": {trait.key: scan.candidate[trait.key] for trait in traits},
        "baseline": {trait.key: scan.baseline[trait.key] for trait in traits},
    }


def _lengths(data: JudgmentData) -> dict[str, Any]:
    main = [pair for pair in data.pairs.values() if pair.kind == PairKind.MAIN]
    longer = sum(pair.candidate_length > pair.baseline_length for pair in main)
    shorter = sum(pair.candidate_length < pair.baseline_length for pair in main)
    return {"candidate_longer": longer, "candidate_shorter": shorter}

"""Do the texts themselves tell the arms apart? Parts of the audit. Pure."""

from collections.abc import Iterator
from typing import Any

from evalhub.stats.multiplicity import holm
from reviews.audit.check import LEVEL, PEOPLE, Check, binomial_p, status_of, times
from reviews.audit.leaks import Scan
from reviews.models import PairKind
from reviews.results.judgment_data import JudgmentData


def leaks(scan: Scan) -> Check:
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
    return Check(
        "leaks",
        "Answers don't say who wrote them",
        f"Both answers of {scan.pairs} pairs are searched for models' and makers' names, sentences "
        "in which an answer says what it is, template tokens and the arms' own names. Nothing is "
        "left out over it: that would bias.",
        "; ".join(leaking) + "." if leaking else "Nothing was found.",
        status_of(scan.pairs > 0, not leaking),
        {"pairs": scan.pairs, "traits": counts},
    )


def artefacts(scan: Scan, found: JudgmentData) -> Iterator[Check]:
    """One-arm artefacts: those a reader sees, and those that were taken out before showing."""
    for shown, key, title in (
        (True, "artefacts", "The arms look alike"),
        (False, "bytes", "No hidden bytes tell them apart"),
    ):
        traits = [trait for trait in scan.traits() if trait.shown == shown and not trait.leaks]
        p_values = {
            trait.key: binomial_p(fewer, fewer + more)
            for trait in traits
            if (fewer := scan.only_baseline[trait.key]) + (more := scan.only_candidate[trait.key])
        }
        corrected = dict(zip(p_values, holm(list(p_values.values())), strict=True))
        told = [
            f"{trait.title}: {scan.candidate[trait.key]} of the candidate's answers, "
            f"{scan.baseline[trait.key]} of the baseline's"
            for trait in traits
            if corrected.get(trait.key, 1) <= LEVEL
        ]
        after = (
            "A reader could use it."
            if shown
            else "Pages show none of it: it is taken out of both answers before."
        )
        numbers = {
            "pairs": scan.pairs,
            "candidate": {trait.key: scan.candidate[trait.key] for trait in traits},
            "baseline": {trait.key: scan.baseline[trait.key] for trait in traits},
            "p_values": p_values,
        }
        tested = (
            f"Of each of {len(traits)} traits, how many pairs have it in one answer only, and of "
            "which arm (McNemar's exact test)."
        )
        words = f"{'; '.join(told)}. {after}" if told else "No trait goes with an arm."
        yield Check(
            key,
            title,
            tested,
            words,
            status_of(scan.pairs > 0, True),
            numbers | (_lengths(found) if shown else {}),
            p=times(p_values.values()) if shown else None,
            weight=PEOPLE,
        )


def _lengths(found: JudgmentData) -> dict[str, Any]:
    main = [pair for pair in found.pairs.values() if pair.kind == PairKind.MAIN]
    longer = sum(pair.candidate_length > pair.baseline_length for pair in main)
    shorter = sum(pair.candidate_length < pair.baseline_length for pair in main)
    return {"candidate_longer": longer, "candidate_shorter": shorter}

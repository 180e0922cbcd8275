"""A decision with the items that its candidate was trained on, and without them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.rule import Ruling
from evalhub.decision.sections.base import CleanRow
from evalhub.decision.sections.leakage import LeakageRow, LeakageSection
from evalhub.declare.policy import LeakageUse
from evalhub.ledger.leakage.overlaps import leaked_keys
from evalhub.ledger.scores import Pairing
from evalhub.registry.models import StudyArm


@dataclass(frozen=True, slots=True)
class Leak:
    """What a candidate has seen of one test set: item key → where and how.

    `again` where these are the items of another, of which it is told already.
    """

    name: str
    items: int
    found: Mapping[str, str]
    again: bool = False

    def clean(self, pairing: Pairing) -> NDArray[np.bool_]:
        """Which of the pairing's rows the candidate hasn't seen."""
        return np.array([each.key not in self.found for each in pairing.aligned.items], dtype=bool)

    def row(self) -> LeakageRow:
        kinds = Counter(_kind(said) for said in self.found.values())
        return LeakageRow(
            test_set=self.name,
            items=self.items,
            leaked=len(self.found),
            kinds=dict(sorted(kinds.items())),
        )


def leaks_of(arm: StudyArm, pairings: Mapping[str, Pairing]) -> list[Leak]:
    """A leak for each test set that the arm's training data were looked at for."""
    found: list[Leak] = []
    told: set[int] = set()
    for name, pairing in pairings.items():
        version = pairing.candidate.run.test_set_version
        keys = None if pairing.aligned.same else leaked_keys(arm.version, version)
        if keys is not None:
            judged = {each.key for each in pairing.aligned.items}
            seen = {key: said for key, said in keys.items() if key in judged}
            found.append(Leak(name, len(judged), seen, again=version.pk in told))
            told.add(version.pk)
    return found


def disagreement(arm: StudyArm, everything: Ruling, clean: Ruling | None) -> str | None:
    """Why a verdict that rests on leaked items is none; None where it stands without them."""
    if clean is None:
        return (
            f"{arm} was trained on every item of a test set, or on every item of a tag of its mix: "
            "nothing clean is left to judge"
        )
    if clean.verdict == everything.verdict:
        return None
    return (
        f"{arm} was trained on items that it is judged by, and the verdict hangs on them: judge "
        "it on items that it hasn't seen"
    )


def leakage_section(
    leaks: list[Leak],
    rule: LeakageUse,
    everything: Ruling,
    clean: Ruling | None,
) -> LeakageSection:
    """The record's `leakage`: what was found, and both verdicts with what they rest on."""
    return LeakageSection(
        rule=rule,
        test_sets=tuple(each.row() for each in leaks if not each.again),
        verdict_all=everything.verdict,
        verdict_clean=None if clean is None else clean.verdict,
        clean=() if clean is None else tuple(CleanRow.of(each) for each in clean.criteria),
    )


def _kind(said: str) -> str:
    """The strongest way in which an item was found, out of "input: 13-gram, line 12; …"."""
    ways = {each.split(": ")[-1].split(", ")[0] for each in said.split("; ")}
    for strongest in ("exact", "near-duplicate"):
        if strongest in ways:
            return strongest
    return max(ways, key=lambda way: (len(way), way))

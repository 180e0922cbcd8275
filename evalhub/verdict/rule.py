"""From measured criteria to one verdict with its reasons. Pure.

Ship needs every critical criterion: an intersection-union test (Berger 1982), so no correction is
due and more guards cost only power. Where one primary of several is enough ("any-of"), their
intervals are at alpha divided by their number (Bonferroni, the first step of Holm), so that the
chance of a ship without any gain stays at alpha.

Hold needs proof: harm by Holm's method at `harm_alpha` over the guards and budgets (loss beyond
the margin) and what must gain (any loss), several of those being one hypothesis there; or
futility (the interval of a primary lies wholly below the gain that is asked; with "any-of", of
every primary). Everything between is "need more data". Evidence that can't be compared gives no
verdict at all: "invalid".

A supporting criterion holds when harm is shown and never keeps a ship back; an advisory one
decides nothing and is left out of Holm's family.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalhub.schemas.criteria import Criterion
from evalhub.schemas.declaration import default_of
from evalhub.schemas.policy import Primaries, Rule
from evalhub.schemas.verdicts import Status, Verdict
from evalhub.stats.multiplicity import holm
from evalhub.verdict.criteria import SAME_RUN, Requirement
from evalhub.verdict.needed import needed_in_all, with_needs
from evalhub.verdict.wording import headline, reasons, sentence

HARM_ALPHA: float = default_of(Rule, "harm_alpha")
PRIMARIES: Primaries = default_of(Rule, "primaries")


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict and why.

    `invalid` and `pending` are what the verdict was told beside the criteria; `primaries` and
    `harm_alpha` the rule that it was given by.
    """

    verdict: Verdict
    headline: str
    reasons: list[str]
    criteria: list[Criterion]
    needed_n: int | None
    invalid: list[str]
    pending: list[str]
    primaries: Primaries = PRIMARIES
    harm_alpha: float = HARM_ALPHA


def decide(
    candidate: str,
    criteria: Sequence[Criterion],
    *,
    invalid: Sequence[str] = (),
    pending: Sequence[str] = (),
    harm_alpha: float = HARM_ALPHA,
    primaries: Primaries = PRIMARIES,
) -> Ruling:
    """The verdict on `candidate`.

    Args:
        candidate: name of the arm, for the sentences.
        criteria: every criterion that could be measured, at the level that `primaries` asks for
            (see evalhub.verdict.align.criteria_of).
        invalid: what makes the evidence unfit for a verdict, one sentence each.
        pending: what is still to be measured (a review without judgments), one sentence each:
            it keeps a ship back, never a hold.
        harm_alpha: family-wise level at which harm is called.
        primaries: whether every primary must gain, or one is enough and none may be harmed.
    """
    p_harm = harm_p_values(criteria)
    harmed = [p <= harm_alpha for p in p_harm]
    judged = [
        each.model_copy(update={"status": _status(each, p <= harm_alpha), "p_harm_adjusted": p})
        for each, p in zip(criteria, p_harm, strict=True)
    ]
    against = _against(judged, harmed, primaries)
    blocking = _blocking(judged, primaries)
    judged = [
        each.model_copy(update={"sentence": sentence(each)})
        for each in with_needs(judged, blocking, primaries)
    ]
    told = list(invalid), list(pending), primaries, harm_alpha
    if invalid or not judged:
        why = list(invalid) or ["nothing was measured"]
        said = f"No verdict on {candidate}: {why[0]}"
        return Ruling(Verdict.INVALID, said, why, judged, None, *told)
    needed = None
    if any(against):
        verdict = Verdict.HOLD
    elif any(blocking) or pending:
        verdict = Verdict.MORE
        needed = needed_in_all(judged, blocking, primaries)
    else:
        verdict = Verdict.SHIP
    said = headline(candidate, judged, verdict, against, blocking, pending)
    why = [*reasons(judged, against, blocking, primaries), *(f"? {text}" for text in pending)]
    return Ruling(verdict, said, why, judged, needed, *told)


def alphas_of(
    requirements: Sequence[Requirement | Criterion],
    *,
    alpha: float,
    primaries: Primaries = PRIMARIES,
    alphas: Mapping[str, float] | None = None,
) -> list[float]:
    """The one-sided level of each requirement's bounds.

    Where one of k primaries is enough, each is at alpha/k: then the chance that one of k that gain
    nothing passes is at most alpha (Bonferroni). Holm's method would ship just the same studies,
    since it too asks that the smallest p-value be at most alpha/k. `alphas` holds, by a
    requirement's name, the level that it has instead of `alpha`, before it is divided.
    """
    rivals = sum(each.role == "primary" for each in requirements)
    shares = {"primary": rivals} if primaries == "any-of" else {}
    return [
        (alphas or {}).get(each.name, alpha) / shares.get(each.role, 1) for each in requirements
    ]


def harm_p_values(criteria: Sequence[Criterion]) -> list[float]:
    """Each criterion's p-value of harm, adjusted for all that are looked at.

    What must gain (primaries and people's preference) is one family, harmed if any member is: its
    p-value is the smallest of its members' after Holm within the family, so k times the smallest.
    Holm over the guards, the budgets and this family controls the chance that anything is called
    harmed wrongly, and adding a primary that gains doesn't make a guard's harm harder to show. A
    member is called harmed if the family is and its own adjusted p-value says so. What is advisory
    isn't in the family: it keeps its own p-value.
    """
    adjusted = [each.p_harm for each in criteria]
    counted = [i for i, each in enumerate(criteria) if each.tier != "advisory"]
    gains = [i for i in counted if criteria[i].must_gain]
    guards = [i for i in counted if not criteria[i].must_gain]
    within = [float(p) for p in holm([criteria[i].p_harm for i in gains])] if gains else []
    family = [min(within)] if gains else []
    across = [float(p) for p in holm(family + [criteria[i].p_harm for i in guards])]
    for i, p in zip(guards, across[len(family) :], strict=True):
        adjusted[i] = p
    for i, p in zip(gains, within, strict=True):
        adjusted[i] = max(p, across[0])
    return adjusted


def _status(criterion: Criterion, harmed: bool) -> Status:
    if criterion.holds:
        return Status.PASS
    if criterion.method == SAME_RUN:
        return Status.PASS if criterion.role == "guard" else Status.FAIL
    futile = criterion.must_gain and criterion.upper < max(criterion.min_gain or 0.0, 0.0)
    return Status.FAIL if harmed or futile else Status.UNDECIDED


def _against(
    judged: Sequence[Criterion], harmed: Sequence[bool], primaries: Primaries
) -> list[bool]:
    """Which criteria hold the candidate back.

    Where one primary is enough, one that only gains too little holds nothing back while another
    may still gain; one that loses does.
    """
    rivals = [each for each in judged if each.role == "primary"]
    hopeless = all(each.status is Status.FAIL for each in rivals)

    def holds(each: Criterion, harm: bool) -> bool:
        if each.status is not Status.FAIL or each.tier == "advisory":
            return False
        spared = primaries == "any-of" and each.role == "primary" and not hopeless
        return not spared or harm or each.upper < 0

    return [holds(each, harm) for each, harm in zip(judged, harmed, strict=True)]


def _blocking(judged: Sequence[Criterion], primaries: Primaries) -> list[bool]:
    """Which undecided criteria a ship waits for."""
    gained = primaries == "any-of" and any(
        each.role == "primary" and each.status is Status.PASS for each in judged
    )
    return [
        each.status is Status.UNDECIDED
        and each.tier == "critical"
        and not (gained and each.role == "primary")
        for each in judged
    ]

"""From measured criteria to one verdict with its reasons. Pure.

A criterion's status is where its interval lies: it passes wholly on the side of its bound that is
asked, fails wholly on the other, and is open between. The end that must pass is at the criterion's
alpha, which the ledger may have divided; the other at harm's level, whole for each criterion.

Ship needs every critical criterion to pass: an intersection-union test (Berger 1982), so no
correction is due and more guards cost only power. Where one primary of several is enough
("any-of"), their alpha is divided by their number (Bonferroni, the first step of Holm), so that the
chance of a ship without any gain stays at alpha.

Hold needs one critical or supporting criterion that fails; with "any-of" a primary holds only where
it is shown to lose, or where every primary fails. So no criterion that passes takes a hold back.
Hold, too, where an arm that isn't fine-tuned is shown to do as well as the fine-tuned candidate,
and where a gain is beyond belief and the policy says that this holds.
Everything between is "need more data". Evidence that can't be compared gives no verdict at all:
"invalid", and no number of it is kept.

A guard that can't show a loss on its items, since the baseline scores no better than its margin
there, doesn't pass: it is open. It keeps no ship back, as long as something else critical speaks of
quality; where nothing does, nothing was shown, and all of them are waited for.

A supporting criterion in doubt never keeps a ship back; an advisory one decides nothing. Holm's
method over all others only chooses words: whether harm is shown after correction for their number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalhub.decision.criterion import Criterion
from evalhub.decision.headline import headline
from evalhub.decision.needed import total_needed, with_needs
from evalhub.decision.policy import Rule
from evalhub.decision.requirements import Requirement
from evalhub.decision.tails import tail_cautions
from evalhub.decision.wording import SAME_RUN, reasons, sentence, shows_nothing
from evalhub.declare.declaration import default_of
from evalhub.declare.policy import Primaries
from evalhub.declare.verdicts import Status, Verdict
from evalhub.stats.multiplicity import holm

PRIMARIES: Primaries = default_of(Rule, "primaries")


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict with its reasons.

    `invalid`, `pending`, `as_good` and `registered` are what the verdict was told beside the
    criteria; `primaries` the rule that it was given by. An invalid one has no criteria.
    """

    verdict: Verdict
    headline: str
    reasons: list[str]
    criteria: list[Criterion]
    needed_n: int | None
    invalid: list[str]
    pending: list[str]
    as_good: list[str]
    primaries: Primaries = PRIMARIES
    registered: bool = True


def decide(
    candidate: str,
    criteria: Sequence[Criterion],
    *,
    invalid: Sequence[str] = (),
    pending: Sequence[str] = (),
    as_good: Sequence[str] = (),
    unbelieved: Sequence[str] = (),
    cautions: Sequence[str] = (),
    primaries: Primaries = PRIMARIES,
    registered: bool = True,
    users_come: bool = False,
) -> Ruling:
    """The verdict on `candidate`.

    Args:
        candidate: name of the arm, for the sentences.
        criteria: every criterion that could be measured, at the level that `primaries` asks for
            (see evalhub.decision.align.criteria_of).
        invalid: what makes the evidence unfit for a verdict, one sentence each.
        pending: what is still to be measured (a review without judgments), one sentence each:
            it keeps a ship back, never a hold.
        as_good: which arms that aren't fine-tuned are shown to do as well as the candidate, which
            is, a sentence each (see evalhub.decision.sections.baseline_choice.as_good).
        unbelieved: which gains are beyond belief, where that holds a ship back, a sentence each.
        cautions: what else a reader of the reasons must know, a sentence each; it decides nothing.
        primaries: whether every primary must gain, or one is enough and none may be harmed.
        registered: whether a ledger counts this look; where none does the headline says so.
        users_come: a live experiment, which waits as long as nothing could be measured. Anything
            else of which nothing was is unfit for a verdict.
    """
    sentences = list(invalid), list(pending)
    if invalid or not (criteria or (users_come and pending)):
        why = list(invalid) or ["nothing was measured"]
        heading = f"No verdict on {candidate}: {why[0]}"
        return Ruling(
            Verdict.INVALID, heading, why, [], None, *sentences, [], primaries, registered
        )
    judged = [
        criterion.model_copy(update={"status": _status(criterion), "p_harm_adjusted": p})
        for criterion, p in zip(criteria, harm_p_values(criteria), strict=True)
    ]
    against = _against(judged, primaries)
    blocking = _blocking(judged, primaries)
    family = sum(each.tier != "advisory" and not each.kind.counts_users for each in judged)
    judged = [
        criterion.model_copy(update={"sentence": sentence(criterion, family=family)})
        for criterion in with_needs(judged, blocking, primaries)
    ]
    needed = None
    if any(against) or as_good or unbelieved:
        verdict = Verdict.HOLD
    elif any(blocking) or pending:
        verdict = Verdict.MORE
        needed = total_needed(judged, blocking, primaries)
    else:
        verdict = Verdict.SHIP
    heading = headline(
        candidate,
        judged,
        verdict,
        against,
        blocking,
        pending=pending,
        as_good=as_good,
        unbelieved=unbelieved,
        registered=registered,
    )
    why = [
        *(f"{Status.FAIL.mark} {text}" for text in (*as_good, *unbelieved)),
        *reasons(judged, against, blocking, primaries),
        *(f"{Status.OPEN.mark} {text}" for text in (*pending, *cautions, *tail_cautions(judged))),
    ]
    return Ruling(
        verdict, heading, why, judged, needed, *sentences, list(as_good), primaries, registered
    )


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
    rivals = sum(each.kind.one_may_do for each in requirements)
    share = rivals if primaries == "any-of" else 1
    return [
        (alphas or {}).get(requirement.name, alpha) / (share if requirement.kind.one_may_do else 1)
        for requirement in requirements
    ]


def harm_p_values(criteria: Sequence[Criterion]) -> list[float]:
    """Each criterion's p-value of harm, by Holm's method over all that count.

    What is advisory keeps its own, and makes no other's larger; so does what is of a live
    experiment, whose guards share harm's level.
    """
    adjusted = [each.p_harm for each in criteria]
    counted = [
        i
        for i, each in enumerate(criteria)
        if each.tier != "advisory" and not each.kind.counts_users
    ]
    if counted:
        for i, p in zip(counted, holm([criteria[i].p_harm for i in counted]), strict=True):
            adjusted[i] = float(p)
    return adjusted


def _status(criterion: Criterion) -> Status:
    """Status by the position of the interval; the difference of arms that share a run is known to
    be 0. Open without the power to show a loss, unless a gain is shown."""
    if criterion.holds:
        return Status.OPEN if shows_nothing(criterion) else Status.PASS
    if criterion.method == SAME_RUN:
        return Status.PASS if criterion.kind.same_run_passes else Status.FAIL
    return Status.FAIL if criterion.fails else Status.OPEN


def _against(judged: Sequence[Criterion], primaries: Primaries) -> list[bool]:
    """For each criterion, whether it keeps the candidate from shipping.

    Where one primary is enough, one that only gains too little holds nothing back while another
    may still gain; one that is shown to lose does.
    """
    rivals = [each for each in judged if each.kind.one_may_do]
    hopeless = all(each.status is Status.FAIL for each in rivals)

    def holds(criterion: Criterion) -> bool:
        if criterion.status is not Status.FAIL or criterion.tier == "advisory":
            return False
        spared = primaries == "any-of" and criterion.kind.one_may_do and not hopeless
        return not spared or criterion.shown_to_lose

    return [holds(each) for each in judged]


def _blocking(judged: Sequence[Criterion], primaries: Primaries) -> list[bool]:
    """For each criterion, whether it is open and a ship waits for it."""
    some_guard = any(
        criterion.tier == "critical" and criterion.kind.of_quality and not shows_nothing(criterion)
        for criterion in judged
    )
    gained = primaries == "any-of" and any(
        criterion.kind.one_may_do and criterion.status is Status.PASS for criterion in judged
    )
    return [
        criterion.status is Status.OPEN
        and criterion.tier == "critical"
        and not (gained and criterion.kind.one_may_do)
        and not (some_guard and criterion.kind.spared_without_power and shows_nothing(criterion))
        for criterion in judged
    ]

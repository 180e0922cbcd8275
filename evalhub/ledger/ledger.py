"""This home's ledger: which claims were read from which items, and what the next one costs.

A claim is that one arm's answers do better than another's on some items by one metric. It is known
by the content of all that (evalhub.ledger.claim_content): who says it again, in another study,
under other names, tags or ids, or in another project, says the same and pays nothing; whose items,
scores, metric or weights differ in anything says something else. Its number is 1 and the readings
before it of items that it shares, in any role: what one decision reads of the same items is one
reading, with one number (evalhub.ledger.numbering). It is no less than the number of its
candidate's tries, on whatever items (evalhub.ledger.tries). A verdict is what reads a claim:
evidence that is invalid shows none.
"""

from collections.abc import Sequence
from dataclasses import replace

from evalhub.decision.levels import Together
from evalhub.decision.rule import PRIMARIES
from evalhub.declare.policy import LedgerScope, Primaries
from evalhub.ledger.guards import Company
from evalhub.ledger.models import Ledger, Look
from evalhub.ledger.numbering import ClaimNumber, Numbering, Tally
from evalhub.ledger.peeks import peeked_claims
from evalhub.ledger.positions import Beside, Claim, LedgerPosition, Looks, Standing
from evalhub.ledger.same_items import SameItems
from evalhub.ledger.stages import first_stages
from evalhub.ledger.tries import Tries

__all__ = ["Beside", "Claim", "LedgerPosition", "Looks", "Standing", "counted", "standing_of"]


def counted(claims: Sequence[Claim], counts: LedgerScope) -> list[Claim]:
    """The claims that pay by their own looks.

    Primaries, or where there are none the critical guards: something must be what is shipped for.
    """
    if counts == "all":
        return list(claims)
    primaries = [each for each in claims if each.primary]
    return primaries or [each for each in claims if each.critical] or list(claims)


def standing_of(
    claims: Sequence[Claim],
    *,
    counts: LedgerScope,
    shared: SameItems,
    primaries: Primaries = PRIMARIES,
    together: Together | None = None,
    planned: bool = False,
) -> Standing:
    """Where each claim stands now; of the ledger nothing is written but that there is one.

    What a study would be charged and what a decision is charged are both this.

    Args:
        primaries: with "any-of" each primary takes a number of its own.
        together: the arms that share the look which is to be taken.
        planned: nothing is decided by it, and nothing at all is written.
    """
    ledger = Ledger() if planned else Ledger.of_home()
    rows = Look.objects.filter(claim__in={each.digest for each in claims})
    taken = {look.claim: look for look in rows.select_related("shares", "arms")}
    once: dict[str, Claim] = {}
    for claim in sorted(claims, key=order_of):
        once.setdefault(claim.digest, claim)
    distinct = list(once.values())
    apart = primaries == "any-of"
    needed = [each for each in distinct if each.critical and not (apart and each.primary)]
    stages = {
        each.digest: taken[each.digest].stages[:-1]
        if each.digest in taken
        else first_stages(each, shared)
        for each in distinct
    }
    tries = Tries(
        distinct,
        shared,
        asked={each.digest for each in needed},
        extended={look.claim for each in needed for look in stages[each.digest]},
    )
    paying = counted(distinct, counts)
    riding = [each for each in distinct if each not in paying]
    stages |= _together(paying, stages)
    tally = Tally(shared)
    drawn = {
        each.digest: taken[each.digest].drawn_for
        if each.digest in taken
        else each.drawn_for
        if tally.seen(each.version, drawn=False) == 0
        else None
        for each in distinct
    }
    refused = {
        each.digest
        for each in distinct
        if (each.digest not in taken or taken[each.digest].is_rival)
        and drawn[each.digest] is None
        and tally.seen(each.version, drawn=True)
    }
    peeked = peeked_claims({each.digest for each in distinct} - taken.keys())
    numbering = Numbering(distinct, {**peeked, **taken}, tally, apart=apart)
    numbering.pay(paying)
    numbers = numbering.numbers
    tried = {each.digest: tries.of_counted(each, drawn[each.digest]) for each in paying}
    looks = {
        each.digest: _looks(
            stages[each.digest],
            numbers[each.digest].number,
            tried[each.digest],
            drawn[each.digest],
            _sharing(
                stages[each.digest],
                taken.get(each.digest),
                numbers[each.digest],
                together,
                criteria=sum(claim.critical for claim in distinct),
            ),
        )
        for each in paying
    }
    companies = [
        Company(
            each,
            looks[each.digest],
            None if numbers[each.digest].alone else taken.get(each.digest),
            stages,
            riding,
            tally,
            tries,
            peeked=each.digest in peeked and not numbers[each.digest].alone,
        )
        for each in paying
    ]
    beside = {each.digest: tuple(company.beside(each) for company in companies) for each in riding}
    charged = {key: [one.primary for one in each if one.charged] for key, each in beside.items()}
    numbering.ride(riding, beside=paying, charged=charged)
    positions: dict[str, LedgerPosition] = {}
    for claim in distinct:
        key, number = claim.digest, numbers[claim.digest]
        judged = {
            each.primary: each.looks.numbers[-1] for each in beside.get(key, ()) if each.charged
        }
        positions[key] = LedgerPosition(
            number=number.number if key in taken else judged.get(number.shares, number.number),
            taken=key in taken,
            tries=tried.get(key),
            stages=tuple(look.pk for look in stages[key]),
            looks=looks.get(key),
            shares=number.shares if key in taken or number.shares in once else "",
            alone=number.alone,
            refused=key in refused,
            beside=beside.get(key, ()),
            beginning=taken[key].beginning if key in taken else "",
        )
    ordered = [
        at if each is once[each.digest] else replace(at, shares=each.digest)
        for each in claims
        for at in (positions[each.digest],)
    ]
    known = [each for each in paying if each.digest in taken]
    first = next((each.digest for each in (*known, *paying)), "")
    alone = frozenset(each.digest for each in paying if apart and each.primary)
    return Standing(claims, ordered, str(ledger), ledger.entries, first, alone)


def _looks(
    stages: Sequence[Look],
    number: int,
    tries: int,
    arms: int | None,
    together: tuple[Together | None, ...],
) -> Looks:
    if arms is None:
        numbers = (*(look.judged_as for look in stages), max(number, tries))
        return Looks(numbers, together=together)
    earlier = (look.tries or 1 for look in stages)
    return Looks((*(look.number for look in stages), number), arms, (*earlier, tries))


def _together(claims: Sequence[Claim], stages: dict[str, list[Look]]) -> dict[str, list[Look]]:
    """The stages of claims that had numbers of their own; of those that shared one, as long as
    the claim whose it was is extended, too."""
    extended = {looks[-1].pk for looks in stages.values() if looks}
    return {
        each.digest: []
        if (looks := stages[each.digest])
        and looks[-1].shares_id not in extended
        and not looks[-1].own_number()
        else looks
        for each in claims
    }


def _sharing(
    stages: Sequence[Look],
    taken: Look | None,
    number: ClaimNumber,
    together: Together | None,
    *,
    criteria: int,
) -> tuple[Together | None, ...]:
    """By look, the oldest first, the arms that share it; empty: nobody shares any.

    Args:
        taken: the last look, where it was taken; else `together` share it.
        criteria: critical ones that are asked; those that weren't when a look was taken add to what
            it may err.
    """
    looks = [*stages, taken] if taken and taken.number == number.number else stages
    sharing = [
        Together(look.arms.count, tuple(look.arms.correlations), look.arms.readings).with_criteria(
            criteria
        )
        if hasattr(look, "arms")
        else None
        for look in looks
    ]
    if len(looks) == len(stages):  # a claim that takes a number for itself shares it with nobody
        sharing.append(None if taken else together)
    return tuple(sharing) if any(sharing) else ()


def order_of(claim: Claim) -> tuple[bool, bool]:
    """Primaries first, then what else a ship needs: whose number it is, and who shares it."""
    return not claim.primary, not claim.critical

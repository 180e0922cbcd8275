"""This home's ledger: the claims that were read from its items, and the cost of the next one.

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
from evalhub.ledger.extended_looks import extended_looks
from evalhub.ledger.guards import Company
from evalhub.ledger.models import Ledger, Look
from evalhub.ledger.numbering import ClaimNumber, Numbering, Tally
from evalhub.ledger.peeks import claims_from_files
from evalhub.ledger.positions import Beside, Claim, LedgerPosition, Looks, Standing
from evalhub.ledger.same_items import SameItems
from evalhub.ledger.tries import Tries

__all__ = ["Beside", "Claim", "LedgerPosition", "Looks", "Standing", "paying_claims", "standing_of"]


def paying_claims(claims: Sequence[Claim], counts: LedgerScope) -> list[Claim]:
    """The claims that pay for looks of their own.

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
    """Position of each claim in the ledger; writes nothing but the ledger's own row.

    What a study would be charged and what a decision is charged are both this.

    Args:
        primaries: with "any-of" each primary takes a number of its own.
        together: the arms that share the look which is to be taken.
        planned: nothing is decided by it, and nothing at all is written.
    """
    ledger = Ledger() if planned else Ledger.of_home()
    rows = Look.objects.filter(claim__in={each.digest for each in claims})
    taken_looks = {look.claim: look for look in rows.select_related("shares", "arms")}
    once: dict[str, Claim] = {}
    for claim in sorted(claims, key=order_of):
        once.setdefault(claim.digest, claim)
    distinct = list(once.values())
    apart = primaries == "any-of"
    needed = [each for each in distinct if each.critical and not (apart and each.primary)]
    if not any(each.critical for each in distinct):  # people decide, and all pay: paying_claims
        needed = distinct
    earlier = {
        claim.digest: taken_looks[claim.digest].with_extended[:-1]
        if claim.digest in taken_looks
        else extended_looks(claim, shared)
        for claim in distinct
    }
    tries = Tries(
        distinct,
        shared,
        needed={each.digest for each in needed},
        extended={look.claim for each in needed for look in earlier[each.digest]},
    )
    paying = paying_claims(distinct, counts)
    riding = [each for each in distinct if each not in paying]
    earlier |= _together(paying, earlier)
    tally = Tally(shared)
    drawn = {
        claim.digest: taken_looks[claim.digest].drawn_for
        if claim.digest in taken_looks
        else claim.drawn_for
        if tally.count_readings(claim.version, drawn=False) == 0
        else None
        for claim in distinct
    }
    refused = {
        claim.digest
        for claim in distinct
        if (claim.digest not in taken_looks or taken_looks[claim.digest].is_rival)
        and drawn[claim.digest] is None
        and tally.count_readings(claim.version, drawn=True)
    }
    peeked = claims_from_files({each.digest for each in distinct} - taken_looks.keys())
    numbering = Numbering(distinct, {**peeked, **taken_looks}, tally, apart=apart)
    numbering.pay(paying)
    numbers = numbering.numbers
    tried = {each.digest: tries.of_counted(each, drawn[each.digest]) for each in paying}
    looks = {
        claim.digest: _looks(
            earlier[claim.digest],
            numbers[claim.digest].number,
            tried[claim.digest],
            drawn[claim.digest],
            _sharing(
                earlier[claim.digest],
                taken_looks.get(claim.digest),
                numbers[claim.digest],
                together,
                criteria=sum(claim.critical for claim in distinct),
            ),
        )
        for claim in paying
    }
    companies = [
        Company(
            claim,
            looks[claim.digest],
            None if numbers[claim.digest].alone else taken_looks.get(claim.digest),
            earlier,
            riding,
            tally,
            tries,
            peeked=claim.digest in peeked and not numbers[claim.digest].alone,
        )
        for claim in paying
    ]
    beside = {each.digest: tuple(company.beside(each) for company in companies) for each in riding}
    charged = {key: [one.primary for one in each if one.charged] for key, each in beside.items()}
    numbering.ride(riding, beside=paying, charged=charged)
    positions: dict[str, LedgerPosition] = {}
    for claim in distinct:
        key, number = claim.digest, numbers[claim.digest]
        judged = {
            entry.primary: entry.looks.numbers[-1] for entry in beside.get(key, ()) if entry.charged
        }
        positions[key] = LedgerPosition(
            number=number.number
            if key in taken_looks
            else judged.get(number.shares, number.number),
            taken=key in taken_looks,
            tries=tried.get(key),
            extends=tuple(look.pk for look in earlier[key]),
            looks=looks.get(key),
            shares=number.shares if key in taken_looks or number.shares in once else "",
            alone=number.alone,
            refused=key in refused,
            beside=beside.get(key, ()),
            beginning=taken_looks[key].beginning if key in taken_looks else "",
        )
    ordered = [
        at if claim is once[claim.digest] else replace(at, shares=claim.digest)
        for claim in claims
        for at in (positions[claim.digest],)
    ]
    read_claims = [each for each in paying if each.digest in taken_looks]
    first = next((each.digest for each in (*read_claims, *paying)), "")
    alone = frozenset(each.digest for each in paying if apart and each.primary)
    return Standing(claims, ordered, str(ledger), ledger.entries, first, alone)


def _looks(
    earlier: Sequence[Look],
    number: int,
    tries: int,
    arms: int | None,
    together: tuple[Together | None, ...],
) -> Looks:
    if arms is None:
        numbers = (*(look.effective_number for look in earlier), max(number, tries))
        return Looks(numbers, together=together)
    tried = (look.tries or 1 for look in earlier)
    return Looks((*(look.number for look in earlier), number), arms, (*tried, tries))


def _together(claims: Sequence[Claim], earlier: dict[str, list[Look]]) -> dict[str, list[Look]]:
    """The looks that claims with numbers of their own extend; of claims that shared a number only
    while the claim that paid for it is extended, too."""
    extended = {looks[-1].pk for looks in earlier.values() if looks}
    return {
        claim.digest: []
        if (looks := earlier[claim.digest])
        and looks[-1].shares_id not in extended
        and not looks[-1].own_number()
        else looks
        for claim in claims
    }


def _sharing(
    earlier: Sequence[Look],
    own_look: Look | None,
    number: ClaimNumber,
    together: Together | None,
    *,
    criteria: int,
) -> tuple[Together | None, ...]:
    """By look, oldest first, the arms that share it; empty where no look is shared.

    Args:
        own_look: the last look, where it was taken; else `together` share it.
        criteria: critical ones that are asked; those that weren't when a look was taken add to what
            it may err.
    """
    looks = [*earlier, own_look] if own_look and own_look.number == number.number else earlier
    sharing = [
        Together(look.arms.count, tuple(look.arms.correlations), look.arms.readings).with_criteria(
            criteria
        )
        if hasattr(look, "arms")
        else None
        for look in looks
    ]
    if len(looks) == len(earlier):  # a claim that takes a number for itself shares it with nobody
        sharing.append(None if own_look else together)
    return tuple(sharing) if any(sharing) else ()


def order_of(claim: Claim) -> tuple[bool, bool]:
    """Sort key: primaries first, then critical guards. The first takes the number that others
    share."""
    return not claim.primary, not claim.critical

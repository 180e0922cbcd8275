"""The looks of a decision are written into the ledger, in the decision's own transaction."""

from collections.abc import Iterable, Sequence

from evalhub.gate.chain.append import append
from evalhub.gate.ledger import Claim, LedgerPosition, Standing, order_of, standing_of
from evalhub.gate.ledger_origin import FirstLooks
from evalhub.gate.models import GuardLook, Ledger, Look
from evalhub.gate.same_items import SameItems
from evalhub.registry.models import Study


def take(
    standing: Standing,
    *,
    study: Study,
    shared: SameItems,
    first: FirstLooks,
    also: Iterable[Sequence[Claim]] = (),
) -> bool:
    """Writes the looks that are still to be taken; for one transaction.

    False, and nothing is written, where another decision came between: the claims may stand
    elsewhere now and must be judged anew.

    Args:
        first: whether this command began the ledger, which it notes.
        also: claims that are shown beside the decision and not judged by it, which are read too.
    """
    ledger = Ledger.objects.select_for_update().get(pk=Ledger.HOME)
    if ledger.entries != standing.entries and standing.is_news:
        return False
    marks = first.marks(standing)
    written = _write(standing, study, marks, ledger.entries + 1)
    for claims in also:
        beside = standing_of(claims, counts="all", shared=shared)
        written += _write(beside, study, marks, ledger.entries + written + 1)
    if written:
        first.note(marks)
        ledger.entries += written
        ledger.save(update_fields=["entries"])
    return True


def _write(standing: Standing, study: Study, beginning: str, reading: int) -> int:
    """How many entries were written, all with this number of a reading."""
    places: dict[str, tuple[Claim, LedgerPosition]] = {}
    for claim, at in sorted(standing.pairs, key=lambda pair: order_of(pair[0])):
        places.setdefault(claim.digest, (claim, at))
    new = {
        key: _look(claim, at, study, beginning, reading)
        for key, (claim, at) in places.items()
        if not at.taken
    }
    if standing.first in new:  # what is read beside it names it
        new[standing.first].save(force_insert=True)
    first = Look.objects.filter(claim=standing.first).first() if new else None
    for key, look in new.items():
        if key != standing.first and key not in standing.apart:
            look.read_with = first
    own = (look for key, look in new.items() if not places[key][1].shares)
    Look.objects.bulk_create(look for look in own if look.pk is None)
    looks = {look.claim: look for look in Look.objects.filter(claim__in=places)}
    sharing = [look for key, look in new.items() if places[key][1].shares]
    for look in sharing:
        owner = looks[places[look.claim][1].shares]
        look.shares = owner.shares or owner
    Look.objects.bulk_create(sharing)
    looks |= {look.claim: look for look in Look.objects.filter(claim__in=places)}
    beside = [
        GuardLook(
            primary=looks[each.primary],
            guard=looks[key],
            number=each.looks.numbers[-1],
            charged=each.charged,
        )
        for key, (_, at) in places.items()
        for each in at.beside
        if not each.taken
    ]
    beside += [
        GuardLook(primary=looks[key], guard=looks[key], number=at.number, charged=True)
        for key, (_, at) in places.items()
        if at.alone
    ]
    GuardLook.objects.bulk_create(beside)
    append(*new.values(), *beside)
    return len(new) + len(beside)


def _look(
    claim: Claim, position: LedgerPosition, study: Study, beginning: str, reading: int
) -> Look:
    return Look(
        claim=claim.digest,
        number=position.number,
        test_set_version=claim.version,
        candidate=claim.candidate.version,
        baseline=claim.baseline.version,
        candidate_run=claim.candidate,
        baseline_run=claim.baseline,
        asked=claim.asked_digest,
        drawn_for=position.looks.arms if position.looks else None,
        extends_id=position.stages[-1] if position.stages else None,
        study=study,
        candidate_key=claim.candidate_key,
        baseline_key=claim.baseline_key,
        metric_key=claim.metric_key,
        tries=position.tries,
        reading=reading,
        beginning=beginning,
        **claim.recorded,
    )

"""The looks of a decision are written into the ledger, in the decision's own transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from evalhub.gate.chain.append import append
from evalhub.gate.ledger import Claim, LedgerPosition, Standing, order_of, standing_of
from evalhub.gate.models import GuardLook, Ledger, Look, SharedLook
from evalhub.gate.same_items import SameItems
from evalhub.gate.stages import first_stages
from evalhub.registry.models import Study
from evalhub.verdict.levels import FREE_RIVALS, Together


def take(
    standing: Standing,
    *,
    study: Study,
    shared: SameItems,
    also: Iterable[Sequence[Claim]] = (),
    rivals: Iterable[Sequence[Claim]] = (),
    arms: Sequence[Sequence[Claim]] = (),
    together: Together | None = None,
) -> bool:
    """Writes the looks that are still to be taken; for one transaction.

    False, and nothing is written, where another decision came between: the claims may stand
    elsewhere now and must be judged anew.

    Args:
        also: claims that are shown beside the decision and not judged by it, which are read too.
        rivals: those that could only speak against the candidate. The first few have its number,
            and pay when they are tried themselves.
        arms: claims of other arms that share the looks that are taken.
        together: how many share them, and how alike they are.
    """
    ledger = Ledger.objects.select_for_update().get(pk=Ledger.HOME)
    if ledger.entries != standing.entries and standing.is_news:
        return False
    written = _write(standing, study)
    if together is not None:
        new = [claim for claim, at in standing.pairs if not at.taken]
        written += _write_together(new, arms, together, study)
    for claims in rivals:
        free = _free(claims, shared)
        written += len(_write_sharing(standing.claims, free, study))
    for claims in (*also, *rivals):
        if unread := _unread(claims):
            written += _write(standing_of(unread, counts="all", shared=shared), study)
    if written:
        ledger.entries += written
        ledger.save(update_fields=["entries"])
    return True


def _free(claims: Sequence[Claim], shared: SameItems) -> list[Claim]:
    """Those of a rival's claims that cost no number: on these items it is one of the first few."""
    found = []
    for claim in claims:
        rivals = Look.objects.rivals().filter(test_set_version__in=shared.of(claim.version))
        known = set(rivals.values_list("candidate_answers", flat=True))
        if claim.content["candidate_answers"] in known or len(known) < FREE_RIVALS:
            found.append(claim)
    return found


def _unread(claims: Sequence[Claim]) -> list[Claim]:
    known = Look.objects.filter(claim__in=[each.digest for each in claims])
    read = set(known.values_list("claim", flat=True))
    return [each for each in claims if each.digest not in read]


def _write_together(
    new: Sequence[Claim], arms: Sequence[Sequence[Claim]], together: Together, study: Study
) -> int:
    """Writes the other arms' looks with the numbers of the first arm's, and that all are shared."""
    looks = list(Look.objects.filter(claim__in=[each.digest for each in new]))
    critical = {each.digest for each in new if each.critical}
    for claims in arms:
        looks += _write_sharing(new, claims, study, added_to=True)
        critical |= {each.digest for each in claims if each.critical}
    unknown = (0.0,) * len(together.correlations)
    sharing = SharedLook.objects.bulk_create(
        SharedLook(
            look=look,
            count=together.arms,
            correlations=together.correlations if look.claim in critical else unknown,
            readings=together.readings,
        )
        for look in looks
    )
    append(*sharing)
    return len(sharing)


def _write_sharing(
    first: Sequence[Claim], claims: Sequence[Claim], study: Study, *, added_to: bool = False
) -> list[Look]:
    """Writes those of `claims` that nobody has read with the numbers that `first` have, whose looks
    are there, on the same test sets; `added_to`: as further stages, where items were added."""
    roots = {
        look.claim: look
        for look in Look.objects.filter(claim__in=[each.digest for each in first]).select_related(
            "shares"
        )
    }
    by_name = {each.name: roots[each.digest] for each in first if each.digest in roots}
    looks: dict[str, Look] = {}
    for claim in sorted(_unread(claims), key=order_of):
        if claim.digest in looks or claim.name not in by_name:
            continue
        root = by_name[claim.name]
        stages = (
            first_stages(claim.asked_digest, claim.baseline, claim.candidate) if added_to else []
        )
        looks[claim.digest] = _row(
            claim,
            study,
            number=root.number,
            shares=root.shares or root,
            extends=stages[-1] if stages and stages[-1].own_number() else None,
        )
    made = Look.objects.bulk_create(looks.values())
    append(*made)
    return made


def _write(standing: Standing, study: Study) -> int:
    """How many entries were written."""
    places: dict[str, tuple[Claim, LedgerPosition]] = {}
    for claim, at in sorted(standing.pairs, key=lambda pair: order_of(pair[0])):
        places.setdefault(claim.digest, (claim, at))
    new = {key: _look(claim, at, study) for key, (claim, at) in places.items() if not at.taken}
    Look.objects.bulk_create(look for key, look in new.items() if not places[key][1].shares)
    looks = {look.claim: look for look in Look.objects.filter(claim__in=places)}
    sharing = [look for key, look in new.items() if places[key][1].shares]
    for look in sharing:
        first = looks[places[look.claim][1].shares]
        look.shares = first.shares or first
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


def _look(claim: Claim, position: LedgerPosition, study: Study) -> Look:
    return _row(
        claim,
        study,
        number=position.number,
        drawn_for=position.looks.arms if position.looks else None,
        extends_id=position.stages[-1] if position.stages else None,
    )


def _row(claim: Claim, study: Study, *, number: int, **fields: Any) -> Look:
    return Look(
        claim=claim.digest,
        number=number,
        test_set_version=claim.version,
        candidate=claim.candidate.version,
        baseline=claim.baseline.version,
        candidate_run=claim.candidate,
        baseline_run=claim.baseline,
        asked=claim.asked_digest,
        study=study,
        **claim.content,
        **fields,
    )

"""Write a decision's looks into the ledger, in the decision's own transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalhub.decision.levels import FREE_RIVALS, Together
from evalhub.ledger.chain.append import append
from evalhub.ledger.ledger import Claim, LedgerPosition, Standing, order_of, standing_of
from evalhub.ledger.ledger_origin import FirstLooks
from evalhub.ledger.models import GuardLook, Ledger, Look, SharedLook
from evalhub.ledger.numbering import Tally
from evalhub.ledger.same_items import SameItems
from evalhub.registry.models import Study


def take(
    standing: Standing,
    *,
    study: Study,
    shared: SameItems,
    first: FirstLooks,
    arms: Sequence[Standing] = (),
    together: Together | None = None,
    rivals: Iterable[Sequence[Claim]] = (),
    also: Iterable[Sequence[Claim]] = (),
) -> bool:
    """Write the looks that are still to be taken; call it inside a transaction.

    False, and nothing is written, where another decision came between: the claims may stand
    elsewhere now and must be judged anew.

    Args:
        first: whether this command began the ledger, which it notes.
        arms: where the other arms stand that share the looks which are taken.
        together: how many share them, and how alike they are.
        rivals: claims of arms that could only speak against the candidate. The first few have its
            number, and pay when they are tried themselves.
        also: claims that are shown beside the decision and not judged by it, which are read too.
    """
    ledger = Ledger.objects.select_for_update().get(pk=Ledger.HOME)
    moved = any(each.entries != ledger.entries for each in (standing, *arms))
    if moved and standing.is_news:
        return False
    marks, before = first.marks(standing), ledger.entries
    ledger.entries += _write_together(standing, arms, together, study, marks, before + 1)
    for claims in rivals:
        if unread := _unread(claims):
            reading = ledger.entries + 1
            ledger.entries += _write_rival(standing, unread, shared, study, marks, reading)
    for claims in also:
        if unread := _unread(claims):
            beside = standing_of(unread, counts="all", shared=shared)
            ledger.entries += len(_write(beside, study, marks, ledger.entries + 1))
    if ledger.entries > before:
        first.note(marks)
        ledger.save(update_fields=["entries"])
    return True


def _unread(claims: Sequence[Claim]) -> list[Claim]:
    digests = {claim.digest for claim in claims}
    read = set(Look.objects.filter(claim__in=digests).values_list("claim", flat=True))
    return [claim for claim in claims if claim.digest not in read]


def _write_together(
    standing: Standing,
    arms: Sequence[Standing],
    together: Together | None,
    study: Study,
    beginning: str,
    reading: int,
) -> int:
    """Write the looks of the decided arm and of those that share them, as one reading; returns the
    number of entries."""
    rows = _write(standing, study, beginning, reading)
    if not arms or together is None:
        return len(rows)
    new = {row.claim: row for row in rows if isinstance(row, Look)}
    roots = {claim.name: new[claim.digest] for claim in standing.claims if claim.digest in new}
    for arm in arms:
        own_claims = frozenset(row.claim for row in rows if isinstance(row, Look))
        rows += _write(arm, study, beginning, reading, roots, own_claims)
    claims = [claim for each in (standing, *arms) for claim in each.claims]
    critical = {claim.digest for claim in claims if claim.critical}
    unknown = (0.0,) * len(together.correlations)
    sharing = SharedLook.objects.bulk_create(
        SharedLook(
            look=row,
            count=together.arms,
            correlations=together.correlations if row.claim in critical else unknown,
            readings=together.readings,
        )
        for row in rows
        if isinstance(row, Look)
    )
    append(*sharing)
    return len(rows) + len(sharing)


def _write(
    standing: Standing,
    study: Study,
    beginning: str,
    reading: int,
    roots: Mapping[str, Look] | None = None,
    written: frozenset[str] = frozenset(),
) -> list[Look | GuardLook]:
    """Write the looks of one arm, all with this number of a reading; returns the entries.

    Args:
        roots: by test set, the looks that another arm has just taken, which this one shares.
        written: claims of those arms, whose looks were written and which this one may make, too.
    """
    by_digest: dict[str, tuple[Claim, LedgerPosition]] = {}
    for claim, at in sorted(standing.pairs, key=lambda pair: order_of(pair[0])):
        by_digest.setdefault(claim.digest, (claim, at))
    new = {
        key: _look(
            claim,
            study,
            number=at.number,
            drawn_for=at.looks.arms if at.looks else None,
            extends_id=at.extends[-1] if at.extends else None,
            tries=at.tries,
            reading=reading,
            beginning=beginning,
        )
        for key, (claim, at) in by_digest.items()
        if not at.taken and key not in written
    }
    own = {key: look for key, look in new.items() if not by_digest[key][1].shares}
    for key, look in own.items():
        if roots and (root := roots.get(by_digest[key][0].name)):
            look.shares = root.shares or root
    if standing.first in new:  # what is read beside it names it
        new[standing.first].save(force_insert=True)
    first = Look.objects.filter(claim=standing.first).first() if new else None
    for key, look in new.items():
        if key != standing.first and key not in standing.apart:
            look.read_with = first
    Look.objects.bulk_create(look for look in own.values() if look.pk is None)
    looks = {look.claim: look for look in Look.objects.filter(claim__in=by_digest)}
    sharing = [look for key, look in new.items() if key not in own]
    for look in sharing:
        owner = looks[by_digest[look.claim][1].shares]
        look.shares = owner.shares or owner
    Look.objects.bulk_create(sharing)
    looks |= {look.claim: look for look in Look.objects.filter(claim__in=by_digest)}
    beside = [
        GuardLook(
            primary=looks[entry.primary],
            guard=looks[key],
            number=entry.looks.numbers[-1],
            charged=entry.charged,
        )
        for key, (_, at) in by_digest.items()
        for entry in at.beside
        if not entry.taken and not written.issuperset((key, entry.primary))
    ]
    beside += [
        GuardLook(primary=looks[key], guard=looks[key], number=at.number, charged=True)
        for key, (_, at) in by_digest.items()
        if at.alone
    ]
    GuardLook.objects.bulk_create(beside)
    append(*new.values(), *beside)
    return [*new.values(), *beside]


def _write_rival(
    standing: Standing,
    claims: Sequence[Claim],
    shared: SameItems,
    study: Study,
    beginning: str,
    reading: int,
) -> int:
    """Write the looks at a rival: with the candidate's number on the same test set where it is one
    of the first few on these items, else with the next number. Returns the number of entries."""
    decided = {each.digest: each.name for each in standing.claims}
    rows = Look.objects.filter(claim__in=decided).select_related("shares")
    roots = {decided[look.claim]: look for look in rows}
    first = next((look for look in roots.values() if look.claim == standing.first), None)
    tally, looks = Tally(shared), dict[str, Look]()
    for claim in claims:
        root = roots.get(claim.name) if _is_free(claim, shared) else None
        looks[claim.digest] = _look(
            claim,
            study,
            number=tally.show(claim.version) if root is None else root.number,
            shares=root and (root.shares or root),
            tries=0,
            read_with=first,
            reading=reading,
            beginning=beginning,
        )
    Look.objects.bulk_create(looks.values())
    append(*looks.values())
    return len(looks)


def _is_free(claim: Claim, shared: SameItems) -> bool:
    """Whether a rival needs no number: it is one of the first few on these items."""
    _, answers = claim.answers
    free = Look.objects.rivals().exclude(shares=None)
    rivals = free.filter(test_set_version__in=shared.of(claim.version)).order_by()
    rival_answers = set(rivals.values_list("candidate_answers", flat=True))
    return answers in rival_answers or len(rival_answers) < FREE_RIVALS


def _look(claim: Claim, study: Study, **fields: Any) -> Look:
    return Look(
        claim=claim.digest,
        test_set_version=claim.version,
        candidate=claim.candidate.version,
        baseline=claim.baseline.version,
        candidate_run=claim.candidate,
        baseline_run=claim.baseline,
        asked=claim.question_digest,
        study=study,
        candidate_key=claim.candidate_key,
        baseline_key=claim.baseline_key,
        metric_key=claim.metric_key,
        **claim.digests,
        **fields,
    )

"""Before a decision, or a report of training data, is acted on: is it, with its sign-offs, the one
that was made?

Whether all that came before is as it was, `evalhub doctor` says.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q

from evalhub.io.canonical import digest_of
from evalhub.ledger.chain.append import MODELS
from evalhub.ledger.chain.homes import first_head
from evalhub.ledger.chain.links import COLUMNS, head_after
from evalhub.ledger.models import Decision, Ledger, LedgerLink, LinkKind, SignOff
from evalhub.registry.models import StoredDataReport

WHAT_TO_DO = "nothing rests on it. `evalhub doctor` says what else differs: restore a backup"


class _Row(NamedTuple):
    kind: LinkKind
    pk: int
    has_its_digest: bool
    values: Sequence[Any]


class ChangedDecisionError(Exception):
    """What the database holds as a decision isn't what was decided; says what to do."""


def check_kept(decision: Decision) -> None:
    """Raise ChangedDecisionError where the decision or one of its sign-offs was changed, or a later
    recorded decision or sign-off is gone. Nine queries."""
    ledger = Ledger.objects.first()
    rows = [*_rows(LinkKind.DECISION, pk=decision.pk)]
    rows += _rows(LinkKind.SIGN_OFF, decision=decision.pk)
    changed = _names_of_changed(ledger, rows)
    if changed:
        raise ChangedDecisionError(
            f"{', '.join(changed)} was changed since it was recorded, or added past Evalhub, and "
            f"{WHAT_TO_DO}"
        )
    if _later_are_gone(ledger, decision):
        raise ChangedDecisionError(
            f"decisions or sign-offs that were recorded after decision {decision.pk} are gone; it "
            f"may not be the newest, and {WHAT_TO_DO}"
        )


def why_not_kept(decision: Decision) -> str:
    """The error of `check_kept` as a sentence; "" where the decision is intact."""
    try:
        check_kept(decision)
    except ChangedDecisionError as error:
        return f"{str(error)[0].upper()}{str(error)[1:]}."
    return ""


def why_report_not_kept(report: StoredDataReport) -> str:
    """Why nothing can rest on a report of training data: it, or a sign-off of it, was changed; ""
    where both are intact. Four queries."""
    names = [] if digest_of(report.report) == report.digest else [f"data report {report.pk}"]
    rows = _rows(LinkKind.DATA_SIGN_OFF, report=report.pk)
    names += _names_of_changed(Ledger.objects.first(), rows) if rows else []
    return (
        f"{', '.join(names)} was changed since it was recorded, and {WHAT_TO_DO}" if names else ""
    )


def _rows(kind: LinkKind, **which: int) -> list[_Row]:
    rows = MODELS[kind]._default_manager.filter(**which).order_by("pk")
    columns = COLUMNS[kind]
    return [
        _Row(
            kind,
            values[0],
            digest_of(record) == dict(zip(columns, values, strict=True))["digest"],
            values,
        )
        for record, *values in rows.values_list("record", *columns)
    ]


def _names_of_changed(ledger: Ledger | None, rows: list[_Row]) -> list[str]:
    """Names of rows whose record doesn't have its SHA-256, or whose link doesn't follow from the
    one before and from the row."""
    which = Q()
    for row in rows:
        which |= Q(kind=row.kind, row=row.pk)
    links = {(each.kind, each.row): each for each in LedgerLink.objects.filter(which)}
    before = LedgerLink.objects.in_bulk([each.place - 1 for each in links.values()])
    names = []
    for row in rows:
        link = links.get((row.kind, row.pk))
        head = None
        if link is not None:
            if link.place > 1:
                head = getattr(before.get(link.place - 1), "head", None)
            elif ledger is not None:
                head = first_head(ledger)
        leads = link and head and head_after(head, row.kind, row.values) == link.head
        if not (row.has_its_digest and leads):
            names.append(f"{row.kind.label} {row.pk}")
    return names


def _later_are_gone(ledger: Ledger | None, decision: Decision) -> bool:
    """Whether a link after the decision's has lost its row, or the chain its end."""
    number = LedgerLink.objects.filter(kind=LinkKind.DECISION, row=decision.pk).values("place")
    later = LedgerLink.objects.filter(place__gt=number[:1]).order_by()
    return any(
        later.filter(~Exists(model.objects.filter(pk=OuterRef("row"))), kind=kind).exists()
        for kind, model in ((LinkKind.DECISION, Decision), (LinkKind.SIGN_OFF, SignOff))
    ) or (ledger is not None and not LedgerLink.objects.filter(place=ledger.links).exists())

"""Looks, decisions and sign-offs are added, never changed, and stand in one chain.

Verdicts become columns that the database computes from the records. What is there is chained in
the order in which it was made, as it stands now.
"""

from heapq import merge
from itertools import batched

import django.db.models.fields.json
from django.db import migrations, models

from evalhub.accounts.append_only import append_only
from evalhub.gate.chain.links import COLUMNS, head_after, start

VERDICTS = [
    ("ship", "Ship"),
    ("hold", "Hold"),
    ("need-more-data", "Need more data"),
    ("invalid", "Invalid evidence"),
]
ROWS = {"look": "Look", "guard": "GuardLook", "decision": "Decision", "sign-off": "SignOff"}
AT_ONCE = 2000


def _verdict(help_text):
    return models.GeneratedField(
        db_persist=True,
        expression=django.db.models.fields.json.KeyTextTransform("verdict", "record"),
        help_text=help_text,
        output_field=models.CharField(max_length=20),
        choices=VERDICTS,
    )


def _rows(apps, using, kind, order):
    """(created, order of the kind, id, kind, values) of its rows, oldest first."""
    rows = apps.get_model("gate", ROWS[kind]).objects.using(using).order_by("created", "id")
    for values in rows.values_list(*COLUMNS[kind]).iterator(chunk_size=AT_ONCE):
        of = dict(zip(COLUMNS[kind], values, strict=True))
        yield of["created"], order, of["id"], kind, values


def _chain(apps, editor):
    using = editor.connection.alias
    ledgers = apps.get_model("gate", "Ledger").objects.using(using)
    links = apps.get_model("gate", "LedgerLink")
    rows = merge(*(_rows(apps, using, kind, order) for order, kind in enumerate(ROWS)))
    ledger, place = None, 0
    for some in batched(rows, AT_ONCE):
        if ledger is None:
            ledger = ledgers.get_or_create(pk=1)[0]
            head = start(ledger.name.hex)
        added = []
        for *_, row, kind, values in some:
            place, head = place + 1, head_after(head, kind, values)
            added.append(links(place=place, kind=kind, row=row, head=head))
        links.objects.using(using).bulk_create(added)
    if ledger is not None:
        ledger.links, ledger.head = place, head
        ledger.save(update_fields=["links", "head"])


def _fill_verdicts(apps, editor):
    """On the way back: the columns that can be written hold what the records say."""
    for name in ("Decision", "SignOff"):
        rows = apps.get_model("gate", name).objects.using(editor.connection.alias)
        verdict = django.db.models.fields.json.KeyTextTransform("verdict", "record")
        rows.update(verdict=verdict)


def _written(null):
    return models.CharField(max_length=20, choices=VERDICTS, null=null)


class Migration(migrations.Migration):
    dependencies = [("gate", "0006_shared_numbers")]

    operations = [
        migrations.AddField(
            "ledger",
            "links",
            models.PositiveBigIntegerField(
                default=0,
                editable=False,
                help_text="rows in the chain of looks, decisions and sign-offs",
            ),
        ),
        migrations.AddField(
            "ledger",
            "head",
            models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="of that chain; empty: it has no link yet",
                max_length=64,
            ),
        ),
        migrations.AlterField("decision", "verdict", _written(null=True)),
        migrations.AlterField("signoff", "verdict", _written(null=True)),
        migrations.RunPython(migrations.RunPython.noop, _fill_verdicts),
        migrations.RemoveField("decision", "verdict"),
        migrations.AddField(
            "decision", "verdict", _verdict("as the record says it: it can't be written")
        ),
        migrations.RemoveField("signoff", "verdict"),
        migrations.AddField(
            "signoff",
            "verdict",
            _verdict("what holds from now on, as the record says it: it can't be written"),
        ),
        migrations.CreateModel(
            name="LedgerLink",
            fields=[
                (
                    "place",
                    models.PositiveBigIntegerField(
                        help_text="1, 2, 3, … without a gap", primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("look", "look"),
                            ("guard", "look of a guard"),
                            ("decision", "decision"),
                            ("sign-off", "sign-off"),
                        ],
                        max_length=10,
                    ),
                ),
                ("row", models.PositiveBigIntegerField(help_text="the row's id")),
                (
                    "head",
                    models.CharField(
                        help_text="SHA-256 of the head before and of what the row holds",
                        max_length=64,
                    ),
                ),
            ],
            options={
                "verbose_name": "link of a ledger",
                "verbose_name_plural": "links of ledgers",
                "ordering": ["place"],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "row"), name="chained_once")
                ],
            },
        ),
        migrations.RunPython(_chain, migrations.RunPython.noop),
        append_only("gate_look", says="looks are added, never changed nor taken back"),
        append_only("gate_guardlook", says="looks are added, never changed nor taken back"),
        append_only("gate_decision", says="a decision is never changed: decide anew"),
        append_only("gate_signoff", says="a sign-off is never changed: sign anew"),
        append_only("gate_ledgerlink", says="links are added, never changed"),
        append_only(
            "gate_ledger",
            may_change=["entries", "links", "head"],
            says="a home keeps its ledger",
        ),
    ]

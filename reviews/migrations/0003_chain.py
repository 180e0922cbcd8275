"""Room for the chains of what was said and done, and for the seal."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from evalhub.accounts.append_only import append_only

PLACE = models.PositiveIntegerField(
    default=0, editable=False, help_text="in the chain of all that its reviewer has said"
)


def _let_go(table):
    """Until 0005: what is there is chained in between."""
    operation = append_only(table)
    return migrations.RunPython(operation.reverse_code, operation.code)


class Migration(migrations.Migration):
    dependencies = [("reviews", "0002_append_only")]

    operations = [
        _let_go("reviews_judgment"),
        _let_go("reviews_guess"),
        migrations.AlterField(
            "campaign",
            "state",
            models.CharField(
                choices=[
                    ("open", "open"),
                    ("paused", "paused"),
                    ("complete", "complete: every judgment is in"),
                    ("closed", "closed"),
                ],
                default="open",
                max_length=20,
            ),
        ),
        migrations.AddField(
            "campaign",
            "events_head",
            models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="of the chain of its events",
                max_length=64,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "campaign",
            "sealed",
            models.DateTimeField(
                blank=True, editable=False, help_text="when its judgments were sealed", null=True
            ),
        ),
        migrations.AddField(
            "campaign",
            "seal",
            models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="SHA-256 of `sealed_as`",
                max_length=64,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "campaign",
            "sealed_as",
            models.JSONField(
                blank=True,
                editable=False,
                help_text="the heads of all chains at the seal",
                null=True,
            ),
        ),
        migrations.AlterField(
            "event",
            "kind",
            models.CharField(
                choices=[
                    ("opened", "opened"),
                    ("paused", "paused"),
                    ("resumed", "resumed"),
                    ("stopped", "stopped early by its rule"),
                    ("reviewer", "a reviewer’s state or quota changed"),
                    ("closed", "closed"),
                    ("sealed", "its judgments were sealed"),
                    ("unblinded", "unblinded"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            "reviewer",
            "key",
            models.CharField(
                help_text="names this person in all that is drawn for them and in what they "
                "said: a random pseudonym",
                max_length=150,
            ),
        ),
        migrations.AddField(
            "reviewer",
            "head",
            models.CharField(
                default="",
                editable=False,
                help_text="of the chain of all that this person has said",
                max_length=64,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "reviewer",
            "links",
            models.PositiveIntegerField(
                default=0, editable=False, help_text="rows in that chain: the next one's place"
            ),
        ),
        migrations.AddField(
            "reviewer",
            "ended",
            models.DateTimeField(
                blank=True,
                editable=False,
                help_text="when the campaign's seal ended this",
                null=True,
            ),
        ),
        migrations.AddField("judgment", "place", PLACE, preserve_default=False),
        migrations.AddField("guess", "place", PLACE, preserve_default=False),
        migrations.CreateModel(
            name="Undo",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "revision",
                    models.PositiveSmallIntegerField(
                        help_text="of the judgment that stands no more"
                    ),
                ),
                (
                    "place",
                    models.PositiveIntegerField(
                        editable=False,
                        help_text="in the chain of all that its reviewer has said",
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="undos",
                        to="reviews.assignment",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("assignment", "revision"), name="undone_once"
                    )
                ],
            },
        ),
    ]

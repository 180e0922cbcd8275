"""Looks say who was tried, by which metric, in which reading and beside what.

What is there is told apart as far as it can be: what one decision read has one time. Looks keep the
digest that they were known by; a claim is looked for under that one, too.
"""

from itertools import groupby

import django.db.models.deletion
from django.db import migrations, models

from evalhub.accounts.append_only import append_only
from evalhub.files.canonical import digest_of
from evalhub.gate.candidates import candidate_digest
from evalhub.registry.models import Model, ModelVersion
from evalhub.schemas.declaration import declared
from evalhub.schemas.prompt import Prompt
from evalhub.schemas.sampling import Sampling
from evalhub.schemas.study import Development

LOOKS = append_only("gate_look", says="looks are added, never changed nor taken back")
LINKS = append_only("gate_ledgerlink", says="links are added, never changed")


def _asked(test_set):
    """The metric's digest by the digest of what a claim on this test set rests on."""
    split = test_set.study.policy.get("development") if test_set.role == "primary" else None
    asked = {
        "metric": test_set.metric.digest,
        "mix": test_set.mix,
        "development": declared(Development, split).as_json() if split else None,
        **({"turned": True} if test_set.turned else {}),
    }
    return digest_of(asked), test_set.metric.digest


def _say_who(apps, editor):
    using = editor.connection.alias
    looks = apps.get_model("gate", "Look").objects.using(using)
    sets = apps.get_model("registry", "StudyTestSet").objects.using(using)
    of_looks = sets.filter(study__looks__isnull=False).select_related("study", "metric").distinct()
    metrics = dict(_asked(each) for each in of_looks) if looks.exists() else {}
    guards = apps.get_model("gate", "GuardLook").objects.using(using)
    beside = guards.filter(primary__lt=models.F("guard")).values_list("guard", flat=True)
    riding = set(beside.distinct())
    keys = {}

    def key(version):
        if version.pk not in keys:
            said = {
                "prompt": declared(Prompt, version.prompt),
                "sampling": declared(Sampling, version.sampling),
                "backend": version.backend,
            }
            model = Model(pk=version.model_id, project_id=version.model.project_id)
            keys[version.pk] = candidate_digest(ModelVersion(model=model, **said))
        return keys[version.pk]

    rows = looks.select_related("candidate__model", "baseline__model").order_by("id")
    together = groupby(rows, key=lambda each: (each.study_id, each.candidate_id, each.created))
    readings = [list(group) for _, group in together]
    for reading, group in enumerate(readings, -len(readings)):
        for look in group:
            look.candidate_key, look.baseline_key = key(look.candidate), key(look.baseline)
            look.metric_key, look.reading = metrics.get(look.asked, ""), reading
            look.tries = None if look.pk in riding or look.shares_id else 1
            look.save(update_fields=["candidate_key", "baseline_key", "metric_key", "tries", "reading"])
    if editor.connection.vendor == "postgresql":
        editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _key(help_text, **options):
    return models.CharField(help_text=help_text, max_length=64, null=True, **options)


class Migration(migrations.Migration):
    dependencies = [("gate", "0009_near_copies"), ("registry", "0031_draws_of_a_question")]

    operations = [
        migrations.RunPython(LOOKS.reverse_code, LOOKS.code),
        migrations.AddField(
            "look", "candidate_key", _key("SHA-256 of who the candidate is", db_index=True)
        ),
        migrations.AddField("look", "baseline_key", _key("SHA-256 of who the baseline is")),
        migrations.AddField("look", "metric_key", _key("SHA-256 of the metric")),
        migrations.AddField(
            "look",
            "tries",
            models.PositiveIntegerField(
                help_text="which of the candidate's tries against this baseline by this metric it "
                "was, on whatever items",
                null=True,
            ),
        ),
        migrations.AddField(
            "look",
            "reading",
            models.BigIntegerField(
                help_text="the same for all that one decision read of an arm, rising; below 0: "
                "from before this was counted",
                null=True,
            ),
        ),
        migrations.AddField(
            "look",
            "read_with",
            models.ForeignKey(
                help_text="the first claim that the decision counted which read it first; null: "
                "itself",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="read_beside",
                to="gate.look",
            ),
        ),
        migrations.AlterField(
            "look",
            "claim",
            models.CharField(
                error_messages={"unique": "This claim has been looked at already."},
                help_text="SHA-256 of items, weights, scores and metric: what is claimed; of looks "
                "from before their readings were counted, of answers and ids, too",
                max_length=64,
                unique=True,
            ),
        ),
        migrations.AlterField(
            "ledgerlink",
            "kind",
            models.CharField(
                choices=[
                    ("look", "look"),
                    ("reading", "look"),
                    ("guard", "look of a guard"),
                    ("decision", "decision"),
                    ("sign-off", "sign-off"),
                ],
                max_length=10,
            ),
        ),
        migrations.RunPython(_say_who, migrations.RunPython.noop),
        LOOKS,
        LINKS,
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    """A question may draw more items than it had: each time is a row."""

    dependencies = [("registry", "0030_own_texts")]

    operations = [
        migrations.AlterField(
            "draw",
            "question",
            models.CharField(
                help_text="SHA-256 of what is judged on them: arms, answers, metric", max_length=64
            ),
        ),
        migrations.RemoveConstraint("draw", "draw_once"),
        migrations.AddConstraint(
            "draw",
            models.UniqueConstraint(fields=("pool", "question", "version"), name="draw_once"),
        ),
    ]

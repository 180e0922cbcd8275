from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("registry", "0011_judge_runs"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="reused",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="answers that the same version had given to the same items in another "
                "run, and was not asked for again",
            ),
        ),
    ]

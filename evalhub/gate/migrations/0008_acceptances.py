"""Who accepted what held a ship, and why."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from evalhub.accounts.append_only import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_mail_days'),
        ('gate', '0007_chained'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Acceptance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(help_text="SHA-256 of what is accepted, as the decision's caveat has it", max_length=64)),
                ('reason', models.TextField()),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(help_text='empty: the operator', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to='accounts.project')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['project', 'subject'], name='accepted_in_project')],
                'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='acceptance_has_a_reason', violation_error_message='An acceptance says why.')],
            },
        ),
        append_only("gate_acceptance", says="an acceptance is never changed: accept anew"),
    ]

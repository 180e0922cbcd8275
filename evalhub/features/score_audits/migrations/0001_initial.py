import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from evalhub.accounts.append_only import append_only


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('registry', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ScoreAudit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seed', models.PositiveBigIntegerField()),
                ('population', models.PositiveIntegerField(help_text='readable scores that it was drawn from')),
                ('drawn', models.JSONField(help_text='primary keys of the answers, in the order of checking')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('metric', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='audits', to='registry.metric')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='score_audits', to='accounts.project')),
            ],
            options={
                'ordering': ['-created', '-id'],
            },
        ),
        migrations.CreateModel(
            name='ScoreCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.FloatField(help_text='the score')),
                ('said', models.FloatField(help_text='what it should be')),
                ('why', models.TextField(blank=True, max_length=1000)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('audit', models.ForeignKey(help_text='the audit that drew the answer; null where somebody came upon it', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='score_audits.scoreaudit')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('metric', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='registry.metric')),
                ('output', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='score_cases', to='registry.output')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='score_cases', to='accounts.project')),
            ],
            options={
                'ordering': ['-created', '-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('audit__isnull', False)), fields=('audit', 'output'), name='score_audited_once', violation_error_message='This answer of the audit is checked already.')],
            },
        ),
        append_only("score_audits_scoreaudit"),
        append_only("score_audits_scorecase", may_change=['why']),
    ]

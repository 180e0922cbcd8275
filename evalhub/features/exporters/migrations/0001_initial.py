import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('ledger', '0001_initial'),
        ('registry', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='MlflowAlias',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('alias', models.CharField(max_length=20)),
                ('tags', models.JSONField(default=dict, help_text="what the server's version says of it")),
                ('state', models.CharField(choices=[('waiting', 'is to be told'), ('told', 'is told')], default='waiting', max_length=20)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField(help_text='of the next attempt; while one is made, of another')),
                ('error', models.CharField(blank=True, help_text='of the last attempt', max_length=300)),
                ('told_name', models.CharField(blank=True, help_text="the server's model that was given it last", max_length=300)),
                ('told_version', models.CharField(blank=True, help_text="and that one's version", max_length=20)),
                ('told', models.DateTimeField(help_text='when the server was told last', null=True)),
                ('decision', models.ForeignKey(help_text='what that rests on', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.decision')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mlflow_aliases', to='accounts.project')),
                ('version', models.ForeignKey(help_text="whose it is; empty: nobody's", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mlflow_aliases', to='registry.modelversion')),
            ],
            options={
                'verbose_name_plural': 'MLflow aliases',
                'ordering': ['project', 'alias'],
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['due_at'], name='mlflow_alias_due')],
                'constraints': [models.UniqueConstraint(fields=('project', 'alias'), name='mlflow_alias_once')],
            },
        ),
    ]

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from evalhub.accounts.append_only import set_once


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('registry', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Watch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('every_hours', models.PositiveSmallIntegerField()),
                ('false_alarms_a_year', models.FloatField(help_text="how many there are in a year, at most, of a model that doesn't change")),
                ('budget', models.JSONField(help_text='of each asking; null: as much as it takes', null=True)),
                ('due', models.DateTimeField(help_text='when it is next asked, or looked whether it has answered')),
                ('ended', models.DateTimeField(help_text='when it ended; empty while it goes on', null=True)),
                ('why', models.CharField(blank=True, help_text='why it ended', max_length=200)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('promoted_run', models.ForeignKey(help_text='the answers that it was promoted by', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.run')),
                ('by', models.ForeignKey(help_text='empty: the operator', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='watches', to='accounts.project')),
                ('second_run', models.ForeignKey(help_text='the same asked again: how much it varies', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.run')),
                ('test_set_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='watches', to='registry.testsetversion')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='watches', to='registry.modelversion')),
            ],
            options={
                'verbose_name_plural': 'watches',
                'ordering': ['project', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Asking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('concluded', models.DateTimeField(null=True)),
                ('alarm', models.BooleanField(help_text="whether the answers are another model's; empty where none were had", null=True)),
                ('report', models.JSONField(help_text='what was compared, as it is told', null=True)),
                ('run', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='asking', to='registry.run')),
                ('watch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='askings', to='monitoring.watch')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.AddConstraint(
            model_name='watch',
            constraint=models.UniqueConstraint(condition=models.Q(('ended', None)), fields=('version', 'test_set_version'), name='watch_once', violation_error_message='This version is watched on this test set already.'),
        ),
        migrations.AddConstraint(
            model_name='asking',
            constraint=models.UniqueConstraint(condition=models.Q(('concluded', None)), fields=('watch',), name='asking_one_at_a_time', violation_error_message='It is being asked already.'),
        ),
        set_once("monitoring_asking", ["concluded", "report"], says="what an asking came to is written once"),
    ]

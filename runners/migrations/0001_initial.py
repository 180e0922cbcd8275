import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('registry', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('host', models.CharField(help_text='the name of its machine or container', max_length=255)),
                ('pid', models.PositiveIntegerField()),
                ('kinds', models.JSONField(help_text='the kinds of runs that it takes: a list of cpu, gpu, api')),
                ('threads', models.PositiveSmallIntegerField(help_text='shards worked on at once')),
                ('started', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('seen', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(fields=['seen'], name='worker_seen')],
            },
        ),
        migrations.CreateModel(
            name='RecordedRetrieval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('passages', models.JSONField(help_text='a list of {id, text, score}, the best first')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='registry.item')),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='registry.run')),
            ],
            options={
                'ordering': ['run_id', 'item_id'],
                'constraints': [models.UniqueConstraint(fields=('run', 'item'), name='retrieval_once')],
            },
        ),
    ]

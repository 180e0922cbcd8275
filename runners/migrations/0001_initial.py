import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
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
    ]

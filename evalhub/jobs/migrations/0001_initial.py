import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(help_text='what it does, for people', max_length=200)),
                ('address', models.TextField(help_text='that the request was sent to, with its query')),
                ('sent', models.JSONField(help_text="the request's JSON, or the fields and files of a form")),
                ('conditions', models.JSONField(default=dict, help_text='headers that the answer depends on')),
                ('fingerprint', models.CharField(help_text='SHA-256 of address, `sent` and `conditions`', max_length=64)),
                ('state', models.CharField(choices=[('waiting', 'waiting for other jobs of the project'), ('running', 'being worked on'), ('ended', 'ended')], default='waiting', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('seen_at', models.DateTimeField(help_text='when its process was last heard of', null=True)),
                ('rows_read', models.PositiveBigIntegerField(default=0)),
                ('rows_written', models.PositiveBigIntegerField(default=0)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('location', models.CharField(blank=True, max_length=500)),
                ('body', models.JSONField(null=True)),
                ('page', models.TextField(blank=True, help_text='the answer to a form that is no redirect')),
                ('messages', models.JSONField(default=list, help_text='what the next page says first')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('started', models.DateTimeField(null=True)),
                ('ended', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='accounts.project')),
                ('token', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='accounts.apitoken')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['state'], name='job_by_state')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('project',), name='job_running_alone'), models.UniqueConstraint(condition=models.Q(('state', 'ended'), _negated=True), fields=('project', 'by', 'fingerprint'), name='job_unfinished_once'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'ended'), _negated=True), ('status__isnull', False), _connector='OR'), name='job_ended_answered')],
            },
        ),
    ]

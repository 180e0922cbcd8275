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
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=500)),
                ('events', models.JSONField(help_text='what it is told: a list of EventType')),
                ('salt', models.CharField(editable=False, help_text='what its secret is made of', max_length=64)),
                ('old_salt', models.CharField(blank=True, editable=False, max_length=64)),
                ('old_until', models.DateTimeField(editable=False, help_text='until when messages are signed by the old one too', null=True)),
                ('private', models.BooleanField(default=False, editable=False, help_text="whether it may lie on this machine or in a private network: the operator's word")),
                ('disabled', models.DateTimeField(editable=False, null=True)),
                ('why', models.CharField(blank=True, help_text='why it is disabled', max_length=200)),
                ('since', models.DateTimeField(editable=False, help_text='from when on it is told')),
                ('looked', models.DateTimeField(editable=False, help_text='when it was last looked for what it is to be told')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(help_text='empty: the operator', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to='accounts.project')),
            ],
            options={
                'ordering': ['project', 'id'],
                'constraints': [
                    models.UniqueConstraint(fields=('project', 'url'), name='webhook_url_once', violation_error_message='The project has a webhook of this address.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(help_text='what happened to what, once', max_length=100)),
                ('type', models.CharField(help_text='an EventType', max_length=40)),
                ('message_id', models.CharField(editable=False, max_length=60, unique=True)),
                ('body', models.TextField(help_text='as it is sent, each time')),
                ('state', models.CharField(choices=[('waiting', 'is to be sent'), ('delivered', 'was taken'), ('failed', 'was given up')], default='waiting', max_length=20)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField(help_text='of the next attempt; while one is made, of another')),
                ('status', models.PositiveSmallIntegerField(help_text='of the last answer', null=True)),
                ('error', models.CharField(blank=True, help_text='of the last attempt', max_length=300)),
                ('ended', models.DateTimeField(help_text='when it was taken or given up', null=True)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='webhooks.webhook')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ['-created', '-id'],
                'indexes': [
                    models.Index(condition=models.Q(('state', 'waiting')), fields=['due_at'], name='delivery_due'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('webhook', 'event'), name='delivery_once'),
                ],
            },
        ),
    ]

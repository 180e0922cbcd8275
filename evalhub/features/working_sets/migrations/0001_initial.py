import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('registry', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='WorkingSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(help_text='the test set that it becomes a version of', max_length=80)),
                ('purpose', models.CharField(choices=[('task', 'task'), ('capability', 'general capability'), ('safety', 'safety')], default='task', max_length=20)),
                ('source', models.CharField(help_text='where its first items came from', max_length=255)),
                ('revision', models.PositiveIntegerField(default=1, help_text='counts what was written: whoever publishes says which they have seen')),
                ('filled', models.BooleanField(default=False, help_text='whether its first items are all there')),
                ('busy_until', models.DateTimeField(help_text='somebody fills or publishes it, and is heard of by then', null=True)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('changed', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('origin', models.ForeignKey(help_text='the version that it was begun from, or that was the newest then', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='working_sets', to='registry.testsetversion')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='working_sets', to='accounts.project')),
            ],
            options={
                'ordering': ['-changed', '-id'],
            },
        ),
        migrations.CreateModel(
            name='WorkingItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('key', models.CharField(help_text="the item's id", max_length=200)),
                ('input', models.JSONField()),
                ('references', models.JSONField(default=list)),
                ('context', models.TextField(blank=True)),
                ('choices', models.JSONField(null=True)),
                ('tools', models.JSONField(null=True)),
                ('relevant', models.JSONField(null=True)),
                ('answerable', models.BooleanField(db_default=True, default=True)),
                ('weight', models.FloatField(null=True)),
                ('tags', models.JSONField(default=list)),
                ('cluster', models.CharField(blank=True, max_length=200)),
                ('metadata', models.JSONField(default=dict)),
                ('digest', models.CharField(editable=False, max_length=64)),
                ('fingerprint', models.BigIntegerField(editable=False)),
                ('fingerprint_in_context', models.BigIntegerField(editable=False)),
                ('text', models.TextField(editable=False, help_text='what is searched, in small letters')),
                ('part', models.CharField(blank=True, choices=[('test', 'test'), ('development', 'development')], max_length=20)),
                ('change', models.CharField(blank=True, choices=[('added', 'added'), ('changed', 'changed')], editable=False, max_length=20)),
                ('alike', models.CharField(blank=True, help_text='what it is a near-copy of, as last looked for', max_length=300)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('was', models.ForeignKey(help_text='the item that it was', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.item')),
                ('working_set', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='working_sets.workingset')),
            ],
            options={
                'ordering': ['working_set', 'position'],
                'indexes': [models.Index(fields=['working_set', 'fingerprint'], name='working_item_asks')],
                'constraints': [models.UniqueConstraint(fields=('working_set', 'position'), name='working_item_position'), models.UniqueConstraint(fields=('working_set', 'key'), name='working_item_key', violation_error_message='Another item of this set has this id.')],
            },
        ),
    ]

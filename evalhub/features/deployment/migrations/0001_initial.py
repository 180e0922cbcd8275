import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from evalhub.accounts.append_only import append_only


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('registry', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Probe',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(help_text='where it was asked, or an alias of that', max_length=500)),
                ('model', models.CharField(help_text='under which name', max_length=300)),
                ('outcome', models.CharField(choices=[('same', 'answers as it was evaluated'), ('differs', 'answers otherwise'), ('unknown', "can't be told")], max_length=20)),
                ('why', models.TextField(help_text='what that rests on, in words')),
                ('report', models.JSONField(help_text='what was compared: counts, and keys of items')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('run', models.ForeignKey(help_text='the answers that it was compared with', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.run')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='probes', to='registry.modelversion')),
            ],
            options={
                'ordering': ['-created', '-id'],
            },
        ),
        append_only("deployment_probe", says="what was asked of a server stays as it was found"),
    ]

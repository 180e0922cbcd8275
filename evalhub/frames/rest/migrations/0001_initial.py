import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Answered',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255)),
                ('fingerprint', models.CharField(help_text='SHA-256 of method, address and body', max_length=64)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('location', models.CharField(blank=True, max_length=500)),
                ('body', models.JSONField(null=True)),
                ('held_until', models.DateTimeField(help_text='whoever works on it is heard of by then')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('token', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='answered', to='accounts.apitoken')),
            ],
            options={
                'verbose_name': 'answered request',
                'ordering': ['-created', '-id'],
                'constraints': [models.UniqueConstraint(fields=('token', 'key'), name='answered_once')],
            },
        ),
    ]

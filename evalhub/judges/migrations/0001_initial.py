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
            name='JudgeRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('baseline_answers', models.CharField(editable=False, help_text='SHA-256 of the answers that were judged', max_length=64)),
                ('candidate_answers', models.CharField(editable=False, max_length=64)),
                ('asked', models.JSONField(editable=False)),
                ('digest', models.CharField(editable=False, help_text="SHA-256 of the judge's version and what is asked", max_length=64)),
                ('state', models.CharField(choices=[('pending', 'waiting'), ('claimed', 'being asked'), ('done', 'done'), ('failed', 'failed'), ('cancelled', 'cancelled')], default='pending', editable=False, max_length=20)),
                ('claim', models.UUIDField(editable=False, help_text='token of who asks the judge now', null=True)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0, editable=False, help_text='in a row, in which it gave no verdict')),
                ('error', models.TextField(blank=True, editable=False)),
                ('unreachable', models.BooleanField(default=False, editable=False, help_text="the judge couldn't be used, asking it failed here, or somebody stopped it: nothing can be decided until it goes on")),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('finished', models.DateTimeField(editable=False, null=True)),
                ('opened', models.DateTimeField(editable=False, help_text='when a decision read whom it preferred', null=True)),
                ('baseline', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='judged_as_baseline', to='registry.run')),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='judged_as_candidate', to='registry.run')),
                ('judge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='judge_runs', to='registry.modelversion')),
            ],
            options={
                'ordering': ['-created', '-id'],
                'indexes': [
                    models.Index(fields=['finished'], name='judge_run_finished'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('baseline', 'candidate', 'baseline_answers', 'candidate_answers', 'digest'), name='judge_run_once', violation_error_message='This judge has been asked this about these answers.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='JudgeVote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('candidate_first', models.BooleanField()),
                ('choice', models.CharField(blank=True, choices=[('candidate', "the candidate's is better"), ('baseline', "the baseline's is better"), ('tie', 'neither is better')], max_length=20)),
                ('reason', models.CharField(blank=True, help_text="the judge's own, or the flaw", max_length=300)),
                ('prompt_tokens', models.PositiveIntegerField(null=True)),
                ('completion_tokens', models.PositiveIntegerField(null=True)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='judge_votes', to='registry.item')),
                ('judge_run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='votes', to='judges.judgerun')),
            ],
            options={
                'ordering': ['judge_run_id', 'item_id', 'candidate_first'],
                'constraints': [
                    models.UniqueConstraint(fields=('judge_run', 'item', 'candidate_first'), name='judge_vote_once'),
                    models.CheckConstraint(condition=models.Q(models.Q(('choice', ''), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='judge_vote_or_reason', violation_error_message='A vote is a choice, or says why there is none.'),
                ],
            },
        ),
    ]

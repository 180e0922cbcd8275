import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from evalhub.accounts.append_only import append_only


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Metric',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('options', models.JSONField(default=dict, help_text="extract and the metric's own options")),
                ('digest', models.CharField(max_length=64, unique=True)),
            ],
            options={
                'ordering': ['name', 'id'],
            },
        ),
        migrations.CreateModel(
            name='DocumentSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(help_text='SHA-256 of the documents in their order', max_length=64)),
                ('count', models.PositiveIntegerField()),
                ('source', models.CharField(help_text='name of the file it came from', max_length=255)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='document_sets', to='accounts.project')),
            ],
            options={
                'ordering': ['-created', '-id'],
                'constraints': [
                    models.UniqueConstraint(fields=('project', 'digest'), name='document_set_content', violation_error_message='The project has these documents.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='DocumentText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('key', models.CharField(help_text="the document's id in its file", max_length=200)),
                ('text', models.TextField()),
                ('documents', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='registry.documentset')),
            ],
            options={
                'ordering': ['documents', 'position'],
                'constraints': [
                    models.UniqueConstraint(fields=('documents', 'position'), name='document_position'),
                    models.UniqueConstraint(fields=('documents', 'key'), name='document_key', violation_error_message='Two documents of one file have the same id.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Model',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=120)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='models', to='accounts.project')),
            ],
            options={
                'ordering': ['project', 'slug'],
                'constraints': [
                    models.UniqueConstraint(fields=('project', 'slug'), name='model_slug', violation_error_message='The project has a model of this name.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ModelVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('kind', models.CharField(choices=[('base', 'base'), ('prompted', 'prompted'), ('few-shot', 'few-shot'), ('retrieval', 'retrieval'), ('lora', 'LoRA'), ('qlora', 'QLoRA'), ('full', 'full fine-tune'), ('distilled', 'distilled'), ('unknown', 'not known')], max_length=20)),
                ('backend', models.JSONField(default=dict, help_text='{"type": "recorded"} or {"type": "openai", "url", "model", …}')),
                ('prompt', models.JSONField(blank=True)),
                ('sampling', models.JSONField(blank=True)),
                ('training', models.JSONField(blank=True)),
                ('notes', models.TextField(blank=True)),
                ('stage', models.CharField(choices=[('candidate', 'candidate'), ('shadow', 'shadow'), ('canary', 'canary'), ('champion', 'champion'), ('retired', 'retired')], default='candidate', help_text='moved by the verbs of evalhub.ledger alone', max_length=20)),
                ('digest', models.CharField(editable=False, help_text='SHA-256 of the spec', max_length=64)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('draft_until', models.DateTimeField(editable=False, help_text='an upload makes it, whose answers are still being written, and is heard of by then; null once they are all there', null=True)),
                ('champion_of', models.OneToOneField(editable=False, help_text='its project, of the champion: a project has one', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='champion', to='accounts.project')),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='registry.model')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='registry.modelversion')),
            ],
            options={
                'ordering': ['model', '-number'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('draft_until', None)), fields=('model', 'number'), name='model_version_number'),
                    models.UniqueConstraint(condition=models.Q(('draft_until', None)), fields=('model', 'digest'), name='model_version_spec', violation_error_message='The model has a version with this specification.'),
                    models.CheckConstraint(condition=models.Q(models.Q(('champion_of__isnull', False), ('stage', 'champion')), models.Q(models.Q(('stage', 'champion'), _negated=True), ('champion_of', None)), _connector='OR'), name='champion_of_its_project', violation_error_message='A champion is that of its project.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Study',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=120)),
                ('name', models.CharField(max_length=200)),
                ('policy', models.JSONField()),
                ('review', models.JSONField(blank=True, help_text='what people are asked; null: nobody is', null=True)),
                ('live', models.BooleanField(default=False, editable=False, help_text='whether users are exposed: the question of an experiment, without runs')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('changed', models.DateTimeField(editable=False, help_text='when its file last changed what it asks; null: never since it was made', null=True)),
                ('lease_until', models.DateTimeField(editable=False, help_text='until when one process advances it, and no other', null=True)),
                ('lease_token', models.UUIDField(editable=False, help_text='of that process', null=True)),
                ('advanced_runs', models.DateTimeField(editable=False, help_text='newest end of its runs when it was last advanced', null=True)),
                ('advanced_review', models.BigIntegerField(editable=False, help_text='its newest review, if that had ended by then', null=True)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='studies', to='accounts.project')),
            ],
            options={
                'verbose_name_plural': 'studies',
                'ordering': ['-created', '-id'],
                'indexes': [
                    models.Index(condition=models.Q(('advanced_runs', None)), fields=['id'], name='study_not_advanced'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('project', 'slug'), name='study_slug', violation_error_message='The project has a study of this name.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='StudyArm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(max_length=120)),
                ('position', models.PositiveSmallIntegerField()),
                ('role', models.CharField(choices=[('baseline', 'baseline'), ('candidate', 'the candidate in question'), ('alternative', 'another candidate')], max_length=20)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='arms', to='registry.study')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='arms', to='registry.modelversion')),
            ],
            options={
                'ordering': ['study', 'position'],
                'constraints': [
                    models.UniqueConstraint(fields=('study', 'name'), name='study_arm_name'),
                    models.UniqueConstraint(condition=models.Q(('role', 'baseline')), fields=('study',), name='study_one_baseline', violation_error_message='A study has one baseline.'),
                    models.UniqueConstraint(condition=models.Q(('role', 'candidate')), fields=('study',), name='study_one_candidate', violation_error_message='A study has one candidate in question.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='StudyBudget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('study', models.SlugField(help_text="the study's slug", max_length=120)),
                ('arm', models.SlugField(blank=True, help_text='empty: of the whole study', max_length=120)),
                ('tokens', models.BigIntegerField(help_text='at most; null: as many as it takes', null=True)),
                ('money', models.FloatField(help_text='at most; null: as much as it takes', null=True)),
                ('spent_tokens', models.BigIntegerField(db_default=0, default=0)),
                ('spent_money', models.FloatField(db_default=0.0, default=0.0)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='budgets', to='accounts.project')),
            ],
            options={
                'ordering': ['project', 'study', 'arm'],
                'constraints': [
                    models.UniqueConstraint(fields=('project', 'study', 'arm'), name='budget_once', violation_error_message='This study has a budget.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Reserved',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('holder', models.UUIDField(db_index=True, help_text='who asks')),
                ('tokens', models.BigIntegerField()),
                ('money', models.FloatField()),
                ('until', models.DateTimeField()),
                ('budget', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='reserved', to='registry.studybudget')),
            ],
            options={
                'verbose_name': 'reserved amount',
                'ordering': ['id'],
                'constraints': [
                    models.UniqueConstraint(fields=('budget', 'holder'), name='reserved_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='TestSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=120)),
                ('purpose', models.CharField(choices=[('task', 'task'), ('capability', 'general capability'), ('safety', 'safety')], default='task', max_length=20)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='test_sets', to='accounts.project')),
            ],
            options={
                'ordering': ['project', 'slug'],
                'constraints': [
                    models.UniqueConstraint(fields=('project', 'slug'), name='test_set_slug', violation_error_message='The project has a test set of this name.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='TestSetVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('digest', models.CharField(help_text='SHA-256 of the items in their order', max_length=64)),
                ('item_count', models.PositiveIntegerField(default=0)),
                ('distinct_inputs', models.PositiveIntegerField(default=0, editable=False, help_text="how many of its items' own texts differ: where nearly all do, no context makes an item new")),
                ('source', models.CharField(help_text='name of the file it came from', max_length=255)),
                ('read_freely', models.BooleanField(default=False, editable=False, help_text='a study took it for development: all scores on it are open, for good, and nothing is judged on its items')),
                ('engine', models.JSONField(editable=False, help_text='the harness whose task it is, and how: its prompts are asked and its scores kept; null: items of our own', null=True)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('draft_until', models.DateTimeField(editable=False, help_text='its items are still being written, in short batches, and whoever writes them is heard of by then; null once they are all there', null=True)),
                ('pool', models.ForeignKey(editable=False, help_text='the version whose items it holds some of; null where it came from a file', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='drawn', to='registry.testsetversion')),
                ('test_set', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='registry.testset')),
            ],
            options={
                'ordering': ['test_set', '-number'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('draft_until', None)), fields=('test_set', 'number'), name='test_set_version_number'),
                    models.UniqueConstraint(condition=models.Q(('draft_until', None)), fields=('test_set', 'digest'), name='test_set_version_content', violation_error_message='The test set has a version with this content.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Item',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('key', models.CharField(help_text="the item's id in its file", max_length=200)),
                ('input', models.JSONField(help_text='a text, or a list of chat messages {role, content}')),
                ('references', models.JSONField(default=list, help_text='right answers')),
                ('context', models.TextField(blank=True, help_text='retrieved or given text')),
                ('choices', models.JSONField(help_text='texts to choose from, of which a model says how likely each is', null=True)),
                ('tools', models.JSONField(help_text='tools that the model may call', null=True)),
                ('relevant', models.JSONField(help_text='ids of the passages that hold its answer; null: nobody said', null=True)),
                ('answerable', models.BooleanField(db_default=True, default=True, help_text='whether the documents hold its answer')),
                ('weight', models.FloatField(help_text='how much it counts, above 0: of a sample how many requests it stands for', null=True)),
                ('tags', models.JSONField(default=list)),
                ('cluster', models.CharField(blank=True, help_text='items that share a source share a cluster', max_length=200)),
                ('metadata', models.JSONField(default=dict)),
                ('redacted', models.DateTimeField(editable=False, help_text='when its text was taken out; nothing is asked of it', null=True)),
                ('digest', models.CharField(editable=False, help_text='SHA-256 of input, references and context: the same under any id, in any set', max_length=64)),
                ('fingerprint', models.BigIntegerField(editable=False, help_text='64 bits of the SHA-256 of its own text, whatever its spelling and references')),
                ('fingerprint_in_context', models.BigIntegerField(editable=False, help_text='the same of its own text and its context')),
                ('version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='registry.testsetversion')),
            ],
            options={
                'ordering': ['version_id', 'position'],
                'indexes': [
                    models.Index(fields=['fingerprint', 'version'], name='item_fingerprint'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('version', 'position'), name='item_position'),
                    models.UniqueConstraint(fields=('version', 'key'), name='item_key', violation_error_message='Two items of one version have the same id.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(blank=True, help_text='SHA-256 of the file of answers; empty when live', max_length=64)),
                ('repeat', models.PositiveSmallIntegerField(default=0, help_text='0: the run itself; 1, 2, …: the same again, for the noise floor')),
                ('reach', models.JSONField(editable=False, help_text='what it may reach, by the word of who launched it and not of the study')),
                ('samples', models.PositiveSmallIntegerField(default=1, help_text='answers to each item')),
                ('reused', models.PositiveIntegerField(db_default=0, default=0, editable=False, help_text='answers that the same version had given to the same items in another run, and was not asked for again')),
                ('state', models.CharField(choices=[('pending', 'waiting'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('cancelled', 'cancelled')], default='pending', max_length=20)),
                ('error', models.TextField(blank=True)),
                ('unreachable', models.BooleanField(default=False, help_text="its model's server couldn't be used, or a part of it failed here and not with the model: nothing can be decided until it goes on")),
                ('rung', models.UUIDField(editable=False, help_text='token of the message that waits for it in the queue; null while none does', null=True)),
                ('answers_digest', models.CharField(blank=True, editable=False, help_text='SHA-256 of what was answered, live or recorded; empty until the run ends', max_length=64)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('started', models.DateTimeField(blank=True, null=True)),
                ('enqueued', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='when it was launched or last resumed')),
                ('going_since', models.DateTimeField(editable=False, help_text='when a worker first took a part of it since then', null=True)),
                ('done_before', models.PositiveIntegerField(db_default=0, default=0, editable=False, help_text='items that were done when it was last resumed')),
                ('finished', models.DateTimeField(blank=True, null=True)),
                ('draft_until', models.DateTimeField(editable=False, help_text='its recorded answers are still being written, in short batches, and whoever writes them is heard of by then; null once they are all there', null=True)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='registry.modelversion')),
                ('arm_budget', models.ForeignKey(editable=False, help_text='of its arm in that study', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='arm_runs', to='registry.studybudget')),
                ('budget', models.ForeignKey(editable=False, help_text='of the study that launched it last', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='runs', to='registry.studybudget')),
                ('test_set_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='registry.testsetversion')),
            ],
            options={
                'ordering': ['-created', '-id'],
                'indexes': [
                    models.Index(condition=models.Q(('state__in', ('pending', 'running'))), fields=['id'], name='run_unfinished'),
                    models.Index(fields=['finished'], name='run_finished'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('draft_until', None)), fields=('version', 'test_set_version', 'source', 'repeat'), name='run_once', violation_error_message='This version has a run on this test set version.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Output',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sample', models.PositiveSmallIntegerField(default=0)),
                ('text', models.TextField(null=True)),
                ('error', models.TextField(blank=True)),
                ('text_sha256', models.CharField(editable=False, help_text='of a text that was redacted', max_length=64, null=True)),
                ('latency_ms', models.FloatField(null=True)),
                ('prompt_tokens', models.PositiveIntegerField(null=True)),
                ('completion_tokens', models.PositiveIntegerField(null=True)),
                ('finish_reason', models.CharField(blank=True, db_default='', default='', help_text="why the model stopped, in its server's word", max_length=40)),
                ('served_model', models.CharField(blank=True, db_default='', default='', help_text='which model its server says that it answered with', max_length=120)),
                ('fingerprint', models.CharField(blank=True, db_default='', default='', help_text='which system its server says that it answered with (system_fingerprint)', max_length=120)),
                ('fault', models.CharField(blank=True, choices=[('', "the model's"), ('item', "the item's own"), ('server', "its server's")], db_default='', default='', editable=False, help_text='of an error: whose fault it is', max_length=6)),
                ('logprob', models.FloatField(help_text="the sum of the log-probabilities of the answer's tokens", null=True)),
                ('choice_logprobs', models.JSONField(help_text="of each of the item's choices: the sum over its tokens", null=True)),
                ('reasoning', models.TextField(blank=True, db_default='', default='', help_text='what the model thought first: kept apart, and not scored')),
                ('tool_calls', models.JSONField(help_text='a list of {name, arguments}', null=True)),
                ('passages', models.JSONField(help_text='what a retriever gave the model for it: a list of {id, text, score}, the best first; null: none was asked', null=True)),
                ('given_scores', models.JSONField(editable=False, help_text='numbers by name that came with an answer made elsewhere; for the metric that takes them alone, whose scores are sealed', null=True)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='outputs', to='registry.item')),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='outputs', to='registry.run')),
            ],
            options={
                'ordering': ['run_id', 'item_id', 'sample'],
                'indexes': [
                    models.Index(condition=models.Q(('error', ''), _negated=True), fields=['run', 'item', 'sample'], name='output_in_error'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('run', 'item', 'sample'), name='output_once'),
                    models.CheckConstraint(condition=models.Q(('text__isnull', False), models.Q(('error', ''), _negated=True), _connector='XOR'), name='output_text_or_error', violation_error_message='An output is a text or an error.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Ingestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rows', models.PositiveIntegerField(default=0, help_text="taken so far; the next one's offset")),
                ('samples', models.PositiveSmallIntegerField(default=1, help_text='answers to an item so far')),
                ('digest', models.CharField(blank=True, editable=False, help_text='SHA-256 over the digest of the rows before and each row, one after the other', max_length=64)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('finished', models.DateTimeField(editable=False, null=True)),
                ('by', models.ForeignKey(help_text='empty: the operator', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ingestions', to='accounts.project')),
                ('metrics', models.ManyToManyField(related_name='+', to='registry.metric')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ingestions', to='registry.run')),
            ],
            options={
                'ordering': ['-created', '-id'],
            },
        ),
        migrations.CreateModel(
            name='RunMetric',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scored', models.PositiveIntegerField(null=True)),
                ('unscored', models.PositiveIntegerField(null=True)),
                ('extraction_misses', models.PositiveIntegerField(null=True)),
                ('mean', models.FloatField(null=True)),
                ('scores_digest', models.CharField(blank=True, editable=False, help_text='SHA-256 of the values; empty until the run ends', max_length=64)),
                ('opened', models.DateTimeField(editable=False, help_text='when a decision read these scores, which made them readable', null=True)),
                ('metric', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='registry.metric')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='metrics', to='registry.run')),
            ],
            options={
                'ordering': ['run', 'metric'],
                'constraints': [
                    models.UniqueConstraint(fields=('run', 'metric'), name='run_metric_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Score',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.FloatField(null=True)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('extracted', models.BooleanField(help_text='whether the extraction pattern matched; NULL without a pattern', null=True)),
                ('parts', models.JSONField(help_text='what it adds to a score of all answers together; NULL for any other', null=True)),
                ('metric', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='scores', to='registry.metric')),
                ('output', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='scores', to='registry.output')),
            ],
            options={
                'ordering': ['output_id', 'metric_id'],
                'indexes': [
                    models.Index(condition=models.Q(('value', None)), fields=['output'], name='score_is_none'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('output', 'metric'), name='score_once'),
                    models.CheckConstraint(condition=models.Q(('value__isnull', False), models.Q(('reason', ''), _negated=True), _connector='OR'), name='score_or_reason', violation_error_message='A score is a number, or says why there is none.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Shard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start', models.PositiveIntegerField()),
                ('stop', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('pending', 'waiting'), ('claimed', 'at work'), ('done', 'done'), ('failed', 'failed')], default='pending', max_length=20)),
                ('claim', models.UUIDField(blank=True, help_text='token of the worker that holds it', null=True)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('done', models.PositiveIntegerField(default=0, help_text='items with all their answers kept; of recorded answers, those that are scored')),
                ('limit', models.CharField(blank=True, db_default='', default='', editable=False, help_text="how many requests its worker gave the model's server at a time when it was last heard of, of how many at most, and why not as many; empty where nothing limits them", max_length=120)),
                ('error', models.TextField(blank=True)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shards', to='registry.run')),
            ],
            options={
                'ordering': ['run', 'start'],
                'constraints': [
                    models.UniqueConstraint(fields=('run', 'start'), name='shard_start'),
                    models.CheckConstraint(condition=models.Q(('stop__gt', models.F('start'))), name='shard_not_empty', violation_error_message='A shard holds at least one item.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Spending',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('price', models.JSONField(editable=False, help_text='that held when it was last asked', null=True)),
                ('prompt_tokens', models.BigIntegerField(db_default=0, default=0)),
                ('cached_tokens', models.BigIntegerField(db_default=0, default=0, help_text="of the prompts', those that the server had read before")),
                ('completion_tokens', models.BigIntegerField(db_default=0, default=0)),
                ('untold', models.BigIntegerField(db_default=0, default=0, help_text='answers of which the server told no tokens')),
                ('money', models.FloatField(help_text='null where no price is known', null=True)),
                ('longest', models.BigIntegerField(db_default=0, default=0, help_text='tokens of the longest answer so far')),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='spending', to='registry.run')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='spending', to='registry.modelversion')),
            ],
            options={
                'verbose_name_plural': 'spending',
                'ordering': ['id'],
                'constraints': [
                    models.UniqueConstraint(fields=('run', 'version'), name='spending_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='StudyTestSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(max_length=120)),
                ('position', models.PositiveSmallIntegerField()),
                ('role', models.CharField(choices=[('primary', 'must gain'), ('guard', 'must not lose'), ('development', 'is read freely and never judged')], max_length=20)),
                ('draw', models.PositiveIntegerField(help_text='items that are drawn from a pool; null: all of its file', null=True)),
                ('margin', models.FloatField(default=0.02, help_text='loss that a guard may show')),
                ('min_gain', models.FloatField(default=0.0, help_text='gain that a primary must pass')),
                ('tier', models.CharField(choices=[('critical', 'critical: a ship needs it shown'), ('supporting', "supporting: shown harm holds, doubt doesn't"), ('advisory', 'advisory: reported, decides nothing')], default='critical', max_length=20)),
                ('relative_margin', models.FloatField(help_text="share of the baseline's value that a guard may lose, for `margin`", null=True)),
                ('planned_gain', models.FloatField(help_text="gain that the study is to detect, in this metric's own unit", null=True)),
                ('mix', models.JSONField(blank=True, help_text='share of each tag in production; null: as it is', null=True)),
                ('bounds', models.JSONField(blank=True, help_text="least and most of a score; null: the metric's own", null=True)),
                ('items', models.JSONField(blank=True, help_text='count and digest of the items that are expected', null=True)),
                ('tails', models.CharField(blank=True, help_text="bounded: limits pay for a tail that the items hold none of; null: they don't", max_length=20, null=True)),
                ('form', models.CharField(blank=True, db_default='', default='', help_text="what it guards of another test set's answers, such as refusal; empty: it is a test set that the study names", max_length=20)),
                ('turned', models.BooleanField(db_default=False, default=False, help_text='whether more is better where the metric says that less is, or the reverse')),
                ('metric', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='studies', to='registry.metric')),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='test_sets', to='registry.study')),
                ('test_set_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='studies', to='registry.testsetversion')),
            ],
            options={
                'ordering': ['study', 'position'],
                'constraints': [
                    models.UniqueConstraint(fields=('study', 'name'), name='study_test_set_name'),
                    models.CheckConstraint(condition=models.Q(('margin__gte', 0)), name='study_margin_not_negative', violation_error_message='A margin is how much may be lost: 0 or more.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='StudyRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('repeat', models.PositiveSmallIntegerField(default=0, help_text='0: what the study compares; 1: the same again, for the noise floor')),
                ('arm', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='registry.studyarm')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='studies', to='registry.run')),
                ('test_set', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='registry.studytestset')),
            ],
            options={
                'ordering': ['arm', 'test_set', 'repeat'],
                'constraints': [
                    models.UniqueConstraint(fields=('arm', 'test_set', 'repeat'), name='study_run_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Redaction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('item', models.CharField(help_text="the item's id", max_length=200)),
                ('before', models.CharField(help_text='SHA-256 of items or answers before', max_length=64)),
                ('after', models.CharField(help_text='the same after', max_length=64)),
                ('reason', models.CharField(max_length=300)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(help_text='empty: the operator', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='redactions', to='accounts.project')),
                ('run', models.ForeignKey(help_text='empty where the item itself was redacted', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='redactions', to='registry.run')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='redactions', to='registry.testsetversion')),
            ],
            options={
                'ordering': ['-created', '-id'],
            },
        ),
        migrations.CreateModel(
            name='Draw',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('question', models.CharField(help_text='SHA-256 of what is judged on them: arms, answers, metric', max_length=64)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='draws', to='registry.testsetversion')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='drawn_for', to='registry.testsetversion')),
            ],
            options={
                'ordering': ['-created', '-id'],
                'constraints': [
                    models.UniqueConstraint(fields=('pool', 'question', 'version'), name='draw_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='TrainingOverlap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(help_text='SHA-256 of the training data or its hashes', max_length=64)),
                ('rows', models.PositiveIntegerField(help_text='training rows that were read')),
                ('settings', models.JSONField(default=dict, help_text='n-gram length, thresholds, what was read')),
                ('leaked', models.JSONField(default=dict, help_text='item key → how it was found, and where')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('test_set_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='overlaps', to='registry.testsetversion')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='overlaps', to='registry.modelversion')),
            ],
            options={
                'ordering': ['-created', '-id'],
                'constraints': [
                    models.UniqueConstraint(fields=('version', 'test_set_version', 'source'), name='training_overlap_once', violation_error_message='This training data has been checked already.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ProductionShares',
            fields=[
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='production_shares', serialize=False, to='registry.testsetversion')),
                ('shares', models.JSONField()),
                ('counted', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'production share',
            },
        ),
        migrations.CreateModel(
            name='TrafficSample',
            fields=[
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='traffic_sample', serialize=False, to='registry.testsetversion')),
                ('query', models.JSONField(help_text='what was asked for: time, filters, strata, seed')),
                ('model_name', models.CharField(help_text='under which the requests were served', max_length=200)),
                ('requests', models.PositiveBigIntegerField(help_text='that it was drawn from')),
                ('drawn', models.PositiveIntegerField(help_text='requests; those that say the same are one item')),
                ('seen_before', models.PositiveBigIntegerField(help_text='requests not drawn from: a test set holds what they say already')),
                ('left_out', models.JSONField(help_text='drawn requests that make no item, by reason')),
                ('strata', models.JSONField(help_text='a list of {name, requests, drawn}')),
                ('effective_n', models.FloatField(help_text='items of equal weight that tell as much (Kish)')),
                ('users', models.PositiveIntegerField(help_text='by their hashes, of all drawn requests that name one')),
                ('largest_user', models.FloatField(help_text='share of the weight that one user has at most')),
                ('asked_again', models.PositiveIntegerField(help_text="items whose answer in production can't stand as the baseline's")),
                ('recorded', models.JSONField(default=dict, help_text="what production's answers took and cost: {answers, latency_p50_ms, latency_p95_ms, cost_usd}")),
                ('for_monitor', models.BooleanField(default=False, help_text='drawn by a monitor of quality, for people to compare answers')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(help_text='empty: the operator', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('model_version', models.ForeignKey(help_text='that answered them; empty: nobody has said which it is', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='traffic_samples', to='registry.modelversion')),
            ],
            options={
                'ordering': ['-version_id'],
            },
        ),
        migrations.CreateModel(
            name='SampledRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(help_text='of the request, in UTC')),
                ('key', models.CharField(help_text='of the request', max_length=200)),
                ('trace_id', models.CharField(blank=True, help_text='of the request: a copy may have the same', max_length=200)),
                ('conversation', models.CharField(blank=True, help_text='of the request: later turns repeat its answer', max_length=200)),
                ('content', models.CharField(help_text='SHA-256 of its messages as they were sent; never drawn again', max_length=64)),
                ('weight', models.FloatField(help_text='requests of production that it stands for')),
                ('is_baseline', models.BooleanField(help_text="whether its answer is the baseline's: nothing in it or before it was masked")),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sampled_requests', to='registry.item')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sampled_requests', to='accounts.project')),
            ],
            options={
                'ordering': ['item', 'day', 'key'],
                'indexes': [
                    models.Index(fields=['project', 'content'], name='sampled_content'),
                    models.Index(fields=['project', 'key'], name='sampled_key'),
                    models.Index(fields=['project', 'trace_id'], name='sampled_trace_id'),
                    models.Index(fields=['project', 'conversation'], name='sampled_conversation'),
                ],
                'constraints': [models.UniqueConstraint(fields=('project', 'day', 'key'), name='sampled_once', violation_error_message='This request is an item of a sample already.')],
            },
        ),
        migrations.CreateModel(
            name='StoredDataReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('report', models.JSONField(help_text='the whole report, as `evalhub data check` prints it')),
                ('digest', models.CharField(help_text='SHA-256 of the canonical report', max_length=64)),
                ('sha256', models.CharField(help_text="SHA-256 of the file's bytes", max_length=64)),
                ('file', models.CharField(help_text="the file's name", max_length=255)),
                ('rows', models.PositiveIntegerField(help_text='rows of the file')),
                ('serious', models.PositiveIntegerField(help_text='serious findings')),
                ('important', models.PositiveIntegerField(help_text='important findings')),
                ('minor', models.PositiveIntegerField(help_text='minor findings')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(help_text='who kept it; empty: the operator', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='data_reports', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='data_reports', to='accounts.project')),
            ],
            options={
                'verbose_name': 'data report',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['project', 'sha256'], name='data_report_of_file')],
                'constraints': [models.UniqueConstraint(fields=('project', 'digest'), name='data_report_once', violation_error_message='The project has this report.')],
            },
        ),
        migrations.CreateModel(
            name='TestSetRetirement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=1000)),
                ('newest_version', models.PositiveBigIntegerField(help_text="id of the project's newest version then: what came later may hold items that were trained on")),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(help_text='empty: the operator', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='retirement', to='registry.testsetversion')),
            ],
            options={
                'ordering': ['-created', '-id'],
            },
        ),
        migrations.CreateModel(
            name='TrainingFileVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(max_length=120)),
                ('number', models.PositiveIntegerField()),
                ('format', models.CharField(choices=[('chat', 'chat messages'), ('prompt-completion', 'prompt and completion'), ('dpo', 'preference pairs')], max_length=20)),
                ('sha256', models.CharField(help_text="of the file's bytes", max_length=64)),
                ('digest', models.CharField(help_text='SHA-256 of its rows, in whatever order and spelling of JSON', max_length=64)),
                ('rows', models.PositiveIntegerField()),
                ('left_out', models.JSONField(default=dict, help_text='why rows were left out → how many')),
                ('card', models.JSONField(default=dict, help_text='what its data card says')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(help_text='empty: the operator', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='training_files', to='accounts.project')),
            ],
            options={
                'ordering': ['project', 'name', '-number'],
                'indexes': [models.Index(fields=['sha256'], name='training_file_sha256')],
                'constraints': [models.UniqueConstraint(fields=('project', 'name', 'number'), name='training_file_number'), models.UniqueConstraint(fields=('project', 'name', 'sha256'), name='training_file_content', violation_error_message='The training file has a version with these bytes.')],
            },
        ),
        migrations.CreateModel(
            name='TrainingFileLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveIntegerField(help_text='1, 2, 3, …')),
                ('fingerprint', models.BigIntegerField(help_text="64 bits of the SHA-256 of what it asks, as test sets' items have it")),
                ('text', models.TextField(blank=True, help_text='the line as it went out; empty once erased')),
                ('erased', models.DateTimeField(help_text='when its text was taken out', null=True)),
                ('file', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='registry.trainingfileversion')),
            ],
            options={
                'ordering': ['file_id', 'line'],
                'indexes': [models.Index(fields=['fingerprint', 'file'], name='training_file_row_question')],
                'constraints': [models.UniqueConstraint(fields=('file', 'line'), name='training_file_row_line')],
            },
        ),
        append_only("registry_testsetretirement", says="a retired version stays retired"),
        append_only("registry_trainingfileversion", says="a file that went out is never changed"),
        append_only(
            "registry_trainingfileline",
            may_change=["text", "fingerprint", "erased"],
            says="a row that went out is never changed, its text at most erased",
        ),
        append_only("registry_redaction"),
        append_only("registry_storeddatareport", says="a report is never changed: check the file anew"),
    ]

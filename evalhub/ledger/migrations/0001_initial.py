import django.db.models.deletion
import django.db.models.fields.json
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models

from evalhub.accounts.append_only import append_only


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('registry', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerRestore',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('parent', models.CharField(blank=True, help_text='id of the ledger that the backup held; empty: it held none', max_length=32)),
                ('name', models.CharField(help_text='the id from then on', max_length=32, unique=True)),
                ('began_as', models.CharField(help_text="the id that the chain's start is made of", max_length=32)),
                ('entries', models.PositiveBigIntegerField(help_text='how many entries the ledger had')),
                ('newest_version', models.PositiveBigIntegerField(help_text='id of the newest test set version that the backup held; 0: it held none')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'verbose_name': 'restore of a ledger',
                'verbose_name_plural': 'restores of ledgers',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('arm', models.CharField(help_text='name of the candidate arm', max_length=120)),
                ('record', models.JSONField(help_text='the whole decision, as the command line prints it')),
                ('verdict', models.GeneratedField(choices=[('ship', 'Ship'), ('hold', 'Hold'), ('need-more-data', 'Need more data'), ('invalid', 'Invalid evidence')], db_persist=True, expression=django.db.models.fields.json.KeyTextTransform('verdict', 'record'), help_text="as the record says it: it can't be written", output_field=models.CharField(max_length=20))),
                ('digest', models.CharField(help_text='SHA-256 of the canonical record', max_length=64)),
                ('code_version', models.CharField(max_length=40)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='registry.study')),
            ],
            options={
                'ordering': ['-created', '-id'],
                'indexes': [
                    models.Index(fields=['study', 'arm', '-created'], name='decision_newest'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Promotion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.TextField()),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('before', models.OneToOneField(help_text='what held until then', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='after', to='ledger.promotion')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='promotions', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='promotions', to='accounts.project')),
                ('restores', models.ForeignKey(help_text='of a rollback: the one that had made this version champion', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='restored_by', to='ledger.promotion')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='promotions', to='registry.modelversion')),
                ('decision', models.ForeignKey(help_text='what it rests on; empty: on nothing but its reason, which is an override', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='promotions', to='ledger.decision')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('before', None)), fields=('project',), name='promotion_first_once', violation_error_message='The project has a first champion.'),
                    models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='promotion_has_a_reason', violation_error_message='A promotion says why.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Ledger',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ('name', models.UUIDField(default=uuid.uuid4, editable=False, help_text='a random id', unique=True)),
                ('entries', models.PositiveBigIntegerField(default=0, editable=False, help_text='how many rows were written: that it has moved')),
                ('links', models.PositiveBigIntegerField(default=0, editable=False, help_text='rows in the chain of looks, decisions and sign-offs')),
                ('head', models.CharField(blank=True, default='', editable=False, help_text='of that chain; empty: it has no link yet', max_length=64)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='one_ledger', violation_error_message='A home has one ledger.')],
            },
        ),
        migrations.CreateModel(
            name='LedgerLink',
            fields=[
                ('place', models.PositiveBigIntegerField(help_text='1, 2, 3, … without a gap', primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('look', 'look'), ('reading', 'look'), ('guard', 'look of a guard'), ('arms', 'shared look'), ('decision', 'decision'), ('sign-off', 'sign-off'), ('data-sign', 'data sign-off'), ('restore', 'restore of a backup'), ('peek', 'peek'), ('retirement', 'retirement of a test set')], max_length=10)),
                ('row', models.PositiveBigIntegerField(help_text="the row's id")),
                ('head', models.CharField(help_text='SHA-256 of the head before and of what the row holds', max_length=64)),
            ],
            options={
                'verbose_name': 'link of a ledger',
                'verbose_name_plural': 'links of ledgers',
                'ordering': ['place'],
                'constraints': [models.UniqueConstraint(fields=('kind', 'row'), name='chained_once')],
            },
        ),
        migrations.CreateModel(
            name='Look',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('claim', models.CharField(error_messages={'unique': 'This claim has been looked at already.'}, help_text='SHA-256 of items, weights, scores and metric: what is claimed; of looks from before their readings were counted, of answers and ids, too', max_length=64, unique=True)),
                ('number', models.PositiveIntegerField(help_text='k: 1 and the looks before it, in this home, at items that it shares')),
                ('items_digest', models.CharField(help_text='SHA-256 of the items', max_length=64)),
                ('candidate_answers', models.CharField(help_text="SHA-256 of the candidate's answers to them", max_length=64)),
                ('baseline_answers', models.CharField(help_text="SHA-256 of the baseline's answers to them", max_length=64)),
                ('asked', models.CharField(db_index=True, help_text='SHA-256 of metric, weights and items held back', max_length=64)),
                ('drawn_for', models.PositiveSmallIntegerField(help_text='of items that were drawn for this look alone: the arms that share all of alpha', null=True)),
                ('candidate_key', models.CharField(db_index=True, help_text='SHA-256 of who the candidate is', max_length=64, null=True)),
                ('baseline_key', models.CharField(help_text='SHA-256 of who the baseline is', max_length=64, null=True)),
                ('metric_key', models.CharField(help_text='SHA-256 of the metric', max_length=64, null=True)),
                ('tries', models.PositiveIntegerField(help_text="which of the candidate's tries against this baseline by this metric it was, on whatever items; 0: shown beside a candidate as its rival, and not tried", null=True)),
                ('reading', models.BigIntegerField(help_text='the same for all that one decision read of an arm, or of arms that share a look, rising; below 0: from before this was counted', null=True)),
                ('beginning', models.CharField(blank=True, choices=[('command', 'by the command that began the ledger'), ('ci-command', 'in CI, by the command that began the ledger'), ('ci-day', "in CI, less than a day after the ledger's first look")], db_default='', default='', help_text="whether it is one of its ledger's first; empty: it isn't, or nobody noted it", max_length=10)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('baseline', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='looks_against', to='registry.modelversion')),
                ('baseline_run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='looks_against', to='registry.run')),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='looks', to='registry.modelversion')),
                ('candidate_run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='looks', to='registry.run')),
                ('extends', models.ForeignKey(help_text='the look at fewer items that this one adds to', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='extensions', to='ledger.look')),
                ('read_with', models.ForeignKey(help_text='the first claim that the decision counted which read it first; null: itself', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='read_beside', to='ledger.look')),
                ('shares', models.ForeignKey(help_text='the look whose number it has: another claim of one decision on the same answers', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sharing', to='ledger.look')),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='looks', to='registry.study')),
                ('test_set_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='looks', to='registry.testsetversion')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='GuardLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text="the look, of the primary's, that judged it")),
                ('charged', models.BooleanField(help_text='whether it took this number')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('guard', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='primaries', to='ledger.look')),
                ('primary', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='guards', to='ledger.look')),
            ],
            options={
                'verbose_name': 'look of a guard',
                'verbose_name_plural': 'looks of guards',
                'ordering': ['id'],
                'constraints': [
                    models.UniqueConstraint(fields=('primary', 'guard'), name='guard_look_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='NearCopies',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('positions', models.JSONField(default=list, help_text='of those items of `version`')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('earlier', models.ForeignKey(help_text='whose items they are copies of', on_delete=django.db.models.deletion.CASCADE, related_name='+', to='registry.testsetversion')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='near_copies', to='registry.testsetversion')),
            ],
            options={
                'verbose_name': 'near-copy pair',
                'ordering': ['id'],
                'constraints': [
                    models.UniqueConstraint(fields=('version', 'earlier'), name='near_copies_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Peek',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('claim', models.CharField(help_text='SHA-256 of items, weights, scores and metric: what is claimed', max_length=64)),
                ('beside', models.CharField(blank=True, default='', help_text='empty: its own row; another claim: the one beside which `number` judged it as a guard; itself: it was read again without the claim whose number it had', max_length=64)),
                ('number', models.PositiveIntegerField(help_text='k: 1 and what was read before it, in this home, of items that it shares')),
                ('shares', models.CharField(blank=True, default='', help_text='the claim whose number it has; empty: it has its own', max_length=64)),
                ('charged', models.BooleanField(default=False, help_text='of a row beside a claim: whether it took this number')),
                ('others', models.JSONField(default=list, help_text="ids of versions that hold the items which that one doesn't")),
                ('asked', models.CharField(help_text='SHA-256 of metric, weights and items held back', max_length=64)),
                ('files', models.CharField(help_text='names of the files that were read', max_length=255)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('test_set_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='peeks', to='registry.testsetversion')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [
                    models.UniqueConstraint(fields=('claim', 'beside'), name='peek_once', violation_error_message='This claim has been read from files already.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SharedLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('count', models.PositiveSmallIntegerField(help_text='arms that share it, this one included')),
                ('correlations', models.JSONField(help_text="by critical criterion, how alike the arms' differences from the baseline are")),
                ('readings', models.PositiveSmallIntegerField(help_text='as how many readings it counts for whoever comes next')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('look', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='arms', to='ledger.look')),
            ],
            options={
                'verbose_name': 'shared look',
                'verbose_name_plural': 'shared looks',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='SignOff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(choices=[('signed-off', 'signed off'), ('overridden', 'overridden')], max_length=20)),
                ('reason', models.TextField()),
                ('record', models.JSONField(help_text="all of this as one document, with the decision's SHA-256")),
                ('verdict', models.GeneratedField(choices=[('ship', 'Ship'), ('hold', 'Hold'), ('need-more-data', 'Need more data'), ('invalid', 'Invalid evidence')], db_persist=True, expression=django.db.models.fields.json.KeyTextTransform('verdict', 'record'), help_text="what holds from now on, as the record says it: it can't be written", output_field=models.CharField(max_length=20))),
                ('digest', models.CharField(help_text='SHA-256 of the canonical record', max_length=64, unique=True)),
                ('created', models.DateTimeField(editable=False)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sign_offs', to=settings.AUTH_USER_MODEL)),
                ('decision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sign_offs', to='ledger.decision')),
            ],
            options={
                'verbose_name': 'sign-off',
                'ordering': ['-created', '-id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='sign_off_has_a_reason', violation_error_message='A sign-off says why.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='DataSignOff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.TextField()),
                ('record', models.JSONField(help_text="all of this as one document, with the report's SHA-256")),
                ('verdict', models.GeneratedField(choices=[('accepted', 'accepted'), ('rejected', 'rejected')], db_persist=True, expression=django.db.models.fields.json.KeyTextTransform('verdict', 'record'), help_text="what holds from now on, as the record says it: it can't be written", output_field=models.CharField(max_length=20))),
                ('digest', models.CharField(help_text='SHA-256 of the canonical record', max_length=64, unique=True)),
                ('created', models.DateTimeField(editable=False)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='data_sign_offs', to=settings.AUTH_USER_MODEL)),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sign_offs', to='registry.storeddatareport')),
            ],
            options={
                'verbose_name': 'data sign-off',
                'ordering': ['-created', '-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='data_sign_off_has_a_reason', violation_error_message='A sign-off says why.')],
            },
        ),
        migrations.CreateModel(
            name='StageMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('was', models.CharField(choices=[('candidate', 'candidate'), ('shadow', 'shadow'), ('canary', 'canary'), ('champion', 'champion'), ('retired', 'retired')], help_text='from', max_length=20)),
                ('stage', models.CharField(choices=[('candidate', 'candidate'), ('shadow', 'shadow'), ('canary', 'canary'), ('champion', 'champion'), ('retired', 'retired')], help_text='to', max_length=20)),
                ('reason', models.TextField()),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('promotion', models.ForeignKey(help_text='what made this version champion, or another one in its place', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='ledger.promotion')),
                ('by', models.ForeignKey(help_text="empty: an experiment's end", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decision', models.ForeignKey(help_text='what it rests on; empty: on nothing but its reason', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='ledger.decision')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='registry.modelversion')),
            ],
            options={
                'verbose_name': 'move of a version',
                'verbose_name_plural': 'moves of versions',
                'ordering': ['-id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='move_has_a_reason', violation_error_message='A move says why.'),
                    models.CheckConstraint(condition=models.Q(('was', models.F('stage')), _negated=True), name='move_goes_somewhere', violation_error_message='A move goes to another stage.'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Acceptance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(help_text="SHA-256 of what is accepted, as the decision's caveat has it", max_length=64)),
                ('reason', models.TextField()),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(help_text='empty: the operator', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to='accounts.project')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['project', 'subject'], name='accepted_in_project')],
                'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='acceptance_has_a_reason', violation_error_message='An acceptance says why.')],
            },
        ),
        migrations.CreateModel(
            name='PromptTrial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('prompt_digest', models.CharField(help_text='SHA-256 of the prompt', max_length=64)),
                ('model', models.CharField(help_text='who was asked, as the page named it', max_length=300)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='prompt_trials', to=settings.AUTH_USER_MODEL)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='prompt_trials', to='registry.item')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        append_only("ledger_promotion", says="a champion is promoted again, never changed"),
        append_only("ledger_stagemove", says="a version is moved anew, never otherwise than it was"),
        append_only("ledger_look", says="looks are added, never changed nor taken back"),
        append_only("ledger_guardlook", says="looks are added, never changed nor taken back"),
        append_only("ledger_sharedlook", says="looks are added, never changed nor taken back"),
        append_only("ledger_peek", says="peeks are added, never changed nor taken back"),
        append_only("ledger_decision", says="a decision is never changed: decide anew"),
        append_only("ledger_signoff", says="a sign-off is never changed: sign anew"),
        append_only("ledger_datasignoff", says="a sign-off is never changed: sign anew"),
        append_only("ledger_acceptance", says="an acceptance is never changed: accept anew"),
        append_only("ledger_prompttrial", says="trials are kept as they were, never changed"),
        append_only("ledger_ledgerrestore", says="a restore is noted once, never changed"),
        append_only("ledger_ledgerlink", says="links are added, never changed"),
        append_only("ledger_ledger", may_change=['entries', 'links', 'head'], says="a home keeps its ledger"),
    ]

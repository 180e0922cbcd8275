import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models

from evalhub.accounts.append_only import append_only, set_once
from reviews.sealing import seal, unseal


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('registry', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Assignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('main', 'takes a seat'), ('repeat', 'an earlier turn again with its sides swapped: takes no seat'), ('adjudication', 'decides a disagreement: takes no seat')], default='main', max_length=20)),
                ('token', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('turn', models.PositiveIntegerField(help_text="0 for the reviewer's first, then 1, 2, …")),
                ('candidate_on_left', models.BooleanField()),
                ('state', models.CharField(choices=[('leased', 'dealt, not yet answered'), ('done', 'answered'), ('expired', 'lease ended: its seat is free again'), ('skipped', 'skipped with a reason: its seat is free again')], default='leased', max_length=20)),
                ('skip_reason', models.CharField(blank=True, max_length=300)),
                ('revision', models.PositiveSmallIntegerField(default=0, help_text='of the next judgment: how many were made')),
                ('dealt', models.DateTimeField(help_text='when it was last put before the reviewer')),
                ('lease_until', models.DateTimeField()),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('repeats', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='repeated', to='reviews.assignment')),
            ],
            options={
                'ordering': ['reviewer', 'turn'],
            },
        ),
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text="shown to owners; reviewers don't see it", max_length=200)),
                ('kind', models.CharField(choices=[('pairs', 'two answers compared'), ('ratings', 'one answer rated')], default='pairs', max_length=20)),
                ('question', models.TextField(help_text='what reviewers are asked; it names no model')),
                ('reviewers_per_item', models.PositiveSmallIntegerField()),
                ('seed', models.PositiveBigIntegerField(help_text='of the orders and the sides: the plan’s, mixed with its hash')),
                ('form', models.JSONField(default=dict, help_text='the part of the plan that a page needs: steps, dimensions, rationale, flags, …')),
                ('plan', models.JSONField(help_text='items, rule and scale, as fixed before the first deal')),
                ('plan_hash', models.CharField(help_text='SHA-256 of the canonical plan', max_length=64)),
                ('state', models.CharField(choices=[('open', 'open'), ('paused', 'paused'), ('complete', 'complete: every judgment is in'), ('closed', 'closed')], default='open', max_length=20)),
                ('ended', models.CharField(blank=True, help_text='why it takes no more answers, for people', max_length=200)),
                ('requires', models.JSONField(blank=True, default=list, help_text='languages and skills that a reviewer must have')),
                ('invited_only', models.BooleanField(default=False, help_text='only who was invited reviews, not every reviewer of the project')),
                ('unblinded', models.DateTimeField(blank=True, help_text='when an owner had the arms named; nothing changes after', null=True)),
                ('events_head', models.CharField(blank=True, editable=False, help_text='of the chain of its events', max_length=64)),
                ('sealed', models.DateTimeField(blank=True, editable=False, help_text='when its judgments were sealed', null=True)),
                ('seal', models.CharField(blank=True, editable=False, help_text='SHA-256 of `sealed_as`', max_length=64)),
                ('sealed_as', models.JSONField(blank=True, editable=False, help_text='the heads of all chains at the seal', null=True)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('baseline', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='campaigns_as_baseline', to='registry.modelversion')),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='campaigns_as_candidate', to='registry.modelversion')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='accounts.project')),
                ('study', models.ForeignKey(blank=True, help_text='empty where the pairs were uploaded', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='registry.study')),
                ('supersedes', models.ForeignKey(blank=True, help_text="the campaign whose plan was changed into this one's", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='superseded_by', to='reviews.campaign')),
            ],
            options={
                'ordering': ['-created', '-id'],
            },
        ),
        migrations.CreateModel(
            name='Dealing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('places', models.PositiveIntegerField(help_text="positions in the plan's order")),
                ('pairs', models.PositiveIntegerField(help_text='pairs that are dealt; practice is apart')),
                ('seats', models.PositiveIntegerField(help_text='judgments that they are to have')),
                ('chances', models.JSONField(blank=True, default=dict, help_text='stratum → chance that a pair is dealt in the first lap; empty: always')),
                ('weighed', models.PositiveIntegerField(default=0, help_text='judgments that there were when the chances were computed')),
                ('campaign', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='dealing', to='reviews.campaign')),
            ],
            options={
                'ordering': ['campaign'],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('opened', 'opened'), ('paused', 'paused'), ('resumed', 'resumed'), ('stopped', 'stopped early by its rule'), ('joined', 'somebody joined by an invitation'), ('vouched', 'an owner vouched for a reviewer'), ('reviewer', 'a reviewer’s state or quota changed'), ('closed', 'closed'), ('sealed', 'its judgments were sealed'), ('unblinded', 'unblinded')], max_length=20)),
                ('detail', models.JSONField(default=dict)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(help_text='empty: the site itself', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='reviews.campaign')),
            ],
            options={
                'ordering': ['campaign', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Guess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(max_length=10)),
                ('place', models.PositiveIntegerField(editable=False, help_text='in the chain of all that its reviewer has said')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('assignment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='guess', to='reviews.assignment')),
            ],
            options={
                'verbose_name_plural': 'guesses',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Judgment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveSmallIntegerField(default=0)),
                ('choice', models.CharField(max_length=20)),
                ('much', models.BooleanField(default=False, help_text='left or right is much better')),
                ('answers', models.JSONField(blank=True, default=dict, help_text='dimension → choice as presented, or a rating')),
                ('flags', models.JSONField(blank=True, default=dict, help_text='{"left": ["unsafe", …], "right": […]}, as presented')),
                ('rationale', models.TextField(blank=True)),
                ('seconds', models.FloatField(help_text="from the deal to the answer, on the server's clock")),
                ('visible_seconds', models.FloatField(help_text='for how long the page was in view, as the browser counted', null=True)),
                ('key', models.CharField(blank=True, help_text="the browser's own: the same again is the same row", max_length=64)),
                ('place', models.PositiveIntegerField(editable=False, help_text='in the chain of all that its reviewer has said')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('assignment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='judgments', to='reviews.assignment')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Pair',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('main', 'what the campaign is about'), ('control', 'two answers of one arm (A/A): neither can be better'), ('gold', 'the better answer is known'), ('practice', 'for qualifying, with feedback')], default='main', max_length=20)),
                ('expected', models.CharField(blank=True, help_text='gold and practice: baseline, candidate, tie, both-bad', max_length=20)),
                ('feedback', models.TextField(blank=True, help_text='practice: what the reviewer is told after')),
                ('stratum', models.CharField(blank=True, max_length=200)),
                ('position', models.PositiveIntegerField(help_text="place in the plan's random order")),
                ('seats', models.PositiveSmallIntegerField(help_text='judgments that the plan asks for')),
                ('taken', models.PositiveSmallIntegerField(default=0, help_text='seats held by a judgment or a lease; claimed by compare-and-set')),
                ('baseline_output', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pairs_as_baseline', to='registry.output')),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pairs', to='reviews.campaign')),
                ('candidate_output', models.ForeignKey(help_text='empty where one answer is rated by itself', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pairs_as_candidate', to='registry.output')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pairs', to='registry.item')),
            ],
            options={
                'ordering': ['campaign', 'position'],
            },
        ),
        migrations.AddField(
            model_name='assignment',
            name='pair',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to='reviews.pair'),
        ),
        migrations.CreateModel(
            name='Reviewer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(help_text='names this person in all that is drawn for them and in what they said: a random pseudonym', max_length=150)),
                ('head', models.CharField(editable=False, help_text='of the chain of all that this person has said', max_length=64)),
                ('links', models.PositiveIntegerField(default=0, editable=False, help_text="rows in that chain: the next one's place")),
                ('ended', models.DateTimeField(blank=True, editable=False, help_text="when the campaign's seal ended this", null=True)),
                ('state', models.CharField(choices=[('practising', 'practising'), ('active', 'reviewing'), ('paused', 'paused by an owner'), ('removed', 'not reviewing any more')], default='active', max_length=20)),
                ('quota', models.PositiveIntegerField(blank=True, help_text='most judgments of this person; empty: no limit', null=True)),
                ('tags', models.JSONField(blank=True, default=list, help_text='languages and skills')),
                ('turns', models.PositiveIntegerField(default=0, help_text='assignments dealt so far')),
                ('cursor', models.PositiveIntegerField(default=0, help_text="place in this person's own order of the pairs: all before was dealt or full")),
                ('laps', models.PositiveSmallIntegerField(default=1, help_text='through that order: a second one takes what the first passed over')),
                ('spaced', models.JSONField(blank=True, default=list, help_text='items of the last turns, the newest last')),
                ('sealed', models.PositiveIntegerField(default=0, help_text="answers of turns before this one can't be undone any more")),
                ('judged', models.PositiveIntegerField(default=0, help_text='answers that stand')),
                ('seated', models.PositiveIntegerField(default=0, help_text='those of them that hold a seat')),
                ('skipped', models.PositiveIntegerField(default=0, help_text='comparisons skipped')),
                ('repeated', models.PositiveIntegerField(default=0, help_text='turns dealt again, sides swapped')),
                ('recent', models.JSONField(blank=True, default=list, help_text='seconds that the last answers took, the newest last')),
                ('answered', models.DateTimeField(blank=True, help_text='when the last answer, skip or undo came', null=True)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reviewers', to='reviews.campaign')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviewing', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['campaign', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(blank=True, help_text='where there is no account yet', max_length=254)),
                ('name', models.CharField(blank=True, max_length=150)),
                ('digest', models.CharField(editable=False, max_length=64, null=True, unique=True)),
                ('shown', models.BooleanField(default=True, help_text='whoever invited has seen the link')),
                ('by_owner', models.BooleanField(db_default=False, default=False, help_text='an owner of the project, or who administers the site, named the person')),
                ('expires', models.DateTimeField()),
                ('used', models.DateTimeField(blank=True, null=True)),
                ('declined', models.DateTimeField(blank=True, null=True)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('quota', models.PositiveIntegerField(blank=True, null=True)),
                ('tags', models.JSONField(blank=True, default=list, help_text='languages and skills')),
                ('account', models.ForeignKey(blank=True, help_text='in whose list', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='reviews.campaign')),
                ('reviewer', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invitation', to='reviews.reviewer')),
            ],
            options={
                'ordering': ['campaign', 'id'],
            },
        ),
        migrations.AddField(
            model_name='assignment',
            name='reviewer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='reviews.reviewer'),
        ),
        migrations.CreateModel(
            name='Undo',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveSmallIntegerField(help_text='of the judgment that stands no more')),
                ('place', models.PositiveIntegerField(editable=False, help_text='in the chain of all that its reviewer has said')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('assignment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='undos', to='reviews.assignment')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.UniqueConstraint(fields=('study', 'plan_hash'), name='campaign_plan', violation_error_message='The study has a campaign with this plan.'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.UniqueConstraint(condition=models.Q(('study__isnull', True)), fields=('project', 'plan_hash'), name='campaign_plan_of_upload', violation_error_message='The project has a campaign with this plan.'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('reviewers_per_item__gte', 1)), name='campaign_has_reviewers', violation_error_message='Each item needs at least one reviewer.'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('baseline', models.F('candidate')), _negated=True), name='campaign_two_versions', violation_error_message='A campaign compares two different versions.'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'unblinded')), fields=('campaign',), name='event_unblinded_once', violation_error_message='The campaign has been unblinded already.'),
        ),
        migrations.AddConstraint(
            model_name='guess',
            constraint=models.CheckConstraint(condition=models.Q(('side__in', ['left', 'right', 'unsure'])), name='guess_side', violation_error_message='A guess is left, right or unsure.'),
        ),
        migrations.AddConstraint(
            model_name='judgment',
            constraint=models.UniqueConstraint(fields=('assignment', 'revision'), name='judgment_revision'),
        ),
        migrations.AddConstraint(
            model_name='judgment',
            constraint=models.UniqueConstraint(condition=models.Q(('key', ''), _negated=True), fields=('assignment', 'key'), name='judgment_key'),
        ),
        migrations.AddConstraint(
            model_name='judgment',
            constraint=models.CheckConstraint(condition=models.Q(('choice__in', ['left', 'tie', 'both-bad', 'right', 'rated'])), name='judgment_choice', violation_error_message='A choice is left, right, tie, both-bad or rated.'),
        ),
        migrations.AddConstraint(
            model_name='judgment',
            constraint=models.CheckConstraint(condition=models.Q(('much', False), ('choice__in', ['left', 'right']), _connector='OR'), name='judgment_much', violation_error_message='Only left or right can be much better.'),
        ),
        migrations.AddConstraint(
            model_name='judgment',
            constraint=models.CheckConstraint(condition=models.Q(('seconds__gte', 0)), name='judgment_seconds', violation_error_message='Seconds are 0 or more.'),
        ),
        migrations.AddIndex(
            model_name='pair',
            index=models.Index(condition=models.Q(('taken__lt', models.F('seats'))), fields=['campaign', 'position'], name='pair_with_free_seat'),
        ),
        migrations.AddConstraint(
            model_name='pair',
            constraint=models.UniqueConstraint(fields=('campaign', 'kind', 'item', 'baseline_output', 'candidate_output'), name='pair_once'),
        ),
        migrations.AddConstraint(
            model_name='pair',
            constraint=models.UniqueConstraint(condition=models.Q(('candidate_output__isnull', True)), fields=('campaign', 'kind', 'item', 'baseline_output'), name='answer_once'),
        ),
        migrations.AddConstraint(
            model_name='pair',
            constraint=models.UniqueConstraint(fields=('campaign', 'position'), name='pair_position'),
        ),
        migrations.AddConstraint(
            model_name='pair',
            constraint=models.CheckConstraint(condition=models.Q(('taken__lte', models.F('seats'))), name='pair_not_overassigned', violation_error_message='Every seat of this pair is taken.'),
        ),
        migrations.AddConstraint(
            model_name='reviewer',
            constraint=models.UniqueConstraint(fields=('campaign', 'user'), name='reviewer_once', violation_error_message='This person is already a reviewer of the campaign.'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(condition=models.Q(('declined', None), ('used', None), models.Q(('email', ''), _negated=True)), fields=('campaign', 'email'), name='invitation_email_once', violation_error_message='This person has an open invitation to the campaign.'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(condition=models.Q(('declined', None), ('used', None), models.Q(('account', None), _negated=True)), fields=('campaign', 'account'), name='invitation_account_once', violation_error_message='This person has an open invitation to the campaign.'),
        ),
        migrations.AddIndex(
            model_name='assignment',
            index=models.Index(condition=models.Q(('state', 'leased')), fields=['lease_until'], name='assignment_on_lease'),
        ),
        migrations.AddIndex(
            model_name='assignment',
            index=models.Index(condition=models.Q(('state', 'leased')), fields=['reviewer', 'turn'], name='assignment_at_hand'),
        ),
        migrations.AddIndex(
            model_name='assignment',
            index=models.Index(condition=models.Q(('state__in', ['expired', 'skipped'])), fields=['reviewer', 'pair'], name='assignment_gave_back'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(fields=('pair', 'reviewer', 'purpose'), name='assignment_once', violation_error_message='This reviewer has had this pair.'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(fields=('reviewer', 'turn'), name='assignment_turn'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.UniqueConstraint(condition=models.Q(('purpose', 'adjudication'), ('state', 'done')), fields=('pair',), name='adjudicated_once', violation_error_message='Somebody has adjudicated this disagreement.'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('purpose', 'repeat'), ('repeats__isnull', True), _connector='XOR'), name='assignment_repeats_one', violation_error_message='A repeat says which turn it repeats.'),
        ),
        migrations.AddConstraint(
            model_name='undo',
            constraint=models.UniqueConstraint(fields=('assignment', 'revision'), name='undone_once'),
        ),
        migrations.CreateModel(
            name='ExampleQueue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('purpose', models.CharField(choices=[('training', 'rows to train on'), ('references', 'right answers of a test set')], default='training', max_length=20)),
                ('instructions', models.TextField(blank=True, help_text='for people; it names no model')),
                ('annotators_per_example', models.PositiveSmallIntegerField(default=1, help_text='1 or 2')),
                ('labels', models.JSONField(blank=True, default=list, help_text='the answers that are allowed; empty: any text')),
                ('gold_share', models.FloatField(default=0.0, help_text="share of a person's turns whose right answer is known")),
                ('state', models.CharField(choices=[('open', 'open'), ('paused', 'paused'), ('closed', 'closed')], default='open', max_length=20)),
                ('seed', models.PositiveBigIntegerField(help_text="of the examples' order and of gold turns")),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(help_text='empty: the operator', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='example_queues', to='accounts.project')),
            ],
            options={
                'ordering': ['-created', '-id'],
            },
        ),
        migrations.CreateModel(
            name='Example',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text="place in the queue's random order")),
                ('input', models.JSONField(help_text='a text, or a list of chat messages {role, content}')),
                ('context', models.TextField(blank=True, help_text='retrieved or given text')),
                ('proposal', models.TextField(blank=True, help_text='the proposed answer; empty: people write it from nothing')),
                ('tags', models.JSONField(blank=True, default=list)),
                ('metadata', models.JSONField(blank=True, default=dict, help_text='further fields of its row')),
                ('source', models.CharField(choices=[('traffic', 'production traffic'), ('model', 'a model’s proposal'), ('augmentation', 'a variation of another example'), ('file', 'a file'), ('person', 'a person')], max_length=20)),
                ('reference', models.JSONField(blank=True, default=dict, help_text='where exactly it came from')),
                ('model', models.CharField(blank=True, help_text='that proposed the answer, by name and version', max_length=200)),
                ('prompt', models.TextField(blank=True, help_text='with which the model was asked for it; the digest is in `reference`')),
                ('licence', models.CharField(blank=True, max_length=100)),
                ('user_hash', models.CharField(blank=True, help_text="of the traffic's user, whose erasure reaches it", max_length=32)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('digest', models.CharField(editable=False, help_text='SHA-256 of input and context, whatever their spelling: once a queue', max_length=64)),
                ('fingerprint', models.BigIntegerField(editable=False, help_text="of its own text, as an item's: what is in both is a copy")),
                ('fingerprint_in_context', models.BigIntegerField(editable=False, help_text='the same of its own text and its context')),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('in-progress', 'one of two has answered'), ('disputed', 'needs adjudication'), ('accepted', 'accepted'), ('rejected', 'rejected'), ('gold', 'gold: its right answer is known, it goes nowhere'), ('erased', 'erased: its texts are gone')], default='waiting', max_length=20)),
                ('seats', models.PositiveSmallIntegerField(help_text='annotators that it is to have; gold: 0')),
                ('taken', models.PositiveSmallIntegerField(default=0, help_text='seats held by an answer or a lease; claimed by compare-and-set')),
                ('gold', models.BooleanField(default=False, help_text='planted, to see whether people look')),
                ('expected', models.TextField(blank=True, help_text='gold: the right answer; empty: the proposal is wrong')),
                ('final_answer', models.TextField(blank=True, help_text='accepted: what goes out')),
                ('decided', models.DateTimeField(blank=True, editable=False, null=True)),
                ('by', models.ForeignKey(blank=True, help_text='who added it', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('item', models.ForeignKey(blank=True, help_text='of a test set, whose right answer is written', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='examples', to='registry.item')),
                ('parent', models.ForeignKey(blank=True, help_text='the example of which it is a variation', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='variations', to='reviews.example')),
                ('queue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='examples', to='reviews.examplequeue')),
            ],
            options={
                'ordering': ['queue', 'position'],
            },
        ),
        migrations.CreateModel(
            name='Annotation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('main', 'takes a seat'), ('gold', 'at a gold example: takes no seat'), ('adjudication', 'decides a disagreement: takes no seat')], default='main', max_length=20)),
                ('revision', models.PositiveSmallIntegerField(default=0, help_text="0 for this person's first answer to it, then 1, 2, …")),
                ('token', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('state', models.CharField(choices=[('leased', 'dealt, not yet answered'), ('answered', 'answered'), ('expired', 'lease ended: its seat is free again'), ('skipped', 'skipped: its seat is free again'), ('undone', 'answered and taken back: the next revision stands')], default='leased', max_length=20)),
                ('dealt', models.DateTimeField(help_text='when it was last put before the person')),
                ('lease_until', models.DateTimeField()),
                ('action', models.CharField(blank=True, choices=[('accept', 'accepted'), ('edit', 'edited'), ('reject', 'rejected')], help_text='empty: no answer', max_length=20)),
                ('answer', models.TextField(blank=True, help_text='accept and edit: the answer, as it was saved')),
                ('reason', models.CharField(blank=True, help_text='why rejected or skipped', max_length=1000)),
                ('seconds', models.FloatField(help_text="from the deal to the answer, on the server's clock", null=True)),
                ('visible_seconds', models.FloatField(help_text='for how long the page was in view, as the browser counted', null=True)),
                ('answered', models.DateTimeField(editable=False, null=True)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('annotator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='annotations', to=settings.AUTH_USER_MODEL)),
                ('example', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='annotations', to='reviews.example')),
                ('queue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='annotations', to='reviews.examplequeue')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddConstraint(
            model_name='examplequeue',
            constraint=models.UniqueConstraint(fields=('project', 'name'), name='example_queue_name', violation_error_message='The project has a queue of this name.'),
        ),
        migrations.AddConstraint(
            model_name='examplequeue',
            constraint=models.CheckConstraint(condition=models.Q(('annotators_per_example__in', [1, 2])), name='example_queue_annotators', violation_error_message='An example has one annotator or two.'),
        ),
        migrations.AddConstraint(
            model_name='examplequeue',
            constraint=models.CheckConstraint(condition=models.Q(('gold_share__gte', 0), ('gold_share__lte', 0.5)), name='example_queue_gold_share', violation_error_message='At most half of the turns are gold.'),
        ),
        migrations.AddIndex(
            model_name='example',
            index=models.Index(condition=models.Q(('taken__lt', models.F('seats'))), fields=['queue', 'position'], name='example_with_free_seat'),
        ),
        migrations.AddIndex(
            model_name='example',
            index=models.Index(fields=['queue', 'state', 'position'], name='example_in_state'),
        ),
        migrations.AddIndex(
            model_name='example',
            index=models.Index(fields=['fingerprint'], name='example_fingerprint'),
        ),
        migrations.AddIndex(
            model_name='example',
            index=models.Index(condition=models.Q(('user_hash', ''), _negated=True), fields=['user_hash'], name='example_of_user'),
        ),
        migrations.AddConstraint(
            model_name='example',
            constraint=models.UniqueConstraint(fields=('queue', 'position'), name='example_position'),
        ),
        migrations.AddConstraint(
            model_name='example',
            constraint=models.UniqueConstraint(fields=('queue', 'digest'), name='example_content', violation_error_message='The queue has an example with this input.'),
        ),
        migrations.AddConstraint(
            model_name='example',
            constraint=models.CheckConstraint(condition=models.Q(('taken__lte', models.F('seats'))), name='example_not_overassigned', violation_error_message='Every seat of this example is taken.'),
        ),
        migrations.AddConstraint(
            model_name='example',
            constraint=models.CheckConstraint(condition=models.Q(('gold', False), models.Q(('seats', 0), ('state__in', ['gold', 'erased'])), _connector='OR'), name='example_gold_goes_nowhere', violation_error_message='A gold example is never accepted into a data set.'),
        ),
        migrations.AddConstraint(
            model_name='example',
            constraint=models.CheckConstraint(condition=models.Q(('decided', None), ('state__in', ['accepted', 'rejected']), _connector='XOR'), name='example_decided', violation_error_message='An example is decided when it is accepted or rejected.'),
        ),
        migrations.AddIndex(
            model_name='annotation',
            index=models.Index(condition=models.Q(('state', 'leased')), fields=['lease_until'], name='annotation_on_lease'),
        ),
        migrations.AddIndex(
            model_name='annotation',
            index=models.Index(fields=['queue', 'annotator', 'state'], name='annotation_of_person'),
        ),
        migrations.AddConstraint(
            model_name='annotation',
            constraint=models.UniqueConstraint(fields=('example', 'annotator', 'purpose', 'revision'), name='annotation_revision'),
        ),
        migrations.AddConstraint(
            model_name='annotation',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['leased', 'answered', 'skipped'])), fields=('example', 'annotator'), name='annotation_once', violation_error_message='This person has had this example.'),
        ),
        migrations.AddConstraint(
            model_name='annotation',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'leased'), models.Q(('purpose', 'adjudication'), _negated=True)), fields=('queue', 'annotator'), name='annotation_one_at_hand', violation_error_message='This person has another example of the queue at hand.'),
        ),
        migrations.AddConstraint(
            model_name='annotation',
            constraint=models.UniqueConstraint(condition=models.Q(('purpose', 'adjudication'), ('state__in', ['leased', 'answered'])), fields=('example',), name='annotation_adjudicated_once', violation_error_message='Somebody else decides this disagreement.'),
        ),
        migrations.AddConstraint(
            model_name='annotation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('action', ''), ('answered', None), ('seconds', None)), models.Q(('action__in', ['accept', 'edit', 'reject']), ('answered__isnull', False), ('seconds__gte', 0)), _connector='OR'), name='annotation_action', violation_error_message='An answer accepts, edits or rejects, and has its time.'),
        ),
        migrations.AddConstraint(
            model_name='annotation',
            constraint=models.CheckConstraint(condition=models.Q(('action', ''), ('state__in', ['answered', 'undone']), _connector='XOR'), name='annotation_answered', violation_error_message='A turn is answered when it says what was done.'),
        ),
        migrations.AddConstraint(
            model_name='annotation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('action', 'reject'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='annotation_reason', violation_error_message='Say why it is rejected.'),
        ),
        migrations.RunPython(seal, unseal),
        append_only("reviews_judgment", says="judgments are added, never changed"),
        append_only("reviews_undo", says="what was taken back is added, never changed"),
        append_only("reviews_guess", says="guesses are added, never changed"),
        append_only("reviews_event", says="what was done to a review is never changed"),
        append_only("reviews_assignment", may_change=['state', 'skip_reason', 'revision', 'dealt', 'lease_until'], says="a turn keeps its pair, its person and its sides"),
        set_once("reviews_campaign", ["unblinded", "sealed", "seal", "sealed_as"], says="unblinding and sealing aren't taken back"),
        set_once("reviews_reviewer", ["ended"], says="a seal isn't taken back"),
        append_only("reviews_annotation", may_change=['state', 'dealt', 'lease_until', 'action', 'answer', 'reason', 'seconds', 'visible_seconds', 'answered'], says="a turn keeps its example and its person"),
        set_once("reviews_annotation", ["action", "seconds", "visible_seconds", "answered"], says="answers are added, never changed"),
    ]

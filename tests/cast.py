"""The cast: a team and its test sets, versions and finished runs, in sentences.

team = a_team()
questions = a_test_set(team, items=40, tags=["dates", "sums"])
base, lora = a_version(team, "base"), a_version(team, "lora")
a_run(base, questions, scores=[1, 0] * 20)
a_run(lora, questions, scores=[1, 1] * 20)
study = a_study(team, baseline=base, candidate=lora, primary=questions)
"""

import hashlib
import json
import tempfile
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Membership, Project, Role, User
from evalhub.declare.declaration import validate
from evalhub.declare.judges import PairwiseQuestion
from evalhub.declare.keys import Reach
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.declare.training import TrainingRecord
from evalhub.features.score_audits.models import ScoreAudit
from evalhub.features.score_audits.score_cases import check_score, dispute_score, draw_audit
from evalhub.features.working_sets.models import WorkingSet
from evalhub.features.working_sets.sets import edit_version
from evalhub.io.items import FieldMapping
from evalhub.judges.models import JudgeRun
from evalhub.ledger.decide import decide_study
from evalhub.ledger.leakage.result import LeakageSettings
from evalhub.ledger.models import Decision
from evalhub.ledger.retirement import retire_test_set
from evalhub.registry.importing import import_test_set
from evalhub.registry.models import (
    DocumentSet,
    DocumentText,
    Metric,
    ModelVersion,
    Output,
    Reserved,
    Run,
    RunMetric,
    SampledRequest,
    Score,
    Shard,
    Spending,
    Study,
    StudyArm,
    StudyBudget,
    StudyRun,
    StudyTestSet,
    TestSetVersion,
    TrafficSample,
)
from evalhub.registry.models.runs import RunState, ShardState
from evalhub.registry.models.studies import ArmRole, CriterionRole
from evalhub.registry.models.testsets import TestSetPurpose
from evalhub.registry.models.versions import Kind
from evalhub.registry.versions import register_metric, register_version
from runners.backends import AnyBackend
from runners.outcome import finish
from tests.forms_read import Browser

RECORDED = {"type": "recorded"}
UNSCORED = "the item has no reference"
OPERATOR = Reach(operator=True)
"""What a run may reach that an operator's command launched."""


@dataclass(frozen=True)
class Team:
    """A project and its people. Sam is somebody else."""

    project: Project
    olga: User
    eva: User
    rui: User
    ruth: User
    sam: User

    def signed_in(self, user: User) -> Client:
        client = Browser()
        client.force_login(user)
        return client


def a_team(name: str = "Support desk", slug: str = "support-desk") -> Team:
    """Owner Olga, evaluator Eva, reviewers Rui and Ruth; Sam is a member of nothing."""
    project = Project.objects.create(name=name, slug=slug)
    people = {
        "olga": Role.OWNER,
        "eva": Role.EVALUATOR,
        "rui": Role.REVIEWER,
        "ruth": Role.REVIEWER,
        "sam": None,
    }
    User.objects.bulk_create(
        [User(username=person, email=f"{person}@example.org") for person in people],
        ignore_conflicts=True,
    )
    users = {user.username: user for user in User.objects.filter(username__in=people)}
    Membership.objects.bulk_create(
        Membership(project=project, user=users[person], role=role)
        for person, role in people.items()
        if role
    )
    return Team(project=project, **users)


def a_test_set(
    team: Team,
    slug: str = "questions",
    *,
    items: int | Sequence[Mapping[str, Any]] = 10,
    tags: Sequence[str] = (),
    clusters: int = 0,
    purpose: TestSetPurpose = TestSetPurpose.TASK,
) -> TestSetVersion:
    """A version of a test set: `items` made-up questions, or the items as given.

    Made-up item i has the key q0000…, the reference "right", the tag `tags[i % len(tags)]` and,
    where `clusters` is not 0, the cluster c0, c1, … by i % clusters. A given item is a mapping
    of Item's fields, of which those left out are made up likewise; other fields are metadata.
    """
    given = [{}] * items if isinstance(items, int) else [dict(item) for item in items]
    made_up = (_made_up(slug, i, tags, clusters) for i in range(len(given)))
    rows = [mine | dict(fields) for mine, fields in zip(made_up, given, strict=True)]
    alone = ("weight", "relevant", "answerable")
    optional = {name: name for name in alone if any(name in row for row in rows)}
    unsaid = {name: None for name in optional if name != "weight"}
    rows = [unsaid | row for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        return import_test_set(
            project=team.project,
            slug=slug,
            path=_written(Path(folder) / f"{slug}.jsonl", rows),
            purpose=purpose,
            mapping=FieldMapping(id="key", reference="references", **optional),
        )


def given_up(version: TestSetVersion) -> TestSetVersion:
    """The version, which the operator has retired: pairs on its items may be trained on."""
    retire_test_set(version=version, by=None, reason="It is trained on.")
    return version


def a_working_set(team: Team, version: TestSetVersion) -> WorkingSet:
    """A working set that Olga has begun from a version."""
    return edit_version(version, by=team.olga)


def a_version(
    team: Team,
    slug: str = "base",
    *,
    kind: Kind | None = None,
    parent: ModelVersion | None = None,
    backend: Mapping[str, Any] = RECORDED,
    prompt: Mapping[str, Any] = {},
    sampling: Mapping[str, Any] = {},
    training: Mapping[str, Any] = {},
    notes: str = "",
) -> ModelVersion:
    """The version of a model with this specification; LoRA where it has a parent, else base."""
    return register_version(
        project=team.project,
        slug=slug,
        kind=kind or (Kind.LORA if parent else Kind.BASE),
        parent=parent,
        backend=validate(AnyBackend, backend),
        prompt=validate(Prompt, prompt),
        sampling=validate(Sampling, sampling),
        training=validate(TrainingRecord, training),
        notes=notes,
    )


def a_metric(name: str = "exact_match", **options: Any) -> Metric:
    """A metric with its options: the same options are the same row."""
    return register_metric(name=name, options=options)


@transaction.atomic
def a_run(
    version: ModelVersion,
    on: TestSetVersion,
    *,
    scores: Sequence[float | None],
    answers: Sequence[str | None] | None = None,
    metric: Metric | None = None,
    repeat: int = 0,
) -> Run:
    """A recorded run that has ended, with one output and one score an item, in order.

    Its rows are written as working on it would leave them, and `runners.outcome.finish` ends it as
    it ends any. A score of None is unscored, with a reason; an answer of None is an error, and
    fails the run. Answers that aren't given say "right" where the score is 1 and else "wrong", with
    the version's name. `repeat` 1 is the same version asked a second time.
    """
    metric = metric or a_metric()
    items = list(on.items.order_by("position"))
    said = answers or ["right" if score == 1 else f"wrong, says {version}" for score in scores]
    assert len(items) == len(scores) == len(said), f"{on} has {len(items)} items"
    now = timezone.now()
    run = Run.objects.create(
        version=version,
        test_set_version=on,
        source=hashlib.sha256(json.dumps(said).encode()).hexdigest(),
        repeat=repeat,
        state=RunState.RUNNING,
        started=now,
    )
    RunMetric.objects.create(run=run, metric=metric, opened=now if on.read_freely else None)
    Shard.objects.create(
        run=run, start=0, stop=len(items), done=len(items), attempts=1, state=ShardState.DONE
    )
    outputs = Output.objects.bulk_create(
        Output(
            run=run,
            item=item,
            text=text,
            error="" if text is not None else "timed out",
            latency_ms=100.0,
            prompt_tokens=20,
            completion_tokens=5,
        )
        for item, text in zip(items, said, strict=True)
    )
    Score.objects.bulk_create(
        Score(
            output=output,
            metric=metric,
            value=value,
            reason="" if value is not None else UNSCORED,
        )
        for output, value in zip(outputs, scores, strict=True)
    )
    finish(run.pk)
    run.refresh_from_db()
    return run


def opened(*runs: Run) -> None:
    """As though a decision had read these runs, so that their scores may be read."""
    RunMetric.objects.filter(run__in=runs).update(opened=timezone.now())


def a_score_audit(team: Team, run: Run) -> ScoreAudit:
    """Olga's audit of all scores of a run, which are open, of which Eva has checked the first; and
    her case against the first score."""
    opened(run)
    metric = run.metrics.select_related("metric")[0].metric
    for score in Score.objects.filter(output__run=run, metric=metric).order_by("output")[:1]:
        said = 1 - (score.value or 0)
        dispute_score(output=score.output, metric=metric, said=said, why="a synonym", by=team.eva)
    audit = draw_audit(project=team.project, metric=metric, size=1000, by=team.olga)
    first = Output.objects.get(pk=audit.drawn[0])
    check_score(audit=audit, output=first, said=1, why="", by=team.eva)
    return audit


def a_judging(baseline: Run, candidate: Run, *, judge: ModelVersion) -> JudgeRun:
    """A judge that preferred the candidate's answers in both orders; a decision has read it, and
    the runs' scores."""
    opened(baseline, candidate)
    judged = JudgeRun.objects.create(
        baseline=baseline,
        candidate=candidate,
        judge=judge,
        asked=PairwiseQuestion(rubric="Right is right."),
        opened=timezone.now(),
    )
    for item in baseline.test_set_version.items.all():
        for first in (True, False):
            judged.votes.create(item=item, candidate_first=first, choice="candidate")
    return judged


def a_traffic_sample(
    team: Team, version: TestSetVersion, *, answered_by: ModelVersion
) -> TrafficSample:
    """How a version's items would have been drawn from production: a request for each."""
    sample = TrafficSample.objects.create(
        version=version,
        query={},
        model_name="support",
        model_version=answered_by,
        requests=1_000,
        drawn=version.item_count,
        seen_before=0,
        left_out={},
        strata=[],
        effective_n=version.item_count,
        users=1,
        largest_user=1.0,
        asked_again=0,
        by=team.olga,
    )
    for item in version.items.all():
        SampledRequest.objects.create(
            project=team.project,
            item=item,
            day=timezone.now().date(),
            key=f"{version.pk}-{item.key}",
            content=f"{item.pk:064x}",
            weight=1.0,
            is_baseline=True,
        )
    return sample


def some_documents(team: Team, *, digest: str) -> DocumentSet:
    """One document, for retrieval."""
    found = DocumentSet.objects.create(project=team.project, digest=digest, count=1)
    DocumentText.objects.create(documents=found, position=0, text="A kettle.")
    return found


def a_spending(run: Run, *, study: str, **budget: Any) -> Spending:
    """What a run has cost so far, on the budget of a study: nothing yet; an answer is under way."""
    project = run.version.model.project
    run.budget = StudyBudget.objects.create(
        project=project, study=study, **{"tokens": 1000} | budget
    )
    run.save(update_fields=["budget"])
    Reserved.objects.create(
        budget=run.budget, holder=uuid.uuid4(), tokens=90, money=0, until=timezone.now()
    )
    return Spending.objects.create(run=run, version=run.version)


def searched(items: int, too_short: int = 0) -> dict[str, Any]:
    """The settings of an overlap that a search of training data would keep."""
    return LeakageSettings(
        read="data",
        texts=items,
        items=items,
        too_short=too_short,
        ignored_when_shared_by_more_than=10,
        ngram=13,
        fewest_words={"exact input": 3, "anything else": 8},
        shingle=3,
        bands=20,
        band_rows=5,
        jaccard=0.6,
    ).as_json()


def a_study(
    team: Team,
    *,
    baseline: ModelVersion,
    candidate: ModelVersion,
    primary: TestSetVersion,
    guards: Sequence[TestSetVersion] = (),
    alternatives: Sequence[ModelVersion] = (),
    metric: Metric | None = None,
    slug: str = "shall-we-ship",
    **fields: Any,
) -> Study:
    """A study of these arms; each arm is joined to its newest run on each test set, if any."""
    metric = metric or a_metric()
    study = Study.objects.create(
        project=team.project, slug=slug, name=slug.replace("-", " ").capitalize(), **fields
    )
    arms = [(baseline, ArmRole.BASELINE), (candidate, ArmRole.CANDIDATE)]
    arms += [(version, ArmRole.ALTERNATIVE) for version in alternatives]
    sets = [(primary, CriterionRole.PRIMARY)] + [(guard, CriterionRole.GUARD) for guard in guards]
    asked = [
        StudyTestSet.objects.create(
            study=study,
            name=test_set_version.test_set.slug,
            position=position,
            test_set_version=test_set_version,
            role=role,
            metric=metric,
        )
        for position, (test_set_version, role) in enumerate(sets)
    ]
    for position, (version, role) in enumerate(arms):
        arm = StudyArm.objects.create(
            study=study, name=version.model.slug, position=position, role=role, version=version
        )
        for test_set in asked:
            run = version.runs.filter(test_set_version=test_set.test_set_version).first()
            if run:
                StudyRun.objects.create(arm=arm, test_set=test_set, run=run)
    return study


def decided(study: Study) -> Decision:
    """The decision on a study of two arms, made now."""
    return decide_study(study=study)[0]


def _made_up(slug: str, i: int, tags: Sequence[str], clusters: int) -> dict[str, Any]:
    return {
        "key": f"q{i:04}",
        "input": f"{slug}: Question {i}?",
        "references": ["right"],
        "tags": [tags[i % len(tags)]] if tags else [],
        "cluster": f"c{i % clusters}" if clusters else "",
    }


def _written(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path

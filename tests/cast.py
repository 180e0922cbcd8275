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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Membership, Project, Role, User
from evalhub.registry.models import (
    Item,
    Metric,
    Model,
    ModelVersion,
    Output,
    Run,
    RunMetric,
    Score,
    Shard,
    Study,
    StudyArm,
    StudyRun,
    StudyTestSet,
    TestSet,
    TestSetVersion,
)
from evalhub.registry.models.runs import RunState, ShardState
from evalhub.registry.models.studies import ArmRole, CriterionRole
from evalhub.registry.models.testsets import TestSetPurpose
from evalhub.registry.models.versions import Kind
from evalhub.schemas.leakage import LeakageSettings

UNSCORED = "the item has no reference"


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
        client = Client()
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
    users = {}
    for person, role in people.items():
        users[person], _ = User.objects.get_or_create(
            username=person, defaults={"email": f"{person}@example.org"}
        )
        if role:
            Membership.objects.create(project=project, user=users[person], role=role)
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
    """A new version of a test set: `items` made-up questions, or the items as given.

    Made-up item i has the key q0000…, the reference "right", the tag `tags[i % len(tags)]` and,
    where `clusters` is not 0, the cluster c0, c1, … by i % clusters. A given item is a mapping
    of Item's fields, of which those left out are made up likewise.
    """
    given = [{}] * items if isinstance(items, int) else [dict(item) for item in items]
    rows = [_made_up(i, tags, clusters) | dict(fields) for i, fields in enumerate(given)]
    test_set, _ = TestSet.objects.get_or_create(
        project=team.project, slug=slug, defaults={"purpose": purpose}
    )
    version = TestSetVersion.objects.create(
        test_set=test_set,
        number=test_set.versions.count() + 1,
        digest=_sha256(rows),
        item_count=len(rows),
        source=f"{slug}.jsonl",
    )
    Item.objects.bulk_create(Item(version=version, position=i, **row) for i, row in enumerate(rows))
    return version


def a_version(
    team: Team,
    slug: str = "base",
    *,
    kind: Kind | None = None,
    parent: ModelVersion | None = None,
    **fields: Any,
) -> ModelVersion:
    """A new version of a model; its kind is LoRA where it has a parent, else base."""
    model, _ = Model.objects.get_or_create(project=team.project, slug=slug)
    number = model.versions.count() + 1
    spec = {"backend": {"type": "recorded"}} | fields
    return ModelVersion.objects.create(
        model=model,
        number=number,
        kind=kind or (Kind.LORA if parent else Kind.BASE),
        parent=parent,
        digest=_sha256([slug, number, spec]),
        **spec,
    )


def a_metric(name: str = "exact_match", **options: Any) -> Metric:
    """A metric with its options: the same options are the same row."""
    metric, _ = Metric.objects.get_or_create(
        digest=_sha256({"name": name, "options": options}),
        defaults={"name": name, "options": options},
    )
    return metric


def a_run(
    version: ModelVersion,
    on: TestSetVersion,
    *,
    scores: Sequence[float | None],
    answers: Sequence[str | None] | None = None,
    metric: Metric | None = None,
    repeat: int = 0,
) -> Run:
    """A finished run with one output and one score an item, in the items' order.

    A score of None is unscored, with a reason; an answer of None is an error. Answers that
    aren't given say "right" where the score is 1 and else "wrong", with the version's name.
    `repeat` 1 is the same version asked a second time.
    """
    metric = metric or a_metric()
    now = timezone.now()
    items = list(on.items.order_by("position"))
    said = answers or ["right" if score == 1 else f"wrong, says {version}" for score in scores]
    assert len(items) == len(scores) == len(said), f"{on} has {len(items)} items"
    run = Run.objects.create(
        version=version,
        test_set_version=on,
        source=_sha256(said),
        repeat=repeat,
        state=RunState.DONE,
        started=now,
        finished=now,
    )
    Shard.objects.create(
        run=run, start=0, stop=len(items), state=ShardState.DONE, attempts=1, done=len(items)
    )
    numbers = [score for score in scores if score is not None]
    RunMetric.objects.create(
        run=run,
        metric=metric,
        scored=len(numbers),
        unscored=len(scores) - len(numbers),
        extraction_misses=0,
        mean=sum(numbers) / len(numbers) if numbers else None,
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
            output=output, metric=metric, value=value, reason="" if value is not None else UNSCORED
        )
        for output, value in zip(outputs, scores, strict=True)
    )
    return run


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


def _made_up(i: int, tags: Sequence[str], clusters: int) -> dict[str, Any]:
    return {
        "key": f"q{i:04}",
        "input": f"Question {i}?",
        "references": ["right"],
        "tags": [tags[i % len(tags)]] if tags else [],
        "cluster": f"c{i % clusters}" if clusters else "",
    }


def _sha256(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()

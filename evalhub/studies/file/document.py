"""Rebuild the study file of a registered study from its rows.

A study that came by a file, by REST or by the web is the same rows, and gives the same file. Its
data are files beside it: items as they were imported, recorded answers as they were read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalhub.decision.policy import StudyPolicy
from evalhub.declare.declaration import Declaration
from evalhub.declare.policy import Demand
from evalhub.declare.prompt import Prompt
from evalhub.declare.retrievers import Retriever
from evalhub.declare.sampling import Sampling
from evalhub.registry.item_rows import ItemRows, ItemRowsError, item_rows
from evalhub.registry.models import (
    DocumentSet,
    ModelVersion,
    Run,
    Study,
    StudyArm,
    StudyBudget,
    StudyRun,
    StudyTestSet,
)
from evalhub.registry.models.studies import ArmRole, CriterionRole
from evalhub.registry.models.testsets import TestSetPurpose
from evalhub.registry.slugs import slug_of
from evalhub.studies.file.checks import BEST_UNTUNED
from evalhub.studies.file.form import KINDS
from runners.metrics import MetricDeclaration, metric_declaration
from runners.metrics.own_kinds import OF_EVALHUB


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a study file can't say: its `field` there, and a sentence."""

    field: str
    said: str

    def __str__(self) -> str:
        return self.said


GREEDY = Sampling(temperature=0.0)


@dataclass(slots=True)
class StudyDocument:
    """A study file and what lies beside it.

    Attributes:
        data: the file, as JSON has it; files are named relative to it.
        items, answers, documents: by a file's name, what is to be written into it.
        left_out: what the file can't say, so that it asks otherwise.
    """

    data: dict[str, Any] = field(default_factory=dict)
    items: dict[str, ItemRows] = field(default_factory=dict)
    answers: dict[str, Run] = field(default_factory=dict)
    documents: dict[str, DocumentSet] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)

    def leave_out(self, field: str, reason: str) -> None:
        self.left_out.append(LeftOut(field, reason))


def study_document(study: Study) -> StudyDocument:
    """The study's file with its data. A constant number of queries, plus some for each test set and
    judge."""
    document = StudyDocument()
    arms = list(study.arms.select_related("version__model", "version__parent"))
    links = {
        (link.arm_id, link.test_set_id, link.repeat): link.run
        for link in StudyRun.objects.filter(arm__study=study).select_related("run")
    }
    rows = list(study.test_sets.select_related("test_set_version__test_set", "metric"))
    test_sets = [each for each in rows if not each.form]
    judges = _judges(study, rows)
    budgets = StudyBudget.objects.filter(project=study.project, study=study.slug)
    spent = {
        budget.arm: _without_none({"tokens": budget.tokens, "money": budget.money})
        for budget in budgets
    }
    roles = {arm.role: arm.name for arm in arms}
    policy = study.policy
    document.data = {
        "schema": "evalhub.study/1",
        "project": study.project.slug,
        "name": study.name,
        **({"slug": study.slug} if study.slug != slug_of(study.name) else {}),
        "baseline": BEST_UNTUNED if policy.development else roles[ArmRole.BASELINE],
        **({"promoted": True} if policy.promoted else {}),
        "candidate": roles[ArmRole.CANDIDATE],
        **({"development": policy.development.as_json()} if policy.development else {}),
        **_noise(study, arms),
        "arms": {arm.name: _arm(study, arm, arms, test_sets, links, document) for arm in arms},
        **({"judges": _judging(judges, document)} if judges else {}),
        "test_sets": {each.name: _test_set(each, rows, judges, document) for each in test_sets},
        **_policy(study),
    }
    for name, arm in document.data["arms"].items():
        arm |= {"price": policy.prices[name].as_json()} if name in policy.prices else {}
        arm |= {"budget": spent[name]} if name in spent else {}
    document.data |= {"budget": spent[""]} if "" in spent else {}
    if policy.pairwise:
        judge = judges[policy.pairwise.by].model.slug
        document.data["pairwise"] = _unusual(policy.pairwise) | {"by": judge}
    if policy.ownership:
        document.data["ownership"] = _unusual(policy.ownership)
    if study.review:
        document.data["review"] = _unusual(study.review)
    return document


def _noise(study: Study, arms: list[StudyArm]) -> dict[str, Any]:
    """The noise floor: requested by a word if the baseline is asked; recorded answers have a
    `repeat`."""
    live = any(arm.role == ArmRole.BASELINE and _live(arm.version) for arm in arms)
    return {"noise_floor": True} if study.policy.noise_floor and live else {}


def _arm(
    study: Study,
    arm: StudyArm,
    arms: list[StudyArm],
    test_sets: list[StudyTestSet],
    links: Mapping[tuple[int, int, int], Run],
    document: StudyDocument,
) -> dict[str, Any]:
    version = arm.version
    before = [each for each in arms if each.position < arm.position]
    parent = next((each for each in before if each.version_id == version.parent_id), None)
    fields: dict[str, Any] = {"kind": version.kind}
    own = test_sets
    if parent is not None:
        fields["parent"] = parent.name
        own = [
            test_set
            for test_set in test_sets
            if links.get((arm.pk, test_set.pk, 0)) != links.get((parent.pk, test_set.pk, 0))
        ]
        if 0 < len(own) < len(test_sets):
            fields["only"] = [each.name for each in own]
        else:
            own = test_sets
    elif version.parent_id is not None:
        said_of = f"{arm.name}: {version.parent}, from which it was made, is no arm."
        document.leave_out(f"arms.{arm.name}.parent", said_of)
    if _live(version):
        fields["backend"] = _backend(version, ("arms", arm.name), document)
    else:
        fields["backend"] = {"recorded": _answer_files(arm, own, links, 0, document)}
        if build := version.backend.get("build"):
            fields["build"] = build
        again = [each for each in own if (arm.pk, each.pk, 1) in links]
        if again:
            fields["repeat"] = {"recorded": _answer_files(arm, again, links, 1, document)}
    fields |= _prompt(study, version, arm.name, document)
    if version.sampling != Sampling():
        fields["sampling"] = _unusual(version.sampling)
    if training := _training(version, arm.name, document):
        fields["training"] = training
    return fields | ({"notes": version.notes} if version.notes else {})


def _answer_files(
    arm: StudyArm,
    test_sets: list[StudyTestSet],
    links: Mapping[tuple[int, int, int], Run],
    repeat: int,
    document: StudyDocument,
) -> dict[str, str]:
    files = {}
    for test_set in test_sets:
        if (run := links.get((arm.pk, test_set.pk, repeat))) is None:
            continue
        name = f"answers/{arm.name}{'-again' if repeat else ''}.{test_set.name}.jsonl"
        document.answers[name] = run
        files[test_set.name] = name
    return files


def _live(version: ModelVersion) -> bool:
    return bool(version.backend.get("type") != "recorded")


def _backend(version: ModelVersion, at: tuple[str, str], document: StudyDocument) -> dict[str, Any]:
    """The backend's fields, without free mappings such as headers."""
    fields = {name: value for name, value in version.backend.items() if value not in (None, {}, [])}
    kind = fields.pop("type")
    free = [name for name, value in fields.items() if isinstance(value, dict)]
    for name in free:
        del fields[name]
        said_of = f"{at[1]}: what its backend's {name} holds isn't written."
        document.leave_out(".".join((*at, "backend", kind, name)), said_of)
    return {kind: fields}


def _prompt(
    study: Study, version: ModelVersion, name: str, document: StudyDocument
) -> dict[str, Any]:
    prompt = version.prompt
    fields = {} if prompt == Prompt() else {"prompt": _unusual(prompt)}
    if isinstance(prompt.retriever, Retriever):
        digest = prompt.retriever.documents.removeprefix("sha256:")
        file = f"documents/{digest[:16]}.jsonl"
        document.documents[file] = DocumentSet.objects.get(project=study.project, digest=digest)
        fields["prompt"]["retriever"]["documents"] = file
    return fields


def _training(version: ModelVersion, name: str, document: StudyDocument) -> dict[str, Any]:
    fields = {key: each for key, each in version.training.as_json().items() if each is not None}
    for key in ("data", "hashes"):
        if fields.pop(key, None) is not None:
            document.leave_out(
                f"arms.{name}.training.{key}",
                f"{name}: its training rows aren't kept here, so that the file looks for no "
                "leakage",
            )
    return fields


def _judges(study: Study, rows: list[StudyTestSet]) -> dict[str, ModelVersion]:
    """The judging versions, by digest."""
    digests = {row.metric.options.get("by") for row in rows if _declared(row).needs_model}
    digests |= {study.policy.pairwise.by} if study.policy.pairwise else set()
    versions = ModelVersion.objects.filter(model__project=study.project, digest__in=digests)
    return {each.digest: each for each in versions.select_related("model").order_by("pk")}


def _declared(row: StudyTestSet) -> MetricDeclaration:
    return metric_declaration(row.metric.name, **row.metric.options)


def _judging(judges: Mapping[str, ModelVersion], document: StudyDocument) -> dict[str, Any]:
    return {
        judge.model.slug: {
            "backend": _backend(judge, ("judges", judge.model.slug), document),
            **({} if judge.sampling == GREEDY else {"sampling": _unusual(judge.sampling)}),
            **({"notes": judge.notes} if judge.notes else {}),
        }
        for judge in judges.values()
    }


def _test_set(
    row: StudyTestSet,
    rows: list[StudyTestSet],
    judges: Mapping[str, ModelVersion],
    document: StudyDocument,
) -> dict[str, Any]:
    version = row.test_set_version
    fields = _items(row, document) | {"role": row.role} | _demand(row)
    purpose = version.test_set.purpose
    usual = TestSetPurpose.CAPABILITY if row.role == CriterionRole.GUARD else TestSetPurpose.TASK
    if purpose != usual:
        fields["purpose"] = purpose
    if row.draw is not None:
        fields["draw"] = row.draw
        said_of = f"{row.name}: elsewhere other items may be drawn from the pool."
        document.leave_out(f"test_sets.{row.name}.draw", said_of)
    options = dict(row.metric.options)
    declared = _declared(row)
    if declared.own:  # the file has the code that its home has; see `OwnMetric`
        options = {name: value for name, value in options.items() if name not in OF_EVALHUB}
    if declared.needs_model and options.get("by") in judges:
        options["by"] = judges[options["by"]].model.slug
    fields["metric"] = {"name": row.metric.name, **options}
    guards = [each for each in rows if each.form and each.name == f"{row.name}-{each.form}"]
    return fields | ({"form": _form(guards)} if guards else {})


def _items(row: StudyTestSet, document: StudyDocument) -> dict[str, Any]:
    """The source of the items: a file as it was imported, or a harness's task."""
    version = row.test_set_version.pool or row.test_set_version
    if version.engine is not None:
        return {"lm_eval": _without_none(version.engine["lm_eval"])}
    name = f"items/{row.name}.jsonl"
    try:
        document.items[name] = rows = item_rows(version)
    except ItemRowsError as error:
        document.leave_out(f"test_sets.{row.name}.file", f"{error}: its items aren't written.")
        return {"file": name}
    usual = {"id", "input", "reference", "context", "tags", "cluster"}
    unusual = {key: each for key, each in rows.fields.items() if key != each or key not in usual}
    return {"file": name, **({"fields": unusual} if unusual else {})}


def _demand(row: StudyTestSet) -> dict[str, Any]:
    demand = Demand.of_columns({name: getattr(row, name) for name in Demand.model_fields})
    return {name: each for name, each in _unusual(demand).items() if name != "role"}


def _form(guards: list[StudyTestSet]) -> dict[str, Any]:
    relative = next((each for each in guards if KINDS[each.form].relative), None)  # type: ignore[index]
    other = next((each for each in guards if not KINDS[each.form].relative), None)  # type: ignore[index]
    return {
        "guards": [each.form for each in guards],
        "tier": guards[0].tier,
        **({"margin": other.margin} if other else {}),
        **({"length": relative.relative_margin} if relative else {}),
    }


def _policy(study: Study) -> dict[str, Any]:
    usual, policy = StudyPolicy().as_json(), study.policy.as_json()
    changed = {name: policy[name] for name in usual if policy.get(name, usual[name]) != usual[name]}
    return {"policy": changed} if changed else {}


def _unusual(value: Declaration) -> dict[str, Any]:
    """A declaration's fields as JSON, without those that have their default."""
    values, usual = value.as_json(), type(value).model_fields
    return {
        name: field_value
        for name, field_value in values.items()
        if field_value is not None
        and (
            (declared := usual.get(name) or usual.get(f"{name}_")) is None
            or declared.is_required()
            or getattr(value, name if name in usual else f"{name}_")
            != declared.get_default(call_default_factory=True)
        )
    }


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in values.items() if each is not None}

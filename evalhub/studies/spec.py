"""A study file as typed values. Pure but for reading the file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from evalhub.studies.document import Document

FINE_TUNED = frozenset({"lora", "qlora", "full", "distilled"})
ALPHA = 0.025
PLANNED_GAIN = 0.05


@dataclass(frozen=True, slots=True)
class ArmSpec:
    """One arm: how it answers, or where its recorded answers lie."""

    name: str
    kind: str
    parent: str | None
    only: tuple[str, ...]
    backend: dict[str, Any]
    recorded: str | None
    id_field: str
    output_field: str
    prompt: dict[str, Any]
    sampling: dict[str, Any]
    training: dict[str, Any]
    notes: str

    def answers(self, folder: Path, test_set: str) -> Path | None:
        """The file of this arm's recorded answers to `test_set`; None when it answers live."""
        if self.recorded is None:
            return None
        return folder / self.recorded.replace("{test_set}", test_set)


@dataclass(frozen=True, slots=True)
class TestSetSpec:
    """One test set: its file, and what must hold on it."""

    __test__ = False

    name: str
    file: Path
    purpose: str
    role: str
    metric: str
    options: dict[str, Any]
    margin: float
    min_gain: float
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """How sure a verdict must be.

    Attributes:
        alpha: one-sided level of every bound, divided over the arms that are judged.
        planned_gain: gain beyond a primary's min_gain that the study is to detect.
        min_agreement: Gwet's AC1 below which reviewers' judgments are no evidence; None: no floor.
    """

    alpha: float = ALPHA
    planned_gain: float = PLANNED_GAIN
    min_agreement: float | None = None


@dataclass(frozen=True, slots=True)
class ReviewSpec:
    """Whom a study asks, and what."""

    test_set: str
    items: int
    reviewers_per_item: int = 2
    seed: int = 0
    question: str = "Which answer is better?"
    required: bool = True
    min_gain: float = 0.0


@dataclass(frozen=True, slots=True)
class StudySpec:
    """A whole study file. Paths are resolved against the folder it lies in."""

    document: Document
    project: str
    name: str
    baseline: str
    candidate: str
    arms: dict[str, ArmSpec]
    test_sets: dict[str, TestSetSpec]
    policy: PolicySpec = field(default_factory=PolicySpec)
    review: ReviewSpec | None = None

    @property
    def folder(self) -> Path:
        return self.document.path.parent


def schema() -> dict[str, Any]:
    """The published JSON Schema of study files."""
    text = files("evalhub.studies").joinpath("study.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def read_study(path: Path) -> StudySpec:
    """Reads and checks a study file.

    Raises:
        evalhub.registry.files.DataError: what is wrong, with file, line and field.
    """
    document = Document(path)
    _check_shape(document)
    data = document.data
    _check_names(document)
    arms = {name: _arm(document, name) for name in data["arms"]}
    baseline = data["baseline"]
    return StudySpec(
        document=document,
        project=data["project"],
        name=data["name"],
        baseline=baseline,
        candidate=data.get("candidate") or _candidate(arms, baseline),
        arms=arms,
        test_sets={
            name: _test_set(path.parent, name, each) for name, each in data["test_sets"].items()
        },
        policy=PolicySpec(**data.get("policy", {})),
        review=ReviewSpec(**data["review"]) if "review" in data else None,
    )


def _check_shape(document: Document) -> None:
    from jsonschema import Draft202012Validator

    if not isinstance(document.data, dict):
        raise document.error((), "a study is a mapping that starts with schema: evalhub.study/1")
    validator = Draft202012Validator(schema())
    flaws = sorted(validator.iter_errors(document.data), key=lambda e: document.line(e.path) or 0)
    for flaw in flaws:
        where: list[str | int] = list(flaw.absolute_path)
        if flaw.validator == "additionalProperties":
            known = sorted(flaw.schema.get("properties", {}))
            unknown = sorted(set(flaw.instance) - set(known))
            raise document.error(
                [*where, unknown[0]], f"isn't known here; known are {', '.join(known)}"
            )
        if flaw.validator == "pattern":
            raise document.error(where, f"{flaw.instance!r} isn't a name: letters, digits, - and _")
        raise document.error(where, flaw.message)


def _check_names(document: Document) -> None:
    data = document.data
    arms, test_sets = data["arms"], data["test_sets"]
    for field_name in ("baseline", "candidate"):
        if field_name in data and data[field_name] not in arms:
            raise document.error(
                [field_name], f"there is no arm {data[field_name]!r}; there are {', '.join(arms)}"
            )
    if data.get("candidate") == data["baseline"]:
        raise document.error(["candidate"], "the candidate can't be the baseline itself")
    for name, arm in arms.items():
        at = ["arms", name]
        parent = arm.get("parent")
        if parent is not None and parent not in arms:
            raise document.error([*at, "parent"], f"there is no arm {parent!r}")
        if parent is not None and list(arms).index(parent) >= list(arms).index(name):
            raise document.error([*at, "parent"], f"{parent!r} must stand before {name!r}")
        if "only" in arm and parent is None:
            raise document.error([*at, "only"], "needs a parent that answers the other test sets")
        for index, each in enumerate(arm.get("only", [])):
            if each not in test_sets:
                raise document.error([*at, "only", index], f"there is no test set {each!r}")
        if "backend" not in arm:
            raise document.error(at, "needs a backend: {recorded: FILE} or {openai: {url, model}}")
    review = data.get("review")
    if review and review["test_set"] not in test_sets:
        raise document.error(
            ["review", "test_set"],
            f"there is no test set {review['test_set']!r}; there are {', '.join(test_sets)}",
        )


def _candidate(arms: Mapping[str, ArmSpec], baseline: str) -> str:
    others = [arm for name, arm in arms.items() if name != baseline]
    tuned = [arm for arm in others if arm.kind in FINE_TUNED]
    return (tuned or others)[0].name


def _arm(document: Document, name: str) -> ArmSpec:
    data = document.data["arms"][name]
    recorded = data["backend"].get("recorded")
    if recorded is not None:
        backend: dict[str, Any] = {"type": "recorded"}
        if "{test_set}" not in recorded and len(document.data["test_sets"]) > 1:
            raise document.error(
                ["arms", name, "backend", "recorded"],
                "needs {test_set} in the file's name: there are several test sets",
            )
    else:
        backend = {"type": "openai", **data["backend"]["openai"]}
    fields = data.get("fields", {})
    return ArmSpec(
        name=name,
        kind=data["kind"],
        parent=data.get("parent"),
        only=tuple(data.get("only", ())),
        backend=backend,
        recorded=recorded,
        id_field=fields.get("id", "id"),
        output_field=fields.get("output", "output"),
        prompt=data.get("prompt", {}),
        sampling=data.get("sampling", {}),
        training=data.get("training", {}),
        notes=data.get("notes", ""),
    )


def _test_set(folder: Path, name: str, data: Mapping[str, Any]) -> TestSetSpec:
    options = dict(data["metric"])
    metric = options.pop("name")
    guard = data["role"] == "guard"
    return TestSetSpec(
        name=name,
        file=folder / data["file"],
        purpose=data.get("purpose", "capability" if guard else "task"),
        role=data["role"],
        metric=metric,
        options={key: value for key, value in options.items() if value is not None},
        margin=float(data.get("margin", 0.02)),
        min_gain=float(data.get("min_gain", 0.0)),
        fields=dict(data.get("fields", {})),
    )

"""A study file as typed values. Pure but for reading the file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from evalhub.files.document import Document, check_shape
from evalhub.schemas.declaration import declared, default_of
from evalhub.schemas.policy import Demand
from evalhub.schemas.study import StudyReview, StudySettings
from evalhub.studies.checks import BEST_UNTUNED, FINE_TUNED, check_study


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
    repeat: str | None = None

    def answers(self, folder: Path, test_set: str) -> Path | None:
        """The file of this arm's recorded answers to `test_set`; None when it answers live."""
        return _file_of(self.recorded, folder, test_set)

    def repeated(self, folder: Path, test_set: str) -> Path | None:
        """The file of the same arm's answers made a second time; None where there is none."""
        return _file_of(self.repeat, folder, test_set)

    def training_file(self, folder: Path) -> Path | None:
        """The file of its training rows, or of their fingerprints; None where none is named."""
        named = self.training.get("data") or self.training.get("hashes")
        return folder / named if named else None


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
    tier: str = "critical"
    relative_margin: float | None = None
    planned_gain: float | None = None
    mix: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class StudySpec:
    """A whole study file. Paths are resolved against the folder it lies in.

    Where the baseline is the best untuned arm, `baseline` is the first of them: the gate chooses.
    """

    document: Document
    project: str
    name: str
    baseline: str
    candidate: str
    arms: dict[str, ArmSpec]
    test_sets: dict[str, TestSetSpec]
    policy: StudySettings = field(default_factory=StudySettings)
    review: StudyReview | None = None

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
        evalhub.files.rows.DataError: what is wrong, with file, line and field.
    """
    document = Document(path)
    check_shape(
        document, schema(), start="a study is a mapping that starts with schema: evalhub.study/1"
    )
    check_study(document)
    data = document.data
    arms = {name: _arm(document, name) for name in data["arms"]}
    best = data["baseline"] == BEST_UNTUNED
    untuned = [name for name, arm in arms.items() if arm.kind not in FINE_TUNED]
    baseline = untuned[0] if best else data["baseline"]
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
        policy=_policy(data, arms),
        review=declared(StudyReview, data["review"]) if "review" in data else None,
    )


def _policy(data: Mapping[str, Any], arms: Mapping[str, ArmSpec]) -> StudySettings:
    best = data["baseline"] == BEST_UNTUNED
    return declared(
        StudySettings,
        {
            **data.get("policy", {}),
            "noise_floor": data.get("noise_floor", False)
            or any(arm.repeat for arm in arms.values()),
            "development": data.get("development", {}) if best else None,
            "prices": {name: price for name in arms if (price := data["arms"][name].get("price"))},
        },
    )


def _candidate(arms: Mapping[str, ArmSpec], baseline: str) -> str:
    others = [arm for name, arm in arms.items() if name != baseline]
    tuned = [arm for arm in others if arm.kind in FINE_TUNED]
    return (tuned or others)[0].name


def _file_of(named: str | None, folder: Path, test_set: str) -> Path | None:
    return None if named is None else folder / named.replace("{test_set}", test_set)


def _arm(document: Document, name: str) -> ArmSpec:
    data = document.data["arms"][name]
    recorded = data["backend"].get("recorded")
    if recorded is not None:
        backend: dict[str, Any] = {"type": "recorded"}
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
        repeat=data.get("repeat", {}).get("recorded"),
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
        margin=float(data.get("margin", default_of(Demand, "margin"))),
        min_gain=float(data.get("min_gain", 0.0)),
        fields=dict(data.get("fields", {})),
        tier=data.get("tier", "critical"),
        relative_margin=data.get("relative_margin"),
        planned_gain=data.get("planned_gain"),
        mix=data.get("mix"),
    )

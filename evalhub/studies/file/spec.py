"""The study file as typed values, put together from `evalhub.declare` and the plug-in tables.

Pure but for reading the file.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from unicodedata import normalize

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)

from evalhub.decision.criteria.judge import Pairwise
from evalhub.decision.policy import StudyPolicy, StudySettings
from evalhub.declare.declaration import Declaration, invalid, read_declaration, validate
from evalhub.declare.keys import Reach
from evalhub.declare.outside import Outside, OutsideError
from evalhub.declare.ownership import Ownership
from evalhub.declare.policy import NoiseFloor
from evalhub.declare.prices import Price, SpendingBudget
from evalhub.declare.prompt import Prompt
from evalhub.declare.row_fields import RowFields
from evalhub.declare.sampling import Sampling
from evalhub.declare.study import FINE_TUNED, Development, ModelKind, Name, Promoted, StudyReview
from evalhub.declare.training import CheckedTraining, TrainingRecord
from evalhub.declare.version import BackendDeclaration, Build
from evalhub.io.document import Document
from evalhub.studies.file import checks
from evalhub.studies.file.change import StudyChange
from evalhub.studies.file.checks import BEST_UNTUNED
from evalhub.studies.file.gaps import first_gap
from evalhub.studies.file.judges import JudgeArm, check_judges
from evalhub.studies.file.origin import Origin
from evalhub.studies.file.suite import Suite, items_written, rows_written, test_sets_of
from evalhub.studies.file.test_sets import AskedTestSet, metric_needed
from runners.backends import BACKENDS
from runners.backends.recorded import RecordedBackend
from runners.engines.errors import EngineError
from runners.engines.harness import LmEvalTask, load

AnswersFile = Annotated[
    str,
    Field(
        min_length=1,
        description="file of answers, relative to this file; {test_set} stands for the test set's "
        "name",
    ),
    Outside("file"),
]
Recorded = AnswersFile | Annotated[dict[Name, AnswersFile], Field(min_length=1)]
"""One file of answers, or one for each test set, by the test set's name."""
type Files = Callable[[str], Path]
"""The file that a study names."""


def _words(name: str) -> str:
    """The name, stripped and in Unicode form NFC, so that it is always written in one way."""
    if not name.strip():
        raise invalid("is empty")
    return normalize("NFC", name.strip())


class RecordedAnswers(Declaration):
    """Answers made elsewhere."""

    recorded: Recorded


class _ArmBackend(Declaration):
    """Who answers: recorded answers, or a live backend."""

    recorded: Recorded | None = None

    @property
    def live_backend(self) -> BackendDeclaration | None:
        """The live backend; None if the answers are recorded."""
        backends = [getattr(self, name) for name in LIVE]
        return next((each for each in backends if each is not None), None)

    @model_validator(mode="after")
    def _one(self) -> "_ArmBackend":
        if len([each for _, each in self if each is not None]) != 1:
            kinds = " or ".join(f"{name}: {{…}}" for name in LIVE)
            raise invalid(f"says who answers: recorded: FILE or {kinds}")
        return self


LIVE = [name for name, kind in BACKENDS.items() if kind.live]

if TYPE_CHECKING:
    ArmBackend = _ArmBackend
else:
    # One field for each live backend, {"openai": {"url": …}}: its name is the backend's type.
    ArmBackend = create_model(
        "ArmBackend",
        __base__=_ArmBackend,
        __doc__=_ArmBackend.__doc__,
        **{name: (BACKENDS[name] | None, None) for name in LIVE},
    )


class Arm(Declaration):
    """One arm: how it answers, or where its recorded answers lie."""

    kind: ModelKind
    parent: Name | None = Field(None, description="the arm it was made from, which stands above it")
    only: Annotated[tuple[Name, ...], Field(min_length=1)] = Field(
        (),
        description="test sets on which this arm differs from its parent; elsewhere it is its "
        "parent",
    )
    backend: ArmBackend
    repeat: RecordedAnswers | None = Field(
        None, description="of the baseline: its answers, made a second time"
    )
    fields: RowFields = RowFields()
    build: Build | None = None
    prompt: Prompt = Prompt()
    sampling: Sampling = Sampling()
    training: CheckedTraining = TrainingRecord()
    price: Price | None = None
    budget: SpendingBudget | None = Field(
        None, description="what asking this arm may cost in all: then nothing more is asked"
    )
    notes: str = ""

    @model_validator(mode="after")
    def _spends(self) -> "Arm":
        if self.budget is not None and self.backend.live_backend is None:
            raise invalid("its answers are recorded, and nobody is asked: leave it out", "budget")
        return self

    @model_validator(mode="after")
    def _is_built(self) -> "Arm":
        if self.build is not None and self.backend.live_backend is not None:
            raise invalid("is of recorded answers: who is asked is said by the backend", "build")
        return self

    @property
    def fine_tuned(self) -> bool:
        return self.kind in FINE_TUNED

    @property
    def spec(self) -> BackendDeclaration:
        """The backend as a model version has it."""
        return self.backend.live_backend or RecordedBackend(build=self.build)

    def answers(self, files: Files, test_set: str) -> Path | None:
        """The file of this arm's recorded answers to `test_set`; None if it answers live."""
        return _file_of(self.backend.recorded, files, test_set)

    def repeat_answers(self, files: Files, test_set: str) -> Path | None:
        """The file of the same arm's answers, made a second time; None if there is none."""
        return _file_of(self.repeat.recorded if self.repeat else None, files, test_set)

    def training_file(self, files: Files) -> Path | None:
        """The file of its training rows, or of their fingerprints; None if none is named."""
        file_name = self.training.data or self.training.hashes
        return files(file_name) if file_name else None


class StudyFile(Declaration):
    """One question about fine-tuned models: the arms, the test sets, what must hold."""

    schema_: Literal["evalhub.study/1"] = Field(alias="schema")
    project: Name = Field(description="the team's space, in addresses")
    name: Annotated[
        str,
        Field(min_length=1, max_length=200, description="what the question is called, in words"),
        AfterValidator(_words),
    ]
    slug: Name | None = Field(
        None, description="the study's name in addresses; default: made from the name"
    )
    baseline: Name = Field(
        description="the arm that runs now, or best-untuned: the best arm that is not fine-tuned, "
        "chosen on a part of the items and judged on the rest"
    )
    promoted: Promoted = False
    candidate: Name | None = Field(
        None,
        description="the arm in question; by default the first fine-tuned arm, else the first "
        "that is not the baseline",
    )
    development: Development | None = None
    noise_floor: NoiseFloor = False
    arms: dict[Name, Arm] = Field(min_length=2)
    judges: dict[Name, JudgeArm] = Field(
        {}, description="who judges answers, by metrics that need a model; they aren't compared"
    )
    suite: Suite | None = Field(
        None,
        description="a pack of guards: `general` is eight small skills that the candidate must not "
        "have lost, each a test set general-SKILL; with `tasks` published ones too",
    )
    test_sets: dict[Name, AskedTestSet] = Field({}, validate_default=True)
    budget: SpendingBudget | None = Field(
        None,
        description="what asking its arms and judges may cost in all: then nothing more is asked, "
        "until it is raised and the study run again",
    )
    policy: StudyPolicy = StudyPolicy()
    review: StudyReview | None = None
    pairwise: Pairwise | None = None
    ownership: Ownership | None = Field(
        None, description="what owning the candidate costs, as far as no run measures it"
    )

    @field_validator("test_sets")
    @classmethod
    def _with_the_suite_s(
        cls, test_sets: dict[str, AskedTestSet], info: ValidationInfo
    ) -> dict[str, AskedTestSet]:
        suite = info.data.get("suite")
        merged = dict(test_sets)
        for name, test_set in (test_sets_of(suite) if suite else {}).items():
            if name in merged:
                raise invalid("is a skill of the suite already: choose another name", name)
            merged[name] = validate(AskedTestSet, test_set)
        if not merged and "suite" in info.data:
            raise invalid("is empty: name a test set, or say suite: general")
        return merged

    @model_validator(mode="after")
    def _fits(self) -> "StudyFile":
        checks.check_study(self)
        check_judges(self)
        return self


@dataclass(frozen=True, slots=True)
class StudySpec:
    """A whole study file, with what it leaves to be worked out.

    Where the baseline is the best untuned arm, `baseline` is the first of them: the gate chooses.
    """

    document: Document
    origin: Origin
    project: str
    name: str
    slug: str | None
    baseline: str
    candidate: str
    arms: dict[str, Arm]
    judges: dict[str, JudgeArm]
    test_sets: dict[str, AskedTestSet]
    policy: StudySettings
    review: StudyReview | None
    budget: SpendingBudget | None = None

    @property
    def reach(self) -> Reach:
        """The hosts and endpoints that its runs may reach."""
        return self.origin.reach

    @property
    def capability(self) -> list[str]:
        """Names of the test sets of general capability that count for a decision."""
        return [
            name
            for name, test_set in self.test_sets.items()
            if test_set.role != "development"
            and (test_set.purpose or {"guard": "capability"}.get(test_set.role)) == "capability"
        ]

    def file(self, name: str) -> Path:
        """The path of a file that the study names: the operator's, or an upload."""
        return self.origin.file(self.document.path, name)

    def engine(self, test_set: str) -> dict[str, Any] | None:
        """The harness of a test set's task, as its version states it; None for a test set without a
        task."""
        task = self.test_sets[test_set].lm_eval
        return None if task is None else load(self._task(task)).engine()

    def load_tasks(self) -> None:
        """Loads the tasks of test sets, which may take minutes, before anything is written.

        Raises evalhub.io.rows.DataError for what can't be asked, with its line and field.
        """
        for name, test_set in self.test_sets.items():
            if test_set.lm_eval is None:
                continue
            at = "test_sets", name, "lm_eval"
            try:
                task = load(self._task(test_set.lm_eval))
            except EngineError as error:
                raise self.document.error(at, f"{test_set.lm_eval.task} {error}") from error
            if needed := metric_needed(task, test_set.metric):
                raise self.document.error(at, f"{test_set.lm_eval.task} {needed}")
            if task.higher_is_better != test_set.metric.rises:
                better = "high" if task.higher_is_better else "low"
                raise self.document.error(
                    at,
                    f"{test_set.lm_eval.task} has a {test_set.lm_eval.score} that is better "
                    f"{better}: say metric: {{name: recorded, score: {test_set.lm_eval.score}, "
                    f"higher_is_better: {str(task.higher_is_better).lower()}}} beside it",
                )

    def _task(self, task: LmEvalTask) -> LmEvalTask:
        """The task with its folders resolved."""
        folders = {"include_path": task.include_path, "data": task.data}
        return task.model_copy(
            update={
                name: str(self.file(folder).absolute())
                for name, folder in folders.items()
                if folder is not None
            }
        )

    def items_file(self, test_set: str) -> AbstractContextManager[Path]:
        """The file of a test set's items: the named file, or one made for it."""
        declaration = self.test_sets[test_set]
        if declaration.suite is not None:
            return items_written(declaration.suite)
        if declaration.lm_eval is not None:
            return rows_written(load(self._task(declaration.lm_eval)).rows(), f"{test_set}.jsonl")
        return nullcontext(self.file(declaration.file or ""))


def read_study(path: Path, origin: Origin, change: StudyChange | None = None) -> StudySpec:
    """Reads and checks a study file; its origin decides what it may name outside itself.

    Args:
        change: what is said in place of what stands in it.

    Raises:
        evalhub.io.rows.DataError: what is wrong, with file, line and field.
        evalhub.studies.file.change.ChangeError: the change doesn't fit the study.
    """
    document = Document(path)
    start = "a study is a mapping that starts with schema: evalhub.study/1"
    _check_filled_in(document)
    file = read_declaration(StudyFile, document, start=start)
    if change is not None:
        document.data = change.apply(document.data, _in_question(file), path.parent)
        file = read_declaration(StudyFile, document, start=start)
    try:
        origin.check(file)
    except OutsideError as error:
        raise document.error(error.place, error.message) from error
    for name, arm in file.arms.items():
        if (rows := arm.training_file(lambda name: origin.file(path, name))) and not rows.is_file():
            field = "data" if arm.training.data else "hashes"
            raise document.error(
                ["arms", name, "training", field],
                f"there is no file {getattr(arm.training, field)!r} beside the study",
            )
    best = file.baseline == BEST_UNTUNED
    spec = StudySpec(
        document=document,
        origin=origin,
        project=file.project,
        name=file.name,
        slug=file.slug,
        baseline=_baseline(file),
        candidate=_in_question(file),
        arms=file.arms,
        judges=file.judges,
        test_sets=file.test_sets,
        policy=StudySettings(
            **dict(file.policy),
            noise_floor=file.noise_floor or any(arm.repeat for arm in file.arms.values()),
            promoted=file.promoted,
            development=(file.development or Development()) if best else None,
            prices={name: arm.price for name, arm in file.arms.items() if arm.price},
            pairwise=file.pairwise,
            ownership=file.ownership,
        ),
        review=file.review,
        budget=file.budget,
    )
    spec.load_tasks()
    return spec


def _check_filled_in(document: Document) -> None:
    """Raises for a file from `evalhub strategy init` that still has gaps."""
    if missing := first_gap(document.data):
        raise document.error(missing.place, missing.text)


def _baseline(file: StudyFile) -> str:
    if file.baseline != BEST_UNTUNED:
        return file.baseline
    return next(name for name, arm in file.arms.items() if not arm.fine_tuned)


def _in_question(file: StudyFile) -> str:
    if file.candidate is not None:
        return file.candidate
    others = [name for name in file.arms if name != _baseline(file)]
    return next((name for name in others if file.arms[name].fine_tuned), others[0])


def _file_of(recorded: Recorded | None, files: Files, test_set: str) -> Path | None:
    if isinstance(recorded, dict):
        recorded = recorded.get(test_set)
    return None if recorded is None else files(recorded.replace("{test_set}", test_set))

"""An arm of a study file: how it answers, or where its recorded answers lie. Pure."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, create_model, model_validator

from evalhub.declare.declaration import Declaration, invalid
from evalhub.declare.outside import Outside
from evalhub.declare.prices import Price, SpendingBudget
from evalhub.declare.prompt import Prompt
from evalhub.declare.row_fields import RowFields
from evalhub.declare.sampling import Sampling
from evalhub.declare.study import FINE_TUNED, ModelKind, Name
from evalhub.declare.training import CheckedTraining, TrainingRecord
from evalhub.declare.version import BackendDeclaration, Build
from runners.backends import BACKENDS
from runners.backends.recorded import RecordedBackend

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


def _file_of(recorded: Recorded | None, files: Files, test_set: str) -> Path | None:
    if isinstance(recorded, dict):
        recorded = recorded.get(test_set)
    return None if recorded is None else files(recorded.replace("{test_set}", test_set))

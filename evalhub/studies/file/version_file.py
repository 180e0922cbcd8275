"""The declaration of a model version that is registered outside of a study. Pure."""

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from evalhub.declare.declaration import Declaration, invalid
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.declare.study import ModelKind, Name
from evalhub.declare.training import CheckedTraining, TrainingRecord
from evalhub.declare.version import BackendDeclaration, Build
from evalhub.studies.file.arms import ArmBackend
from runners.backends.recorded import RecordedBackend

VersionNumber = Annotated[int, Field(ge=1)]


class ParentVersion(Declaration):
    """The version that another was made from."""

    model: Name
    number: VersionNumber | None = Field(None, description="the newest where none is given")


class VersionFile(Declaration):
    """What a version of a model is: how it answers, and how it was trained."""

    kind: ModelKind
    parent: ParentVersion | None = None
    backend: ArmBackend | None = Field(
        None, description="who is asked; without it, its answers are recorded"
    )
    build: Build | None = None
    prompt: Prompt = Prompt()
    sampling: Sampling = Sampling()
    training: CheckedTraining = TrainingRecord()
    notes: str = Field("", max_length=20_000)

    @field_validator("backend")
    @classmethod
    def _check_live(cls, backend: ArmBackend | None) -> ArmBackend | None:
        if backend is not None and backend.live_backend is None:
            raise invalid("answers belong to a run: leave the backend out", "recorded")
        return backend

    @model_validator(mode="after")
    def _is_built(self) -> "VersionFile":
        if self.build is not None and self.backend is not None:
            raise invalid("is of recorded answers: who is asked is said by the backend", "build")
        return self

    @property
    def spec(self) -> BackendDeclaration:
        """The backend as a model version has it."""
        return (self.backend and self.backend.live_backend) or RecordedBackend(build=self.build)

"""Which version is the champion, and how versions came to their stages, as programs see it."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.study import Name
from evalhub.frames.rest.addresses import address
from evalhub.frames.rest.shapes import Given
from evalhub.ledger.blessing import USUALLY, ArmOf
from evalhub.ledger.models import Blessing, StageMove
from evalhub.registry.models import ModelVersion
from evalhub.studies.file.version_file import VersionNumber

Reason = Field(min_length=1, max_length=4000)


class NamedVersion(Declaration):
    """A version of this project."""

    model: Name
    number: VersionNumber


class BlessingRequest(Declaration):
    reason: str = Reason
    arm: ArmOf = USUALLY


class RollbackRequest(Declaration):
    reason: str = Reason
    to: NamedVersion | None = Field(
        None, description="a version that was champion before; else the one before this"
    )


class OverrideRequest(Declaration):
    reason: str = Reason
    instead_of: NamedVersion | None = Field(
        None, description="what you take for the champion: 409 where it is another one"
    )


class MoveRequest(Declaration):
    reason: str = Reason


class BlessingShape(Given):
    """Which version is the project's champion, its baseline: since when, by what, and why."""

    project: str
    name: str = Field(description="the version, as pages call it")
    version: str = Field(description="its address")
    how: Literal["blessed", "rolled-back", "overridden"] = Field(
        description="by its decision; by going back to it; by somebody's word alone"
    )
    decision: int | None = Field(description="what it rests on; null: on no decision")
    before: str | None = Field(description="name of the version that was champion until then")
    by: int = Field(description="number of the account")
    reason: str
    created: datetime

    @classmethod
    def of(cls, blessing: Blessing) -> "BlessingShape":
        before = blessing.before
        return cls(
            project=blessing.project.slug,
            name=str(blessing.version),
            version=_at(blessing.version),
            how=blessing.how,
            decision=blessing.decision_id,
            before=None if before is None else str(before.version),
            by=blessing.by_id,
            reason=blessing.reason,
            created=blessing.created,
        )


class MoveShape(Given):
    """A version moved from one stage to another."""

    id: int
    name: str = Field(description="the version, as pages call it")
    version: str = Field(description="its address")
    was: str
    stage: str
    said: str = Field(description="what happened to it, in words")
    override: bool = Field(description="whether no decision stands behind it")
    decision: int | None
    by: int = Field(description="number of the account")
    reason: str
    created: datetime

    @classmethod
    def of(cls, move: StageMove) -> "MoveShape":
        return cls(
            id=move.pk,
            name=str(move.version),
            version=_at(move.version),
            was=move.was,
            stage=move.stage,
            said=move.said,
            override=move.overridden,
            decision=move.decision_id,
            by=move.by_id,
            reason=move.reason,
            created=move.created,
        )


def _at(version: ModelVersion) -> str:
    model = version.model
    return address("model_version", model.project.slug, model.slug, version.number)

"""Shapes of copying a study, and of changing its requirements."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field, JsonValue

from evalhub.decision.policy_changes import Effect, PolicyChange
from evalhub.declare.declaration import Declaration
from evalhub.declare.plan import PlannedLook
from evalhub.frames.rest.shapes import ResponseBody
from evalhub.registry.models import Study
from evalhub.studies.run.policy_change import demands_of

type Fields = dict[str, JsonValue]


class AskedOtherwise(Declaration):
    """What is to be asked otherwise."""

    policy: Fields = Field({}, description="fields of its policy; the others stay")
    demands: dict[str, Fields] = Field(
        {},
        description="by test set all that must hold on it: `role`, `margin`, `min_gain`, …; the "
        "other test sets stay",
    )


class CopyRequest(AskedOtherwise):
    """A study asked again under another name."""

    name: str | None = Field(
        None, min_length=1, max_length=200, description="null: the study's own, with (copy)"
    )
    without: tuple[str, ...] = Field(
        (), description="fields that a 409 named as left out, and that the copy may lack"
    )


class PolicyChangeRequest(AskedOtherwise):
    """A study asks otherwise from now on."""

    dry_run: bool = Field(False, description="only say the difference, and the next look's price")


class StudyPolicyOut(ResponseBody):
    """What a study asks."""

    policy: Fields
    demands: dict[str, Fields] = Field(description="by test set, what must hold on it")

    @classmethod
    def from_study(cls, study: Study) -> Self:
        return cls(policy=study.policy.as_json(), demands=demands_of(study))


class ChangeOut(ResponseBody):
    field: str
    was: JsonValue = Field(description="null: it wasn't asked")
    now: JsonValue
    effect: Effect


class PolicyChangeOut(ResponseBody):
    """What is asked otherwise, what is easier to pass first."""

    changed: bool = Field(description="false: nothing was written")
    changes: tuple[ChangeOut, ...]
    looks: tuple[PlannedLook, ...] = Field(description="of a dry run, the next look by it")

    @classmethod
    def from_changes(
        cls, changes: Sequence[PolicyChange], looks: Sequence[PlannedLook] | None = None
    ) -> Self:
        changed = tuple(ChangeOut.from_model(change) for change in changes)
        return cls(changed=looks is None, changes=changed, looks=tuple(looks or ()))

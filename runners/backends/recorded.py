"""Recorded answers, read from the file that `launch` gets."""

from typing import Any, ClassVar, Literal

from evalhub.declare.version import BackendDeclaration, Build


class RecordedBackend(BackendDeclaration):
    """The answers themselves belong to a run, not to the version."""

    live: ClassVar = False

    type: Literal["recorded"] = "recorded"
    build: Build | None = None

    def as_json(self) -> dict[str, Any]:
        """Without `build` where it isn't stated, so that earlier versions keep their digests."""
        fields = super().as_json()
        return fields if self.build else {"type": fields["type"]}

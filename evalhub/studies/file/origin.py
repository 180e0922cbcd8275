"""The origin of a study file, which decides what it may name outside itself."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalhub.declare.keys import KeyNotBoundError, Reach, check_bound
from evalhub.declare.outside import OutsideError, check_from_web

if TYPE_CHECKING:
    from evalhub.studies.file.spec import StudyFile


@dataclass(frozen=True, slots=True)
class OperatorFile:
    """A file of the operator's own, read by a command: it may name their files, addresses and
    variables. A key goes to no host that isn't its own or among `hosts`."""

    hosts: tuple[str, ...] = ()

    @property
    def reach(self) -> Reach:
        """The hosts and endpoints that the study's runs may reach."""
        return Reach(operator=True, hosts=self.hosts)

    def file(self, study: Path, name: str) -> Path:
        """The path of a file that the study at `study` names, relative to it."""
        return study.parent / name

    def check(self, study: "StudyFile") -> None:
        """Raises OutsideError for a key that isn't bound to the host it would be sent to."""
        asked_by_place = [
            (("arms", name, "backend"), arm.backend.live_backend)
            for name, arm in study.arms.items()
        ] + [
            (("judges", name, "backend"), judge.backend.live_backend)
            for name, judge in study.judges.items()
        ]
        for path, backend in asked_by_place:
            if backend is None or backend.key_and_address is None:
                continue
            try:
                check_bound(*backend.key_and_address, self.reach)
            except KeyNotBoundError as error:
                raise OutsideError(str(error), (*path, backend.type, "key_env")) from error


@dataclass(frozen=True, slots=True)
class UploadedStudy:
    """A study that came by web or REST.

    Attributes:
        files: what was uploaded with it, each under sha256:DIGEST.
        aliases: the endpoints that an operator made.
    """

    files: Mapping[str, Path]
    aliases: Collection[str]

    @property
    def reach(self) -> Reach:
        """The hosts and endpoints that the study's runs may reach: aliases alone."""
        return Reach()

    def file(self, study: Path, name: str) -> Path:
        """The upload with this digest; `check` has verified that it exists."""
        return self.files[name]

    def check(self, study: "StudyFile") -> None:
        """Raises OutsideError for anything that is neither an upload nor an alias."""
        check_from_web(study, uploaded=self.files, aliases=self.aliases)


Origin = OperatorFile | UploadedStudy

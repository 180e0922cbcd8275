"""The form that sends a study file with its files: they are stored until the file is right."""

import json
import tempfile
from pathlib import Path
from typing import Any

from evalhub.accounts.models import Project
from evalhub.accounts.requests import SignedInRequest
from evalhub.declare.declaration import DeclarationError
from evalhub.io.document import MOST_BYTES, Document
from evalhub.io.rows import DataError
from evalhub.registry.models import Study
from evalhub.registry.uploads import NAMED, Uploads
from evalhub.site.comparing.files import keep
from evalhub.studies.web.bundle import with_digests
from evalhub.studies.web.copying import StudyCopy
from evalhub.studies.web.from_web import register_from_web
from runners.backends.endpoints import endpoints
from runners.launch_checks import LaunchError

REFUSED = (DataError, DeclarationError, LaunchError)


class SentStudy:
    """The form as it was sent: the study file's text, and the files kept by their digests.

    `copied` is the copy that it holds of the study `original`, where it is one.
    """

    copied: StudyCopy | None = None
    original: Study | None = None

    def __init__(self, request: SignedInRequest) -> None:
        self._by = request.user
        self.projects = list(Project.objects.visible_to(request.user).order_by("name"))
        slug = str(request.POST.get("project") or request.GET.get("project") or "")
        chosen = [each for each in self.projects if each.slug == slug]
        self.project = [*chosen, *self.projects][0]
        self.uploads = Uploads(self.project)
        self.text = str(request.POST.get("text", ""))
        self.kept: dict[str, str] = {}
        self.wrong = "" if chosen or not slug else "choose one of your projects"
        try:
            self._take(request)
        except REFUSED as error:
            self.wrong = str(error)

    @classmethod
    def of_copy(cls, request: SignedInRequest, study: Study, copied: StudyCopy) -> "SentStudy":
        """The form with a copy of `study` in it and its files stored; nothing was sent yet."""
        form = cls(request)
        form.project, form.uploads = study.project, Uploads(study.project)
        form.copied, form.text, form.kept = copied, copied.text, dict(copied.files)
        form.original = study
        return form

    @property
    def stored_files(self) -> list[tuple[str, str]]:
        """(name, digest) of the files that were sent before."""
        return list(self.kept.items())

    def register(self) -> Study | None:
        """The study, registered and running; None if `wrong` says why it isn't."""
        if self.wrong:
            return None
        try:
            document = with_digests(self._document(), self.kept)
            return register_from_web(
                project=self.project,
                by=self._by,
                document=document | {"project": self.project.slug},
                files=self.uploads,
                aliases=endpoints(),
            )
        except REFUSED as error:
            self.wrong = self._with_file_names(str(error))
            return None

    def _take(self, request: SignedInRequest) -> None:
        """Stores the files sent now, and keeps those of earlier submissions that still exist."""
        for name, digest in zip(
            request.POST.getlist("kept_name"), request.POST.getlist("kept"), strict=False
        ):
            if NAMED.fullmatch(digest) and digest in self.uploads:
                self.kept[name] = digest
        if study := request.FILES.get("study"):
            self.text = _decode(study.read(MOST_BYTES + 1))
        for file in request.FILES.getlist("files"):
            self.kept[Path(file.name or "file").name] = keep(file, self.uploads, by=self._by)[0]

    def _document(self) -> dict[str, Any]:
        """The text as YAML or JSON; raises DataError."""
        if not self.text.strip():
            raise DataError("there is none yet: choose it, or paste it", file="the study file")
        json_ = self.text.lstrip().startswith("{")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / ("study.json" if json_ else "study.yaml")
            path.write_text(self.text, encoding="utf-8", newline="\n")
            try:
                data = Document(path).data
            except DataError as error:
                message = error.message
                raise DataError(message, file="the study file", line=error.line) from error
        if not isinstance(data, dict):
            raise DataError("is a mapping of fields: see its document", file="the study file")
        return dict(json.loads(json.dumps(data, default=str)))

    def _with_file_names(self, message: str) -> str:
        """The message with files under the names of their sender."""
        for name, digest in self.kept.items():
            message = message.replace(digest, name)
        return message


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError("isn't UTF-8; save it as UTF-8", file="the study file") from error

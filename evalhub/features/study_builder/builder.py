"""A request to the study builder: what was sent is written into the question, then acted on."""

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from evalhub.accounts.models import Project, User
from evalhub.declare.declaration import DeclarationError
from evalhub.features.study_builder.arm_rows import add_arm
from evalhub.features.study_builder.finishing import FinishedStudy, finish, proposed_roles
from evalhub.features.study_builder.flaws import StudyFlaw, UnreadableError, flaws_in, read_text
from evalhub.features.study_builder.optional_parts import complete_parts
from evalhub.features.study_builder.outlook import Outlook, outlook_of
from evalhub.features.study_builder.question import StudyQuestion, with_context
from evalhub.features.study_builder.test_set_rows import tidy_metrics, write_skills
from evalhub.features.study_builder.uploads import (
    add_test_set,
    in_order,
    is_study_file,
    keep,
    place,
)
from evalhub.frames.page.forms import whole_number
from evalhub.io.document import MOST_BYTES
from evalhub.io.rows import DataError
from evalhub.jobs.weight import Weight, weight_of_file
from evalhub.registry.item_rows import ItemRowsError, item_rows
from evalhub.registry.models import Study, TestSetVersion
from evalhub.registry.slugs import slug_of
from evalhub.registry.uploads import NAMED, Uploads
from evalhub.studies.files.file_preview import glance
from evalhub.studies.web.bundle import with_digests
from evalhub.studies.web.copying import keep_lines
from evalhub.studies.web.from_web import plan_from_web, register_from_web
from runners.backends.endpoints import endpoints
from runners.launch_checks import LaunchError
from runners.metrics import MetricError

LISTED = 200
"""Test sets that can be chosen from."""
REFUSED = (DataError, DeclarationError, LaunchError, MetricError)


class Builder:
    """The question that a person is writing, in one of their projects.

    Attributes:
        flaws: what is wrong, once the person has asked for it to be checked.
        text: the study file as the person typed it, where that can't be read.
        notes: sentences on what was done with what was sent.
    """

    def __init__(
        self, by: User, project: Project | None = None, question: StudyQuestion | None = None
    ) -> None:
        self.by = by
        self.projects = list(Project.objects.visible_to(by).order_by("name"))
        self.project = project or self.projects[0]
        self.question = question or StudyQuestion()
        self.uploads = Uploads(self.project)
        self.aliases = list(endpoints())
        self.flaws: list[StudyFlaw] = []
        self.file_problems: list[str] = []
        self.text: str | None = None
        self.works_out = False

    @classmethod
    def of_request(
        cls, by: User, sent: QueryDict, files: "MultiValueDict[str, UploadedFile[Any]]"
    ) -> "Builder":
        """The builder as a page sent it: fields written, files put where they belong, the pressed
        button acted on."""
        slug = str(sent.get("project", ""))
        project = Project.objects.visible_to(by).filter(slug=slug).first()
        builder = cls(by, project, StudyQuestion.from_text(str(sent.get("state", ""))))
        builder.works_out = "work_out" in sent
        builder._take_over_uploads()
        builder._write(sent)
        builder._take(files)
        builder._act(sent)
        if "edit" in sent:
            builder.text = builder.finished.text
        elif "read" not in sent and sent.get("text"):
            builder.text = str(sent["text"])
        return builder

    @cached_property
    def is_large(self) -> bool:
        """Whether the files take so long to read that it is a job, started on request."""
        paths = (
            self.uploads[each] for each in self.question.files.values() if each in self.uploads
        )
        return sum((weight_of_file(path) for path in paths), Weight()).is_heavy

    @property
    def reads_files(self) -> bool:
        return not self.is_large or self.works_out

    @cached_property
    def finished(self) -> FinishedStudy:
        return finish(
            self.question,
            project=self.project,
            uploads=self.uploads,
            by=self.by,
            reads_files=self.reads_files,
        )

    @property
    def document(self) -> dict[str, Any]:
        """The study file as it is registered: files by their digests."""
        return with_digests(self.finished.document, self.finished.files)

    @property
    def errors(self) -> dict[str, str]:
        """Messages of the flaws by field; of two in one field the first."""
        flaws = [(each.field, each.message) for each in self.flaws]
        return dict(reversed([*flaws, *self.finished.problems]))

    @cached_property
    def current_flaws(self) -> list[StudyFlaw]:
        """All that is wrong with the study file as it is now, before its files are registered."""
        flaws = flaws_in(
            read_text(self.finished.text),
            self.finished.files,
            project=self.project.slug,
            uploads=self.uploads,
            aliases=self.aliases,
        )
        return [*flaws, *(StudyFlaw(message, field) for field, message in self.finished.problems)]

    @cached_property
    def outlook(self) -> "Outlook | str | None":
        """What the study asks and can show; a sentence if its files don't fit, None where something
        is still missing."""
        if not self.reads_files or self.question.is_empty or self.current_flaws:
            return None
        try:
            plan = plan_from_web(
                project=self.project,
                by=self.by,
                document=self.document,
                files=self.uploads,
                aliases=self.aliases,
            )
        except REFUSED as error:
            return self.error_text(error)
        return outlook_of(plan, self.finished.document)

    def register(self) -> Study | None:
        """The study, registered and running; None if `flaws` say why it isn't."""
        self.works_out = True
        self._forget()
        self.flaws = list(self.current_flaws)
        name = self.finished.document["name"]
        existing = Study.with_live.filter(project=self.project, slug=slug_of(str(name))).first()
        if existing is not None:
            message = f"“{existing.name}” is there already: choose another name"
            self.flaws.append(StudyFlaw(message, "name"))
        if self.flaws:
            return None
        try:
            return register_from_web(
                project=self.project,
                by=self.by,
                document=self.document,
                files=self.uploads,
                aliases=self.aliases,
            )
        except REFUSED as error:
            self.flaws = [StudyFlaw(self.error_text(error), getattr(error, "field", "") or "")]
            return None

    def check(self) -> None:
        """Lists all that is wrong, by the lines of the study file."""
        self.flaws = list(self.current_flaws)

    def read(self, text: str) -> None:
        """Takes a study file's text in place of the question, and lists what is wrong with it."""
        try:
            document = read_text(text)
        except UnreadableError as error:
            self.text, self.flaws = text, [error.flaw]
            return
        self.question.document = {
            key: each for key, each in document.data.items() if key not in ("schema", "project")
        }
        if not self.reads_files:
            return
        self._forget()
        flaws = flaws_in(
            document,
            self.question.files,
            project=self.project.slug,
            uploads=self.uploads,
            aliases=self.aliases,
        )
        self.flaws, self.text = flaws, text if flaws else None

    def error_text(self, error: Exception) -> str:
        """The error's message with files under the names of their sender."""
        message = str(error)
        for name, digest in self.finished.files.items():
            message = message.replace(digest, name)
            if digest in self.uploads:
                path = self.uploads[digest]
                message = message.replace(str(path), name).replace(path.name, name)
        return message

    def items_file(self, test_set: str) -> Path | None:
        """The stored file of a test set's items; None if it has none."""
        declared = self.question.test_sets.get(test_set) or {}
        digest = self.question.files.get(PurePosixPath(str(declared.get("file"))).name, "")
        return self.uploads.get(digest)

    def _forget(self) -> None:
        """Forgets what was worked out of the question, which has changed."""
        for name in ("finished", "current_flaws", "outlook"):
            self.__dict__.pop(name, None)

    def _write(self, sent: QueryDict) -> None:
        question = self.question
        before = {
            name: (each.get("metric") or {}).get("name", "")
            for name, each in question.test_sets.items()
            if isinstance(each, dict)
        }
        names = {name: str(value) for name, value in sent.items()}
        for role, arm in proposed_roles(question.document).items():
            if names.get(f"t:{role}") == arm:  # a proposal is none of the person's own words
                del names[f"t:{role}"]
        question.write(names)
        if "skills_shown" in sent:
            write_skills(
                question,
                sent.getlist("skills"),
                names.get("skill_margin", ""),
                names.get("skill_items", ""),
            )
        tidy_metrics(question, before)
        complete_parts(question)
        for name, value in names.items():
            kind, _, path = name.partition(":")
            part, _, existing = path.partition(".")
            if kind == "name" and part in ("arms", "test_sets"):
                question.rename(part, existing, value.strip())
        self._forget()

    def _take(self, files: "MultiValueDict[str, UploadedFile[Any]]") -> None:
        """Stores the files that were sent, and puts each where it belongs."""
        every = [file for name in files if name == "files" for file in files.getlist(name)]
        studies = [file for file in every if is_study_file(file)]
        for file in in_order([each for each in every if each not in studies]):
            if (kept := self._keep(file)) is not None:
                place(self.question, Path(file.name or "file").name, *kept)
        self._forget()
        for name in files:
            arm, documents = name.removeprefix("documents:"), files.getlist(name)[:1]
            for file in documents if name.startswith("documents:") else ():
                if (kept := self._keep(file)) is not None:
                    self._add_documents(arm, file.name or "file", kept[0])
        for file in studies[:1]:
            try:
                text = file.read(MOST_BYTES + 1).decode("utf-8")
            except UnicodeDecodeError:
                self.file_problems.append(f"{file.name} isn’t UTF-8; save it as UTF-8.")
                continue
            self.read(text)

    def _keep(self, file: "UploadedFile[Any]") -> "tuple[str, Any] | None":
        try:
            return keep(file, self.uploads, by=self.by)
        except DataError as error:
            self.file_problems.append(str(error))
            return None

    def _add_documents(self, arm_name: str, name: str, digest: str) -> None:
        arm = self.question.arms.get(arm_name)
        if isinstance(arm, dict):
            name = self.question.add_file(Path(name).name, digest)
            prompt = arm.setdefault("prompt", {})
            prompt["retriever"] = {**(prompt.get("retriever") or {}), "documents": name}
            prompt["template"] = with_context(prompt.get("template"))

    def _act(self, sent: QueryDict) -> None:
        actions: dict[str, Callable[[str], object]] = {
            "take_out": self._remove,
            "add_arm": lambda _: add_arm(self.question, str(sent.get("new_arm")), self.aliases),
            "add_test_set": lambda _: self._add_project_test_set(str(sent.get("new_test_set"))),
            "read": lambda _: self.read(str(sent.get("text", ""))),
            "check": lambda _: self.check(),
        }
        for name, act in actions.items():
            if name in sent:
                act(str(sent[name]))
                if name != "check":
                    self._forget()

    def _remove(self, path: str) -> None:
        part, _, name = path.partition(".")
        if part in ("arms", "test_sets"):
            self.question.remove(part, name)

    def test_sets(self) -> Iterator[TestSetVersion]:
        """The project's test sets, of each the newest version."""
        yield from TestSetVersion.objects.newest_of(self.project)[:LISTED]

    def _add_project_test_set(self, chosen: str) -> None:
        """Adds a test set of the project: its items as a file of their own."""
        versions = TestSetVersion.objects.newest_of(self.project)
        version = versions.filter(pk=whole_number(chosen)).first()
        if version is None:
            return
        try:
            rows = item_rows(version)
        except ItemRowsError as error:
            self.file_problems.append(f"{error}.")
            return
        digest = keep_lines(rows.lines(), self.uploads, self.by)
        file = self.question.add_file(f"{version.test_set.slug}.jsonl", digest)
        name = add_test_set(self.question, file, glance(self.uploads[digest]))
        usual = {"id", "input", "reference", "context", "tags", "cluster"}
        fields = {k: v for k, v in rows.fields.items() if k != v or k not in usual}
        test_set = self.question.test_sets[name]
        test_set.pop("fields", None)
        test_set |= {"fields": fields} if fields else {}

    def _take_over_uploads(self) -> None:
        """Copies files into the project from another one of the person's, if they were added there;
        what is nowhere any more is named as missing by the check."""
        for name, digest in list(self.question.files.items()):
            if not NAMED.fullmatch(digest):
                del self.question.files[name]
                continue
            if digest in self.uploads:
                continue
            others = (Uploads(each) for each in self.projects if each != self.project)
            source = next((each for each in others if digest in each), None)
            if source is None:
                del self.question.files[name]
                self.file_problems.append(f"{name} has expired: add it again.")
            else:
                with source[digest].open("rb") as file:
                    self.uploads.append(
                        name=digest, stream=file, offset=0, complete=True, by=self.by
                    )

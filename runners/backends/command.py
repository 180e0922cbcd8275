"""Any program that reads questions and writes answers, a line of JSON each."""

import hashlib
import shlex
import textwrap
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import Field

from evalhub.declare.declaration import DeclarationError
from evalhub.declare.defaults import HERE
from evalhub.declare.keys import Reach
from evalhub.declare.outside import Outside
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.declare.version import BackendDeclaration
from runners.backends.asking import Answered, BackendError, BackendRequest, Reply
from runners.backends.lines import Program, reply_in_line
from runners.prompting import PromptError, chat, completion

MOST_SHOWN = 80
"""Characters of a command in what is said of it."""
Argument = Annotated[str, Field(min_length=1)]


class CommandBackend(BackendDeclaration):
    """Any program that reads questions and writes answers, a line of JSON each."""

    type: Literal["command"] = "command"
    run: Annotated[list[Argument], Field(min_length=1), Outside("command")] = Field(
        description="the program and its arguments; no shell reads them"
    )
    folder: Annotated[str, Field(min_length=1), Outside("file")] = Field(
        HERE, description="where it is started, relative to this file"
    )
    files: Annotated[list[Argument], Outside("file")] = Field(
        [],
        description="files that make it what it is, relative to this file: their content is part "
        "of the version",
    )
    revision: str = Field(
        "", max_length=200, description="another one is another version, whatever it says"
    )
    batch: int = Field(
        64, ge=1, le=10_000, description="questions that one start of it is handed, or a few times"
    )
    silent_s: float = Field(
        600, ge=0.1, le=86_400, description="seconds without a line after which it is ended"
    )
    content_sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="filled in when the version is registered"
    )

    @property
    def at_once(self) -> int:
        return max(1, self.batch // 4)

    @property
    def address(self) -> str:
        return textwrap.shorten(shlex.join(self.run), MOST_SHOWN, placeholder=" …")

    def identity(self) -> dict[str, Any]:
        """The program and what is in its files, wherever they lie."""
        return self.as_json() | {"folder": None, "files": None}

    def resolve(self, files: Callable[[str], Path]) -> Self:
        """With an absolute folder, and the digest of its files. Raises DeclarationError."""
        return self.model_copy(update=program_on_disk(self, files))


class _Program(Protocol):
    """What a declaration says of a program."""

    @property
    def folder(self) -> str: ...
    @property
    def files(self) -> Sequence[str]: ...
    @property
    def content_sha256(self) -> str | None: ...


def program_on_disk(program: _Program, files: Callable[[str], Path]) -> dict[str, Any]:
    """The folder of a declared program as an absolute path, and the digest of its files, by the
    names of these fields. `files` is the place of what is named. Raises DeclarationError."""
    folder = files(program.folder).absolute()
    if not folder.is_dir():
        raise DeclarationError(f"there is no folder {program.folder!r} beside this file", "folder")
    settings: dict[str, Any] = {"folder": str(folder)}
    if program.files:
        sha256 = hashlib.sha256()
        for index, file in enumerate(program.files):
            sha256.update(_digest(files(file), f"files.{index}").encode())
        settings["content_sha256"] = sha256.hexdigest()
    if program.content_sha256 not in (None, settings.get("content_sha256")):
        raise DeclarationError(f"they have {settings.get('content_sha256')}", "content_sha256")
    return settings


def _digest(path: Path, field: str) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        message = f"{path.name!r} beside this file can't be read: {error.strerror}"
        raise DeclarationError(message, field) from error


@dataclass(slots=True)
class Client:
    """The program of a version. One process of it runs at a time in this process, which may hold a
    model that fills the machine."""

    backend: CommandBackend
    prompt: Prompt
    sampling: Sampling
    _one: threading.Lock = field(default_factory=threading.Lock, init=False)
    _worked: bool = field(default=False, init=False)

    @classmethod
    def of(cls, backend: CommandBackend, prompt: Prompt, sampling: Sampling, reach: Reach) -> Self:
        """Raises BackendError: a command is an operator's own, who starts the run by a command."""
        if not reach.operator:
            raise BackendError(
                "a command is started for an operator's own study alone: run it by the command line"
            )
        return cls(backend, prompt, sampling)

    def answer(self, questions: Sequence[BackendRequest]) -> Generator[list[Answered]]:
        """See `BackendClient.answer`. Where the program ends before all are answered, it is started
        again for the rest; one question that ends it alone is an error of that answer.

        Raises BackendError where it can't be started or has never answered anything.
        """
        lines: list[tuple[BackendRequest, dict[str, Any]]] = []
        refused: list[Answered] = []
        for question in questions:
            try:
                lines.append((question, self._line(question, str(len(lines)))))
            except PromptError as error:
                refused.append((question, Reply(error=str(error))))
        if refused:
            yield refused
        while not self._one.acquire(timeout=0.5):
            yield []
        try:
            yield from self._answer_all(lines)
        finally:
            self._one.release()

    def _answer_all(
        self, lines: Sequence[tuple[BackendRequest, dict[str, Any]]]
    ) -> Generator[list[Answered]]:
        """Answer all lines, restarting the program as needed; bisects for the line that ends it."""
        waiting = [list(lines)] if lines else []
        ended_alone = 0
        while waiting:
            some = waiting.pop(0)
            by_id = {line["id"]: question for question, line in some}
            program = Program(
                self.backend.run, self.backend.folder, self.backend.silent_s, reply_in_line
            )
            for batch in program.answers([line for _, line in some]):
                yield [(by_id.pop(name), reply) for name, reply in batch]
                self._worked = self._worked or bool(batch)
            left = [pair for pair in some if pair[1]["id"] in by_id]
            if len(left) < len(some):
                waiting = [left, *waiting] if left else waiting
            elif len(left) > 1:
                waiting = [left[: len(left) // 2], left[len(left) // 2 :], *waiting]
            else:
                ended_alone += 1
                if not self._worked and (ended_alone > 1 or not waiting):
                    raise BackendError(f"{self.backend.address}: {program.why}")
                yield [(left[0][0], Reply(error=f"the command {program.why}"[:500]))]

    def _line(self, question: BackendRequest, name: str) -> dict[str, Any]:
        """A question as the program reads it. Raises PromptError."""
        sampling = self.sampling.model_dump(mode="json", exclude={"samples"}, exclude_none=True)
        if "seed" in sampling:
            sampling["seed"] += question.sample
        line = {
            "id": name,
            "messages": chat(self.prompt, question.input, question.context),
            "sample": question.sample,
            "sampling": sampling,
        }
        if isinstance(question.input, str):
            line["prompt"] = completion(self.prompt, question.input, question.context)
        if question.choices is not None:
            line["choices"] = list(question.choices)
        if question.tools is not None:
            line["tools"] = list(question.tools)
        return line

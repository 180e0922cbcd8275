"""A model of transformers, loaded in the worker; adapters of PEFT share their base."""

import importlib.util
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from evalhub.declare.declaration import DeclarationError, default_of
from evalhub.declare.keys import Reach
from evalhub.declare.outside import Outside
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.declare.version import BackendDeclaration
from evalhub.extras import how_to_install
from runners.backends.asking import Answered, BackendError, BackendRequest, TextLikelihood
from runners.backends.openai import OpenAIBackend
from runners.engines.errors import EngineError
from runners.engines.files import (
    adapter_digest,
    chat_template,
    model_digest,
    text_digest,
    why_idle,
)
from runners.engines.template_names import ignored_arguments

if TYPE_CHECKING:
    from runners.backends.loaded import Loaded

_HUB = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
_COMMIT = r"^[0-9a-f]{40}$"
_DIGEST = r"^[0-9a-f]{64}$"
_NEEDED = ("torch", "peft", "accelerate")
USUAL_MOST_TOKENS = 512
"""Of an answer, where the version doesn't say."""

type Commit = Annotated[str, Field(pattern=_COMMIT)]
type Digest = Annotated[str, Field(pattern=_DIGEST)]


class HfBackend(BackendDeclaration):
    """A model of transformers, loaded in the worker; adapters of PEFT share their base.

    The digests and the engine are filled in when a version is registered; given, they are held to.
    """

    queue: ClassVar = "gpu"

    type: Literal["hf"] = "hf"
    model: Annotated[str, Field(min_length=1), Outside("file")] = Field(
        description="folder or GGUF file of the model, relative to this file, or its name at the "
        "model hub"
    )
    revision: Commit | None = Field(None, description="the commit of a model of the hub")
    adapter: Annotated[str, Field(min_length=1), Outside("file")] | None = Field(
        None, description="folder of a LoRA adapter as PEFT saves it, or its name at the model hub"
    )
    adapter_revision: Commit | None = Field(None, description="the commit of an adapter of the hub")
    api: Literal["chat", "completion"] = Field(
        default_of(OpenAIBackend, "api"),
        description="whether prompts go through the chat template, or as plain text",
    )
    chat_template: Annotated[str, Field(min_length=1), Outside("file")] | None = Field(
        None, description="file of a template, in place of the model's own"
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="of the weights; auto is as they were saved"
    )
    device_map: Literal["auto", "cpu", "cuda"] | None = Field(
        None, description="where the weights go; by default all to a GPU where there is one"
    )
    quantization: Literal["nf4", "int8"] | None = Field(
        None, description="of the base, as it is loaded, by bitsandbytes"
    )
    batch_tokens: int = Field(
        16_384,
        ge=1,
        le=100_000_000,
        description="prompts and answers of one batch together; it shrinks where memory ends",
    )
    model_sha256: Digest | None = None
    adapter_sha256: Digest | None = None
    template_sha256: Digest | None = None
    engine: str | None = Field(None, description="the library that answers, and its version")

    @property
    def why_no_choices(self) -> str:
        return ""

    @property
    def why_no_texts(self) -> str:
        return ""

    @property
    def gives_likelihoods(self) -> bool:
        return True

    @property
    def address(self) -> str:
        return self.model if self.adapter is None else f"{self.model} with {self.adapter}"

    def identity(self) -> dict[str, Any]:
        """Without the paths of files whose digests are recorded: these may lie anywhere."""
        fields = self.as_json()
        digests = {
            "model": self.model_sha256,
            "adapter": self.adapter_sha256,
            "chat_template": self.template_sha256,
        }
        return fields | {where: None for where, digest in digests.items() if digest is not None}

    def check_sampling(self, sampling: Sampling) -> None:
        """See BackendDeclaration. Of a model that isn't here, the worker looks at the template."""
        if sampling.chat_template_kwargs is None:
            return
        field = "sampling.chat_template_kwargs"
        if self.api == "completion":
            raise DeclarationError("is for the chat api: leave it out", field)
        model = Path(self.model)
        template = self._template(model if model.is_dir() else None, None, Path)
        if template is not None and (
            flaw := ignored_arguments(template, sampling.chat_template_kwargs)
        ):
            raise DeclarationError(flaw, field)

    def why_idle(self, baseline: BackendDeclaration) -> str:
        """See BackendDeclaration."""
        if self.adapter is None:
            return super().why_idle(baseline)
        return why_idle(Path(self.adapter))

    def resolve(self, files: Callable[[str], Path]) -> Self:
        """With absolute paths, the digests of what lies there, and the engine.

        Raises DeclarationError: what isn't there, or isn't what its digest says.
        """
        settings: dict[str, Any] = {"engine": f"transformers {version('transformers')}"}
        model = self._on_disk("model", self.model, "revision", self.revision, files)
        if model is not None:
            settings["model"] = str(model)
            settings["model_sha256"] = _check("model", model_digest, model)
        adapter = None
        if self.adapter is not None:
            at = self.adapter_revision
            adapter = self._on_disk("adapter", self.adapter, "adapter_revision", at, files)
        if adapter is not None:
            settings["adapter"] = str(adapter)
            settings["adapter_sha256"] = _check("adapter", adapter_digest, adapter)
        template = self._template(model, adapter, files)
        if self.chat_template is not None:
            settings["chat_template"] = str(files(self.chat_template).absolute())
        if template is not None:
            settings["template_sha256"] = text_digest(template)
        for name in ("model_sha256", "adapter_sha256", "template_sha256", "engine"):
            stated = getattr(self, name)
            if stated is not None and settings.get(name, stated) != stated:
                raise DeclarationError(f"what is there has {settings[name]}", name)
        return self.model_copy(update=settings)

    def _on_disk(
        self,
        field: str,
        name: str,
        at: str,
        revision: str | None,
        files: Callable[[str], Path],
    ) -> Path | None:
        """The path of a local model or adapter; None for one of the model hub."""
        path = files(name)
        if path.exists():
            if revision is not None:
                raise DeclarationError("is for what comes from the hub: leave it out", at)
            return path.absolute()
        if not _HUB.fullmatch(name) or name.endswith(".gguf"):
            raise DeclarationError(f"there is no {name!r} beside this file", field)
        if revision is None:
            raise DeclarationError(
                f"there is no {name!r} beside this file; of the model hub's, name the commit, so "
                "that it is the same tomorrow",
                at,
            )
        return None

    def _template(
        self, model: Path | None, adapter: Path | None, files: Callable[[str], Path]
    ) -> str | None:
        """The chat template; None where nobody knows before the model is loaded."""
        if self.api == "completion":
            if self.chat_template is not None:
                raise DeclarationError("is for the chat api: leave it out", "chat_template")
            return None
        if self.chat_template is not None:
            try:
                return files(self.chat_template).read_text(encoding="utf-8")
            except (OSError, ValueError) as error:
                raise DeclarationError(f"can't be read: {error}", "chat_template") from error
        if model is None or not model.is_dir():
            return None
        own = _check("model", chat_template, model)
        if own is None:
            raise DeclarationError(
                "the model has no chat template: give one, or say api: completion", "chat_template"
            )
        trained = _check("adapter", chat_template, adapter) if adapter else None
        if trained is not None and trained != own:
            raise DeclarationError(
                "the adapter was saved with another chat template than its base's: name the one "
                "that both arms are to have, such as the adapter's chat_template.jinja",
                "chat_template",
            )
        return own


def _check[T](field: str, read: Callable[[Path], T], path: Path) -> T:
    try:
        return read(path)
    except EngineError as error:
        raise DeclarationError(str(error), field) from error


@dataclass(slots=True)
class Client:
    """A version that answers from the base's thread in this process."""

    loaded: "Loaded"

    @classmethod
    def of(cls, backend: HfBackend, prompt: Prompt, sampling: Sampling, reach: Reach) -> Self:
        """Raises BackendError: the extra is missing here, or this isn't the registered engine."""
        if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
            raise BackendError(
                f"the backend hf needs {', '.join(missing)} where the worker runs: install the "
                f"extra `hf`: {how_to_install('hf')}"
            )
        engine = f"transformers {version('transformers')}"
        if backend.engine is None:
            raise BackendError(
                "this version was registered without its files: an operator's own study registers "
                "models that lie on a worker's machine"
            )
        if backend.engine != engine:
            raise BackendError(
                f"the version is of {backend.engine}, and here is {engine}: register it anew with "
                "this one, or install that one"
            )
        from runners.backends.loaded import Loaded

        try:
            return cls(Loaded.of(backend, prompt, sampling))
        except EngineError as error:
            raise BackendError(str(error)) from error

    def answer(self, questions: Sequence[BackendRequest]) -> Generator[list[Answered]]:
        """See BackendClient."""
        try:
            yield from self.loaded.answer(questions)
        except EngineError as error:
            raise BackendError(str(error)) from error

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[TextLikelihood]:
        """How likely each second text is after the first, tokenised as one. A first text that is
        too long loses its start.

        Raises BackendError.
        """
        try:
            return [TextLikelihood(*result) for result in self.loaded.loglikelihood(pairs)]
        except EngineError as error:
            raise BackendError(str(error)) from error

    def loglikelihood_rolling(self, texts: Sequence[str]) -> list[TextLikelihood]:
        """How likely each whole text is; `greedy` says nothing. Raises BackendError."""
        try:
            return [
                TextLikelihood(likelihood, False)
                for likelihood in self.loaded.loglikelihood_rolling(texts)
            ]
        except EngineError as error:
            raise BackendError(str(error)) from error

"""What a server has to load to answer as the evaluated version did."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.registry.models import ModelVersion
from evalhub.registry.version_names import version_name
from runners.backends import backend_of
from runners.backends.hf import HfBackend
from runners.backends.openai import OpenAIBackend
from runners.engines.errors import EngineError
from runners.engines.files import (
    adapter_config,
    adapter_digest,
    model_config,
    model_digest,
    text_digest,
)

WITH_ADAPTER = ("lora", "qlora")


class ServeError(ValueError):
    """A version for which no files can be written, with what would be right; `field` names the
    option."""

    def __init__(self, message: str, field: str) -> None:
        self.message, self.field = message, field
        super().__init__(f"{field}: {message}")


@dataclass(frozen=True, slots=True)
class ServingOptions:
    """Options of whoever serves a version; "" and None mean: use what the version says.

    Attributes:
        base: the base's weights as the server finds them: a path there, or a name that it knows.
        adapter: likewise the adapter's.
        name: what the server is to call the version.
        base_name: what it is to call the base.
        rank: of the adapter.
        context: tokens of a prompt and its answer together, at most.
        template: a chat template in the server's own language.
    """

    base: str = ""
    adapter: str = ""
    name: str = ""
    base_name: str = ""
    rank: int | None = None
    context: int | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """A version as a server has to be configured for it.

    Attributes:
        base: the weights; the base's where there is an adapter.
        revision: the commit of a base of the model hub; "" for any other.
        adapter: "" where there is none.
        adapter_config: what PEFT wrote of the adapter, where it lies on this machine.
        rank: of the adapter; None where nobody says.
        dtype: of the weights: float32, bfloat16, float16; "auto" where that isn't known.
        quantization: of the base as it was loaded, by bitsandbytes: nf4, int8, or "".
        chat_template: the Jinja text that took the place of the base's own; None: its own.
        family: what transformers calls the base's architecture; "" where that isn't known.
        own_defaults: whether settings beside the weights may have held, too.
        digests: SHA-256 by what they are of: model, adapter, template.
    """

    version: ModelVersion
    name: str
    base: str
    base_name: str
    revision: str
    adapter: str
    adapter_config: dict[str, Any]
    rank: int | None
    dtype: str
    quantization: str
    chat_template: str | None
    family: str
    own_defaults: bool
    digests: dict[str, str]
    options: ServingOptions

    @property
    def prompt(self) -> Prompt:
        prompt: Prompt = self.version.prompt
        return prompt

    @property
    def sampling(self) -> Sampling:
        """Sampling for requests that state none: the version's own.

        The backend hf is greedy where a version says no temperature, and holds to no settings that
        came with the weights.
        """
        sampling: Sampling = self.version.sampling
        if self.own_defaults or sampling.temperature is not None:
            return sampling
        return sampling.model_copy(update={"temperature": 0.0})

    def manifest(self) -> dict[str, Any]:
        """What the files were written from, as a record to read later."""
        return {
            "schema": "evalhub.handover/1",
            "project": self.version.model.project.slug,
            "version": version_name(self.version),
            "digest": self.version.digest,
            "name": self.name,
            "base": self.base,
            "base_name": self.base_name,
            "revision": self.revision or None,
            "adapter": self.adapter or None,
            "rank": self.rank,
            "dtype": self.dtype,
            "quantization": self.quantization or None,
            "sha256": self.digests,
            "prompt": self.prompt.as_json(),
            "sampling": self.sampling.as_json(),
        }


def server_config(
    version: ModelVersion, options: ServingOptions = ServingOptions()
) -> ServerConfig:
    """The server configuration for the version.

    Raises:
        ServeError: nothing of it can be served, a place isn't known, or files that lie here are
            others than those that were evaluated.
        evalhub.declare.declaration.DeclarationError: no backend here is like the version's.
    """
    backend = backend_of(version)
    if isinstance(backend, HfBackend):
        config = _of_files(version, backend, options)
    elif isinstance(backend, OpenAIBackend):
        config = _of_an_endpoint(version, backend, options)
    else:
        raise ServeError(
            f"{version} was evaluated on answers that came from elsewhere (backend "
            f"{backend.type}): no weights of it are known, so there is nothing to serve",
            "VERSION",
        )
    _check_words(config)
    return config


def _of_files(version: ModelVersion, backend: HfBackend, options: ServingOptions) -> ServerConfig:
    """For a version of the backend hf: files with their digests, or names and commits at the model
    hub."""
    base, adapter = Path(backend.model), Path(backend.adapter or "")
    if backend.adapter_revision is not None and not options.adapter:
        raise ServeError(
            f"the adapter is {backend.adapter} of the model hub, and servers take no commit of an "
            f"adapter: fetch it (hf download {backend.adapter} --revision "
            f"{backend.adapter_revision} --local-dir FOLDER) and say where it lies",
            "--adapter",
        )
    if not options.base:
        _check_same("--base", base, backend.model_sha256, model_digest)
    tuned: dict[str, Any] = {}
    if backend.adapter is not None and not options.adapter:
        _check_same("--adapter", adapter, backend.adapter_sha256, adapter_digest)
    if backend.adapter is not None and adapter.is_dir():
        tuned = _read("--adapter", adapter_config, adapter)
    config = _read("--base", model_config, base)
    saved = str(config.get("dtype") or config.get("torch_dtype") or "auto")
    digests = {
        "model": backend.model_sha256,
        "adapter": backend.adapter_sha256,
        "template": backend.template_sha256,
    }
    return ServerConfig(
        version=version,
        name=options.name or usual_name(version),
        base=options.base or backend.model,
        base_name=options.base_name or usual_base_name(backend),
        revision="" if options.base else backend.revision or "",
        adapter=(options.adapter or backend.adapter) if backend.adapter is not None else "",
        adapter_config=tuned,
        rank=_rank(version, options, tuned) if backend.adapter is not None else None,
        dtype=saved if backend.dtype == "auto" else backend.dtype,
        quantization=backend.quantization or "",
        chat_template=_template(backend),
        family=str(config.get("model_type", "")),
        own_defaults=False,
        digests={what: digest for what, digest in digests.items() if digest},
        options=options,
    )


def _of_an_endpoint(
    version: ModelVersion, backend: OpenAIBackend, options: ServingOptions
) -> ServerConfig:
    """For a version that was asked at an endpoint: nobody has said where its weights are."""
    with_adapter = version.kind in WITH_ADAPTER or backend.adapter_of is not None
    what = "the base's weights lie" if with_adapter else "its weights lie"
    if not options.base:
        raise ServeError(
            f"{version} was evaluated as {backend.model!r} at {backend.address}, which doesn't say "
            f"where {what}: name the path on the server, or the name that it knows",
            "--base",
        )
    if with_adapter and not options.adapter:
        raise ServeError(
            f"{version} is an adapter, evaluated as {backend.model!r} at {backend.address}, which "
            "doesn't say where the adapter lies: name the path on the server",
            "--adapter",
        )
    base_name = (
        options.base_name or backend.adapter_of or options.base.rstrip("/").rpartition("/")[2]
    )
    return ServerConfig(
        version=version,
        name=options.name or backend.model,
        base=options.base,
        base_name=base_name,
        revision="",
        adapter=options.adapter,
        adapter_config={},
        rank=_rank(version, options, {}) if options.adapter else None,
        dtype="auto",
        quantization="",
        chat_template=None,
        family="",
        own_defaults=True,
        digests={},
        options=options,
    )


def usual_base_name(backend: HfBackend) -> str:
    """The name that a server gives the base by default."""
    return backend.model if backend.revision else backend.model.rstrip("/").rpartition("/")[2]


def usual_name(version: ModelVersion) -> str:
    return f"{version.model.slug}-v{version.number}"


def _check_same(
    field: str, path: Path, registered: str | None, digest: Callable[[Path], str]
) -> None:
    """Raises ServeError if a file exists at this path and isn't the one that was evaluated."""
    if registered is None or not path.exists():
        return
    actual = _read(field, digest, path)
    if actual != registered:
        raise ServeError(
            f"{path} has the SHA-256 {actual[:12]}…, and {registered[:12]}… was evaluated: say "
            "where that lies by now",
            field,
        )


def _template(backend: HfBackend) -> str | None:
    """The version's own chat template, if it has one."""
    if backend.chat_template is None:
        return None
    try:
        text = Path(backend.chat_template).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ServeError(
            f"the version's chat template can't be read where it lay ({backend.chat_template}): "
            f"{error}",
            "VERSION",
        ) from error
    if backend.template_sha256 not in (None, text_digest(text)):
        raise ServeError(
            f"{backend.chat_template} isn't the chat template that was evaluated (SHA-256 "
            f"{str(backend.template_sha256)[:12]}…)",
            "VERSION",
        )
    return text


def _rank(version: ModelVersion, options: ServingOptions, config: dict[str, Any]) -> int | None:
    """The adapter's rank, from its own files, else from the training record."""
    recorded_rank: int | None = version.training.fields_with_names.fields.adapter.r
    rank = _largest_rank(config) or recorded_rank
    if options.rank is not None and rank is not None and options.rank != rank:
        where = "its files say" if _largest_rank(config) else "the training record says"
        raise ServeError(f"the adapter's rank is {rank}, {where}: leave it out", "--rank")
    return rank or options.rank


def _largest_rank(config: dict[str, Any]) -> int | None:
    by_module = config.get("rank_pattern")
    ranks = [config.get("r"), *(by_module.values() if isinstance(by_module, dict) else ())]
    return max((each for each in ranks if isinstance(each, int)), default=None)


def _read[T](field: str, read: Callable[[Path], T], path: Path) -> T:
    try:
        return read(path)
    except EngineError as error:
        raise ServeError(str(error), field) from error


def _check_words(config: ServerConfig) -> None:
    values = {
        "--base": config.base,
        "--adapter": config.adapter,
        "--name": config.name,
        "--base-name": config.base_name,
    }
    for field, word in values.items():
        if word.startswith("-") or "\0" in word:
            raise ServeError(f"{word!r} would be taken for an option", field)
    if config.adapter and config.name == config.base_name:
        raise ServeError(
            f"{config.name!r} is the base's name too, and a server has one model of a name: give "
            "another --name or --base-name",
            "--name",
        )

"""What the files of a model and of an adapter say, read without loading either.

A digest is of what decides answers: weights, configuration, tokenizer and template, and not of what
trainers leave beside them.
"""

import hashlib
import json
import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from runners.engines.digests import file_digest
from runners.engines.errors import EngineError

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
_COUNTS = {".safetensors", ".json", ".jinja", ".model", ".txt", ".gguf"}
_LEFT_OVER = re.compile(r"(trainer_state|training_args|all_results|train_results|eval_results)\..*")
_MOST_HEADER = 100_000_000

type TensorHeader = dict[str, dict[str, Any]]


def model_digest(path: Path) -> str:
    """SHA-256 of a model's folder, or of its one GGUF file. Raises EngineError."""
    if path.is_file() and path.suffix == ".gguf":
        return file_digest(path)
    if not (path / "config.json").is_file():
        holds = f"{path} holds no config.json" if path.is_dir() else f"there is no folder {path}"
        if (path / ADAPTER_CONFIG).is_file():
            holds = f"{path} holds an adapter: name it as the adapter, and its base as the model"
        raise EngineError(f"{holds}: a model is a folder of transformers, or a GGUF file")
    if not any(path.glob("*.safetensors")):
        raise EngineError(
            f"{path} holds no weights as safetensors, and other formats may run code when they "
            "are read: save the model again with save_pretrained"
        )
    return _folder_digest(path)


def adapter_digest(folder: Path) -> str:
    """SHA-256 of an adapter's configuration and weights. Raises EngineError as `adapter_config`."""
    adapter_config(folder)
    digest = hashlib.sha256()
    for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS):
        digest.update(f"{name}\0{file_digest(folder / name)}\n".encode())
    return digest.hexdigest()


def adapter_config(folder: Path) -> dict[str, Any]:
    """The configuration of an adapter as PEFT saves it.

    Raises:
        EngineError: no such folder, a whole model in its place, or weights that are missing.
    """
    path = folder / ADAPTER_CONFIG
    if not path.is_file():
        if not folder.is_dir():
            raise EngineError(f"there is no folder {folder}: an adapter is a folder as PEFT saves")
        if (folder / "config.json").is_file():
            raise EngineError(
                f"{folder} holds a whole model, which an adapter was merged into: name it as the "
                "model, and leave the adapter out"
            )
        inner = sorted(path.parent.name for path in folder.glob(f"*/{ADAPTER_CONFIG}"))
        hint = f" (PEFT saved it into {', '.join(inner)} within it)" if inner else ""
        raise EngineError(f"{folder} holds no {ADAPTER_CONFIG}{hint}: it isn't a PEFT adapter")
    if not (folder / ADAPTER_WEIGHTS).is_file():
        raise EngineError(
            f"{folder} holds no {ADAPTER_WEIGHTS}: save the adapter with safe_serialization"
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"{path} can't be read: {error}") from error
    if not isinstance(config, dict):
        raise EngineError(f"{path} isn't a configuration of PEFT")
    return config


def model_config(folder: Path) -> dict[str, Any]:
    """The configuration of a model's folder; {} where it holds none. Raises EngineError."""
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise EngineError(f"{path} can't be read: {error}") from error
    if not isinstance(config, dict):
        raise EngineError(f"{path} isn't a configuration of transformers")
    return config


def fetch_adapter(name: str, revision: str | None) -> Path:
    """The folder of an adapter of the model hub, fetched where it isn't here yet.

    Raises EngineError.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                name, revision=revision, allow_patterns=[ADAPTER_CONFIG, ADAPTER_WEIGHTS]
            )
        )
    except (OSError, ValueError) as error:
        raise EngineError(f"the adapter {name} can't be fetched: {error}") from error


def tensor_header(path: Path) -> TensorHeader:
    """Name, dtype and shape of each tensor in a safetensors file. Raises EngineError."""
    try:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            if size > _MOST_HEADER:
                raise ValueError("its header has no end")
            header = json.loads(file.read(size))
    except (OSError, ValueError, struct.error) as error:
        raise EngineError(f"{path} can't be read as safetensors: {error}") from error
    header.pop("__metadata__", None)
    tensors: TensorHeader = header
    return tensors


def all_zero(path: Path, names: Iterable[str]) -> bool:
    """Whether all values of these tensors of a safetensors file are zero."""
    header = tensor_header(path)
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        for name in names:
            start, end = header[name]["data_offsets"]
            file.seek(8 + size + start)
            # minus zero is a zero too: its sign is the highest bit of the last byte of a value
            width = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}.get(header[name]["dtype"], 1)
            content = bytearray(file.read(end - start))
            content[width - 1 :: width] = bytes(byte & 0x7F for byte in content[width - 1 :: width])
            if any(content):
                return False
    return True


def why_idle(folder: Path) -> str:
    """The likely cause where an adapter that was loaded changes nothing, by its files."""
    try:
        config = adapter_config(folder)
        weights = folder / ADAPTER_WEIGHTS
        last = [name for name in tensor_header(weights) if "lora_B" in name]
        untrained = all_zero(weights, last)
    except (EngineError, OSError) as error:
        return f"Its files tell no cause: {error}"
    if untrained:
        return (
            "Its matrices B are all zero, as before training: it was saved too early, or its "
            "parameters had no gradient"
        )
    if not config.get("lora_alpha"):
        return "Its scale is zero: lora_alpha is 0 in its configuration"
    modules = config.get("target_modules")
    targets = ", ".join(modules) if isinstance(modules, list) else str(modules)
    return (
        f"Its matrices aren't zero and fit the base ({targets}): was it trained on this base, and "
        "long enough to say anything?"
    )


def chat_template(folder: Path) -> str | None:
    """The chat template that a model's or an adapter's folder holds; None where it has none."""
    apart = folder / "chat_template.jinja"
    if apart.is_file():
        return apart.read_text(encoding="utf-8")
    settings = folder / "tokenizer_config.json"
    if not settings.is_file():
        return None
    try:
        template = json.loads(settings.read_text(encoding="utf-8")).get("chat_template")
    except (ValueError, AttributeError) as error:
        raise EngineError(f"{settings} can't be read: {error}") from error
    return template if isinstance(template, str) else None


def text_digest(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _folder_digest(folder: Path) -> str:
    counted = sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix in _COUNTS and not _LEFT_OVER.fullmatch(path.name)
    )
    digest = hashlib.sha256()
    for path in counted:
        digest.update(f"{path.name}\0{file_digest(path)}\n".encode())
    return digest.hexdigest()

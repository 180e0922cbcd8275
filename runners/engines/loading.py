"""A base loaded into memory: its weights as they were meant, its tokenizer, its template."""

import logging
import os
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers

from runners.engines.errors import EngineError, NoRoomError

logger = logging.getLogger(__name__)

# Their own handlers would write a line twice, and what ours hide.
transformers.utils.logging.disable_default_handler()
transformers.utils.logging.enable_propagation()
logging.getLogger("huggingface_hub").handlers.clear()
# PEFT asks transformers by an old name
warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)

_MEMORY = Path("/proc/meminfo")
_AVAILABLE = re.compile(r"^MemAvailable:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Source:
    """A base model and how it is loaded; equal sources share one in memory.

    Attributes:
        model: a folder, a GGUF file, or a name at the model hub, which needs the revision.
        digest: of the files of a model on this machine.
    """

    model: str
    dtype: str
    revision: str | None = None
    digest: str | None = None
    device_map: str | None = None
    quantization: str | None = None


@dataclass(slots=True)
class Base:
    """A loaded base; `model` is PEFT's once an adapter is loaded into it.

    Attributes:
        adapters: names under which adapters answer, by their digests.
        alone: names of those that answer in no batch with others.
    """

    source: Source
    model: Any
    tokenizer: Any
    adapters: dict[str, str] = field(default_factory=dict)
    alone: set[str] = field(default_factory=set)

    @property
    def context(self) -> int:
        """Tokens that a prompt and its answer may have together."""
        positions = getattr(self.model.config, "max_position_embeddings", None)
        return int(positions) if positions else 1_000_000


def load(source: Source) -> Base:
    """Raises EngineError: what is missing, doesn't fit, or isn't the model that it should be."""
    options: dict[str, Any] = {"revision": source.revision, "trust_remote_code": False}
    name, where = source.model, Path(source.model)
    if where.suffix == ".gguf":
        name, options["gguf_file"] = str(where.parent), where.name
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, **options)
        model, load_info = transformers.AutoModelForCausalLM.from_pretrained(
            name,
            dtype=source.dtype if source.dtype == "auto" else getattr(torch, source.dtype),
            device_map=source.device_map,
            quantization_config=_quantization(source),
            use_safetensors=True,
            output_loading_info=True,
            **options,
        )
    except torch.OutOfMemoryError as error:
        raise _no_room(source, error) from error
    except (OSError, ValueError, ImportError, RuntimeError, KeyError) as error:
        if memory_ended(error):
            raise _no_room(source, error) from error
        raise EngineError(f"{source.model} can't be loaded: {_first_line(error)}") from error
    _check_whole(source, load_info)
    if source.device_map is None and torch.cuda.is_available() and not source.quantization:
        model = model.to("cuda")
    if source.quantization == "nf4":
        _keep_unpacked(model)
    tokenizer.padding_side = "left"
    logger.info("loaded %s: %.0f million parameters", source.model, model.num_parameters() / 1e6)
    return Base(source, model.eval(), tokenizer)


def memory_ended(error: BaseException) -> bool:
    """Whether an error says that there was no more memory to have."""
    message = str(error)
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in message


def fits_beside(source: Source) -> bool:
    """Whether the weights, as large as their files, fit into what is free now; True where nobody
    knows before they are loaded."""
    path = Path(source.model)
    files = [path] if path.is_file() else [*path.glob("*.safetensors")]
    size = sum(os.path.getsize(file) for file in files)
    if torch.cuda.is_available() and source.device_map != "cpu":
        free, _ = torch.cuda.mem_get_info()
        return size < int(free)
    available = _AVAILABLE.search(_MEMORY.read_text()) if _MEMORY.exists() else None
    return available is None or size < 1024 * int(available[1])


def _no_room(source: Source, error: BaseException) -> NoRoomError:
    return NoRoomError(
        f"{source.model} doesn't fit into memory ({_first_line(error)}): give it a "
        "quantization, another dtype or a larger machine"
    )


def _quantization(source: Source) -> Any:
    if source.model.endswith(".gguf"):
        # without it the blocks need compiled kernels from a hub
        return transformers.GgufConfig(dequantize=True)
    if source.quantization == "nf4":
        return transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=torch.bfloat16 if torch.cuda.is_available() else torch.float32,
        )
    if source.quantization == "int8":
        return transformers.BitsAndBytesConfig(load_in_8bit=True)
    return None


def _keep_unpacked(model: Any) -> None:
    """bitsandbytes packs what has answered on a processor with AVX512-BF16 anew, and PEFT reads
    that as it was before: base and adapter would answer noise."""
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _check_whole(source: Source, load_info: dict[str, Any]) -> None:
    """transformers draws what is missing at random, and only warns."""
    for kind, means in (
        ("missing_keys", "weights are missing"),
        ("mismatched_keys", "weights have another shape than its configuration says"),
    ):
        if keys := sorted(str(key) for key in load_info.get(kind) or ()):
            raise EngineError(
                f"{source.model}: {len(keys)} {means}, the first {keys[0]}: save the model again"
            )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0].rstrip(".") if lines else type(error).__name__)[:300]

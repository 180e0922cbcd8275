"""Adapters put into a loaded base: each under a name of its own, or refused with the cause.

PEFT warns where an adapter doesn't fit, and answers as the base would; here that is an error.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import peft
from peft.utils import ModulesToSaveWrapper

from runners.engines.errors import EngineError
from runners.engines.files import (
    ADAPTER_WEIGHTS,
    TensorHeader,
    adapter_config,
    adapter_digest,
    tensor_header,
)
from runners.engines.loading import Base

_PREFIX = "base_model.model."
_LORA = re.compile(
    r"(?P<module>.+?)\.lora_(?P<matrix>A|B|embedding_A|embedding_B|magnitude_vector)(\.weight)?$"
)
_BESIDE = (
    "of the adapters in this base one replaces the whole module {}, and one has LoRA matrices "
    "there: they can't share a base; merge one of them, and name the result as the model"
)
SHOWN = 3


def put_in(base: Base, folder: Path, digest: str | None) -> str:
    """The name under which the adapter of this folder answers; loaded where it isn't yet.

    Args:
        digest: what it was registered as; None for one of the hub, known by its commit.

    Raises:
        EngineError: the files are others than `digest` says, or don't fit this base.
    """
    if digest in base.adapters:
        return base.adapters[digest]
    current = adapter_digest(folder)
    if digest not in (None, current):
        raise EngineError(
            f"the adapter in {folder} isn't the one that was registered (SHA-256 {digest[:12]}…): "
            "register it anew as a version of its own"
        )
    digest = current
    if digest in base.adapters:
        return base.adapters[digest]
    config = adapter_config(folder)
    _check_fits(base.model, folder, config, tensor_header(folder / ADAPTER_WEIGHTS))
    # PEFT takes names that are part of "lora_" for its own prefix, and draws their weights anew.
    name = f"arm-{digest[:12]}"
    has_adapters = hasattr(base.model, "peft_config")
    with _causes(folder):
        settings = peft.PeftConfig.from_pretrained(str(folder))
        settings.inference_mode = True
        model = base.model if has_adapters else peft.PeftModel(base.model, settings, name)
        load_result = model.load_adapter(str(folder), adapter_name=name)
    try:
        _check_loaded(model, folder, name, load_result)
    except EngineError:
        _take_out(base, model, name, has_adapters=has_adapters)
        raise
    base.model = model.eval()
    base.adapters[digest] = name
    # PEFT mixes no rows with DoRA, and whole modules only where each row's adapter has them
    if config.get("use_dora") or config.get("modules_to_save"):
        base.alone.add(name)
    return name


def _take_out(base: Base, model: Any, name: str, *, has_adapters: bool) -> None:
    model.delete_adapter(name)  # first: unloading leaves the whole modules of who is active
    if not has_adapters:
        base.model = model.unload()


def _check_fits(model: Any, folder: Path, config: dict[str, Any], header: TensorHeader) -> None:
    if config.get("peft_type") != "LORA":
        raise EngineError(
            f"{folder}: adapters of the type {config.get('peft_type')!r} aren't loaded here, "
            "LORA alone; merge it, and name the result as the model"
        )
    if config.get("bias", "none") != "none":
        raise EngineError(
            f"{folder}: an adapter that trained the base's own biases can't share a base: PEFT "
            "writes them over the base's; merge it, and name the result as the model"
        )
    plain = model.get_base_model() if hasattr(model, "peft_config") else model
    modules_by_name = dict(plain.named_modules())
    tuned = [name for name, module in modules_by_name.items() if hasattr(module, "base_layer")]
    modules_by_name = {
        name.replace(".base_layer", ""): module for name, module in modules_by_name.items()
    }
    whole = _check_whole_modules(folder, config, header, modules_by_name, tuned)
    matches = {key: _LORA.match(key.removeprefix(_PREFIX)) for key in header if key not in whole}
    if strange := [key for key, match in matches.items() if match is None]:
        raise EngineError(f"{folder}: irregular: it holds {_few(strange)}, which is no LoRA matrix")
    if bare := [key for key in header if not key.startswith(_PREFIX)]:
        raise EngineError(
            f"{folder}: key prefix: it holds {_few(bare)}, and PEFT's names begin with "
            f"{_PREFIX}: save it by save_pretrained of PEFT's model"
        )
    modules = {key: match["module"] for key, match in matches.items() if match is not None}
    lost = sorted({name for name in modules.values() if name not in modules_by_name})
    if lost:
        same = sum(name in modules_by_name for name in set(modules.values()))
        hint = _hint(lost[0], modules_by_name)
        raise EngineError(
            f"{folder}: key prefix: {len(lost)} of its {len(lost) + same} modules aren't in the "
            f"base, the first {lost[0]}{hint}; it was trained on another base, or under another "
            "class of it"
        )
    wrapped = [
        name for name, module in modules_by_name.items() if isinstance(module, ModulesToSaveWrapper)
    ]
    replaced = tuple(f"{name}." for name in wrapped)
    if beside := [module for module in modules.values() if f"{module}.".startswith(replaced)]:
        raise EngineError(f"{folder}: {_BESIDE.format(beside[0])}")
    for key, name in modules.items():
        _check_shape(folder, key, modules_by_name[name], header[key]["shape"])


def _check_whole_modules(
    folder: Path,
    config: dict[str, Any],
    header: TensorHeader,
    modules_by_name: dict[str, Any],
    tuned: Sequence[str],
) -> set[str]:
    """The keys of the modules that the adapter replaces; each is there, and as large as the base's.
    PEFT finds them by the end of their names.

    Args:
        tuned: modules of the base that have LoRA matrices by now.
    """
    keys = set[str]()
    for target in config.get("modules_to_save") or ():
        modules = {
            name: module
            for name, module in modules_by_name.items()
            if (name == target or name.endswith(f".{target}")) and "modules_to_save" not in name
        }
        if not modules:
            raise EngineError(
                f"{folder}: it replaces the whole module {target}, which isn't in the base: it was "
                "trained on another base"
            )
        for name, module in modules.items():
            if any(f"{module_name}.".startswith(f"{name}.") for module_name in tuned):
                raise EngineError(f"{folder}: {_BESIDE.format(name)}")
            for inner, weights in getattr(module, "original_module", module).named_parameters():
                key, shape = f"{_PREFIX}{name}.{inner}", list(weights.shape)
                if key not in header:
                    raise EngineError(
                        f"{folder}: it replaces the whole module {name}, and {ADAPTER_WEIGHTS} "
                        f"lacks its {inner}"
                    )
                if not weights.is_floating_point():
                    raise EngineError(
                        f"{folder}: it replaces the whole module {name}, which is quantized here: "
                        "load the base without a quantization"
                    )
                if header[key]["shape"] != shape:
                    raise EngineError(
                        f"{folder}: wrong base: {key} has the shape {header[key]['shape']}, and "
                        f"this base's module {shape}"
                    )
                keys.add(key)
    return keys


def _check_shape(folder: Path, key: str, module: Any, shape: Sequence[int]) -> None:
    wanted = None
    if key.endswith(("lora_A.weight", "lora_A")):
        wanted, width, side = getattr(module, "in_features", None), shape[-1], "reads"
    elif key.endswith(("lora_B.weight", "lora_B")):
        wanted, width, side = getattr(module, "out_features", None), shape[0], "writes"
    if wanted is not None and width != wanted:
        raise EngineError(
            f"{folder}: wrong base: {key} {side} {width} values, and this base's module has "
            f"{wanted}"
        )


def _check_loaded(model: Any, folder: Path, name: str, load_result: Any) -> None:
    if missing := list(load_result.missing_keys):
        raise EngineError(
            f"{folder}: {len(missing)} of the matrices that its configuration names are missing "
            f"from {ADAPTER_WEIGHTS}, the first {missing[0].replace(f'.{name}', '')}: "
            "target modules and weights disagree"
        )
    # of all adapters in the base, those that aren't this one's are unexpected to nobody
    if strange := [
        key for key in load_result.unexpected_keys if f".{name}." in key or name not in key
    ]:
        raise EngineError(
            f"{folder}: {len(strange)} of its matrices have no place by its configuration, the "
            f"first {strange[0].replace(f'.{name}', '')}: target modules and weights disagree"
        )
    state = model.get_model_status()
    if state.merged_adapters or "irregular" in (state.enabled, state.merged_adapters):
        raise EngineError(
            f"{folder}: PEFT calls the model irregular: an adapter is merged into its base"
        )


@contextlib.contextmanager
def _causes(folder: Path) -> Iterator[None]:
    """PEFT's errors in words that say what to do."""
    try:
        yield
    except (ValueError, RuntimeError, KeyError, TypeError, OSError) as error:
        message = " ".join(str(error).split())
        cause = message[:300]
        if "arget modules" in message and "not found" in message:
            cause = f"target modules: none of those it names is in the base ({message[:200]})"
        elif "size mismatch" in message:
            cause = f"wrong base or rank: its matrices have other shapes ({message[:200]})"
        raise EngineError(f"{folder}: {cause}") from error


def _hint(name: str, modules_by_name: dict[str, Any]) -> str:
    """A hint that names the base's module with the same ending, or ""."""
    end = ".".join(name.split(".")[-4:])
    close = next((name for name in modules_by_name if name.endswith(end)), None)
    return f" (the base has {close})" if close else ""


def _few(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(sorted(names)[:SHOWN]) + more

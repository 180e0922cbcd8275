"""Small models for the tests of the backend `hf`: a real one, and one of random weights.

The real one is the demo's, SmolLM2-135M-Instruct, converted once from the GGUF file of its package
and kept in the user's cache; nothing is downloaded. Both need the extra `hf`.
"""

import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from evalhub.demo.server import LocalExtraMissingError, model_path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evalhub-tests"
FORM = 1
"""Counts up when what is kept changes."""
VOCABULARY = 49_152
"""Tokens of both."""
WITH_TORCH = [pytest.mark.hf, pytest.mark.heavy]


def needs_torch() -> None:
    """Skips a test where the extra `hf` isn't installed."""
    if missing := [
        name for name in ("torch", "peft", "gguf") if not importlib.util.find_spec(name)
    ]:
        pytest.skip(f"needs the extra hf: there is no {', '.join(missing)}")
    import torch

    torch.set_num_threads(1)  # with two on two busy cores it takes five times as long


def small_model() -> Path:
    """SmolLM2-135M-Instruct as a folder of transformers, in float32."""
    try:
        file = model_path()
    except LocalExtraMissingError as error:
        pytest.skip(str(error))
    return _kept(f"smollm2-135m-{FORM}", lambda folder: _convert(file, folder))


def tiny_model() -> Path:
    """Two layers of random weights behind the same tokenizer: 6 MB that answer at once."""
    return _kept(f"tiny-llama-{FORM}", lambda folder: _draw(small_model(), folder))


def reciting_model(folder: Path, *parts: str) -> Path:
    """A model that says these parts, each a token, whatever it is asked, and ends."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_model())
    tokenizer.add_tokens([transformers.AddedToken(part, normalized=False) for part in parts])
    config = transformers.AutoConfig.from_pretrained(tiny_model())
    config.update({"vocab_size": len(tokenizer), "tie_word_embeddings": False})
    model = transformers.AutoModelForCausalLM.from_config(config).float()
    told = [*(tokenizer.convert_tokens_to_ids(part) for part in parts), tokenizer.eos_token_id]
    with torch.no_grad():
        for name, weights in model.named_parameters():
            weights.fill_(1.0 if "norm" in name else 0.0)
        # what came last is all that the layers let through: any prompt's end calls for the first
        model.get_input_embeddings().weight[:, 0] = 1.0
        for at, token in enumerate(told):
            model.get_output_embeddings().weight[token, at] = 1.0
            model.get_input_embeddings().weight[token] = torch.eye(config.hidden_size)[at + 1]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _kept(name: str, make: Callable[[Path], None]) -> Path:
    there = CACHE / name
    if not there.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(dir=CACHE))
        try:
            make(half)
            half.rename(there)
        except OSError:
            if not there.is_dir():  # else another process was first
                raise
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return there


def _convert(file: Path, folder: Path) -> None:
    import torch
    import transformers

    source = {"pretrained_model_name_or_path": file.parent, "gguf_file": file.name}
    transformers.AutoTokenizer.from_pretrained(**source).save_pretrained(folder)
    quantized = transformers.GgufConfig(dequantize=True)
    transformers.AutoModelForCausalLM.from_pretrained(
        **source, dtype=torch.float32, quantization_config=quantized
    ).save_pretrained(folder)


def _draw(real: Path, folder: Path) -> None:
    import torch
    import transformers

    torch.manual_seed(7)
    config = transformers.AutoConfig.from_pretrained(real)
    config.update(
        {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "max_position_embeddings": 256,
        }
    )
    transformers.AutoModelForCausalLM.from_config(config).float().save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(real).save_pretrained(folder)


def an_adapter(
    folder: Path,
    *,
    zero: bool = False,
    seed: int = 7,
    prefix: str = "base_model.model.model.layers",
    projections: tuple[str, ...] = ("q_proj", "v_proj"),
    width: int = 32,
    left_out: str = "",
    whole: tuple[str, ...] = (),
    **settings: Any,
) -> Path:
    """A LoRA adapter of the tiny model as PEFT saves it; where `zero`, one that was never trained.

    Args:
        left_out: a matrix that the file lacks, such as "layers.0.self_attn.q_proj.lora_B".
        whole: modules that it replaces, such as "lm_head" or "model.embed_tokens".
        settings: over what its configuration says.
    """
    numbers = np.random.default_rng(seed)
    rank = 4
    rows = {"q_proj": width, "v_proj": width // 2}
    tensors = {}
    for layer, projection in product(range(2), projections):
        place = f"{prefix}.{layer}.self_attn.{projection}"
        tensors[f"{place}.lora_A.weight"] = numbers.normal(size=(rank, width))
        b = numbers.normal(size=(rows[projection], rank)) * (0 if zero else 1)
        tensors[f"{place}.lora_B.weight"] = b
        if settings.get("use_dora"):
            tensors[f"{place}.lora_magnitude_vector"] = numbers.uniform(1, 3, rows[projection])
    for module in whole:
        size = (settings.pop("rows", VOCABULARY), width)
        tensors[f"base_model.model.{module}.weight"] = numbers.normal(size=size) / 8
    if whole:
        settings.setdefault("modules_to_save", [each.rpartition(".")[2] for each in whole])
    tensors = {
        name: values.astype(np.float32)
        for name, values in tensors.items()
        if not left_out or left_out not in name
    }
    folder.mkdir(parents=True)
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    said = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": 2 * rank,
        "target_modules": list(projections),
        "base_model_name_or_path": "tiny",
    }
    (folder / "adapter_config.json").write_text(json.dumps(said | settings))
    return folder

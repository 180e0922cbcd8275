"""The demo's adapter for llama.cpp, derived from the one that PEFT saved.

python -m evalhub.demo.gguf_adapter    adapter/ becomes adapter.gguf
"""

import json
from pathlib import Path

import numpy as np

from evalhub.demo.server import ADAPTER

PEFT_ADAPTER = Path(__file__).with_name("adapter")
HEADS = 9
"""Attention heads of SmolLM2-135M."""
_SHORT = {"q_proj": "attn_q", "v_proj": "attn_v"}


def write_gguf(folder: Path, path: Path) -> None:
    """PEFT's matrices as llama.cpp wants them: A (rank, in) and B (out, rank), in float16.

    llama.cpp pairs the rotary dimensions next to each other, transformers keeps them in halves;
    so the rows of B are exchanged for q as the base's converter does for the weight itself.
    """
    import gguf
    from safetensors.numpy import load_file

    settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(settings["lora_alpha"]))
    for name, values in sorted(load_file(folder / "adapter_model.safetensors").items()):
        *_, layer, _block, projection, matrix, _weight = name.split(".")
        if projection == "q_proj" and matrix == "lora_B":
            out, rank = values.shape
            values = values.reshape(HEADS, 2, out // HEADS // 2, rank).swapaxes(1, 2)
            values = values.reshape(out, rank)
        tensor = f"blk.{layer}.{_SHORT[projection]}.weight.{matrix.lower()}"
        writer.add_tensor(tensor, np.ascontiguousarray(values.astype(np.float16)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    write_gguf(PEFT_ADAPTER, ADAPTER)

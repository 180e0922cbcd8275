"""The live demo by transformers and PEFT in place of llama.cpp: the same weights and adapter."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import yaml

from evalhub.demo.gguf_adapter import PEFT_ADAPTER
from evalhub.demo.server import LocalExtraMissingError, model_path
from evalhub.extras import how_to_install

SUFFIX = "-hf"
BATCH_TOKENS = 4_096
"""About twenty prompts: a processor gains nothing by more, and tells its progress sooner."""
NEEDED = ("torch", "peft", "accelerate", "gguf")


def by_hf(study: Path, folder: Path) -> Path:
    """The live study with its arms answered by the backend `hf`, written into `folder`.

    The weights are those of the GGUF file, in single precision: Q4_1 blocks multiplied out.

    Raises LocalExtraMissingError without the extra `hf`, or without `local`, which has the model.
    """
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise LocalExtraMissingError(
            f"The backend hf needs {', '.join(missing)}; install the extra `hf`: "
            f"{how_to_install('hf')}"
        )
    document: dict[str, Any] = yaml.safe_load(study.read_text(encoding="utf-8"))
    document["name"] += ", by transformers"
    document["slug"] += SUFFIX
    loaded = {"model": str(model_path()), "dtype": "float32", "batch_tokens": BATCH_TOKENS}
    for arm in document["arms"].values():
        tuned = {"adapter": str(PEFT_ADAPTER)} if arm["kind"] == "lora" else {}
        arm["backend"] = {"hf": loaded | tuned}
    for test_set in document["test_sets"].values():
        test_set["file"] = str(study.parent / test_set["file"])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "study_hf.yaml"
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    return path

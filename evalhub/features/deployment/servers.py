"""The servers that files can be written for. A new one is a file and a line of the table."""

import json
from collections.abc import Callable

from evalhub.features.deployment import llama_cpp, ollama, vllm
from evalhub.features.deployment.server_config import ServingOptions, server_config
from evalhub.registry.models import ModelVersion

SERVERS: dict[str, Callable[..., dict[str, str]]] = {
    "vllm": vllm.files,
    "ollama": ollama.files,
    "llama.cpp": llama_cpp.files,
}
MANIFEST = "handover.json"
NAMES = {MANIFEST, vllm.SCRIPT, vllm.COMPOSE, vllm.TEMPLATE, ollama.MODELFILE}
"""Of all files that are ever written."""


def serve_files(
    version: ModelVersion, *, server: str, options: ServingOptions, image: str | None = None
) -> dict[str, str]:
    """The files, by name, for a server to answer as the version did, with a manifest of their
    origin.

    Raises:
        evalhub.features.deployment.server_config.ServeError: it can't be served there, or
            something isn't known.
        evalhub.declare.declaration.DeclarationError: no backend here is like the version's.
    """
    config = server_config(version, options)
    files = SERVERS[server](config, image=image)
    manifest = config.manifest() | {"server": server}
    return files | {MANIFEST: json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"}

"""vLLM: a script that starts its server, and the same for Docker Compose.

Names and values as vLLM 0.33 takes them (vllm/config/lora.py, vllm/entrypoints/openai/cli_args.py).
"""

import json
import shlex
from typing import Any

import yaml

from evalhub.features.deployment.server_config import ServeError, ServerConfig

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What --max-lora-rank may be."""
GENERATION = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
"""Sampling that --override-generation-config sets for requests that say none."""
TEMPLATE = "chat_template.jinja"
SCRIPT, COMPOSE = "serve.sh", "compose.yaml"
PORT = 8000
_MOUNTED = f"/handover/{TEMPLATE}"


def files(config: ServerConfig, *, image: str | None = None) -> dict[str, str]:
    """By name: the start script, the chat template if the version has its own, and with an image
    the file for Docker Compose.

    Raises ServeError: what vLLM doesn't serve, or has to be told.
    """
    files = {SCRIPT: _script(config)}
    if config.chat_template is not None:
        files[TEMPLATE] = config.chat_template
    if image is not None:
        files[COMPOSE] = _compose(config, image)
    return files


def arguments(config: ServerConfig) -> list[str]:
    """Arguments of `vllm serve`, without chat template, host and port.

    Raises ServeError as `files`.
    """
    _check(config)
    args = [config.base, "--served-model-name", config.base_name if config.adapter else config.name]
    if config.revision:
        args += ["--revision", config.revision]
    args += ["--dtype", config.dtype]
    if config.quantization:
        args += ["--quantization", "bitsandbytes"]
    if config.adapter:
        module = {"name": config.name, "path": config.adapter, "base_model_name": config.base_name}
        args += ["--enable-lora", "--max-lora-rank", str(_smallest_fitting_rank(config.rank))]
        args += ["--lora-modules", json.dumps(module)]
    if not config.own_defaults:
        args += ["--generation-config", "vllm"]
    usual = {name: getattr(config.sampling, name) for name in GENERATION}
    if overrides := {name: value for name, value in usual.items() if value is not None}:
        args += ["--override-generation-config", json.dumps(overrides)]
    if config.sampling.chat_template_kwargs is not None:
        arguments = json.dumps(config.sampling.chat_template_kwargs)
        args += ["--default-chat-template-kwargs", arguments]
    if config.options.context is not None:
        args += ["--max-model-len", str(config.options.context)]
    return args


def _check(target: ServerConfig) -> None:
    if target.options.template is not None:
        raise ServeError("vLLM takes the version's own chat template: leave it out", "--template")
    if target.base.endswith(".gguf"):
        raise ServeError(
            f"{target.base} is a GGUF file, and vLLM wants a folder of transformers or a name at "
            "the model hub: say where one lies",
            "--base",
        )
    if target.quantization == "int8":
        raise ServeError(
            f"{target.version} was evaluated with its base in int8, and vLLM's bitsandbytes loads "
            "4 bits alone: evaluate it as it is to be served",
            "VERSION",
        )
    config = target.adapter_config
    for name, what in (
        ("use_dora", "with DoRA"),
        ("modules_to_save", "that replaces whole modules"),
    ):
        if config.get(name):
            raise ServeError(
                f"vLLM serves no adapter {what} ({name}): merge it into its base, and evaluate "
                "what comes of that as a version of its own",
                "VERSION",
            )


def _smallest_fitting_rank(rank: int | None) -> int:
    if rank is None:
        raise ServeError(
            "neither the training record nor the adapter's files say the adapter's rank, of which "
            "vLLM has to know the most: say it",
            "--rank",
        )
    fits = [each for each in RANKS if each >= rank]
    if not fits:
        raise ServeError(f"vLLM serves no adapter of rank {rank}, {RANKS[-1]} at most", "--rank")
    return fits[0]


def _script(config: ServerConfig) -> str:
    args = arguments(config)
    lines = [
        "#!/bin/sh",
        "# Made by `evalhub serve-config vllm`; what is said after it goes along.",
    ]
    own = ""
    if config.chat_template is not None:
        lines.append('here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1')
        own = f' --chat-template "$here/{TEMPLATE}"'
    near = ["--host", "127.0.0.1", "--port", str(PORT)]
    lines.append(f'exec vllm serve {shlex.join([*args, *near])}{own} "$@"')
    return "\n".join(lines) + "\n"


def _compose(config: ServerConfig, image: str) -> str:
    command = [*arguments(config), "--host", "0.0.0.0", "--port", str(PORT)]
    mounted = [each for each in (config.base, config.adapter) if each.startswith("/")]
    volumes = [{"type": "bind", "source": each, "target": each} for each in mounted]
    if config.chat_template is not None:
        command += ["--chat-template", _MOUNTED]
        volumes.append({"type": "bind", "source": f"./{TEMPLATE}", "target": _MOUNTED})
    gpus = {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
    service = {
        "image": image,
        "command": command,
        "ipc": "host",
        "ports": [f"127.0.0.1:{PORT}:{PORT}"],
        "volumes": [each | {"read_only": True} for each in volumes],
        "deploy": {"resources": {"reservations": {"devices": [gpus]}}},
    }
    document = _without_variables({"services": {"vllm": service}})
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _without_variables(value: Any) -> Any:
    """Doubles each $, which Docker Compose would otherwise replace by a variable of the machine."""
    if isinstance(value, dict):
        return {name: _without_variables(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_variables(inner) for inner in value]
    return value.replace("$", "$$") if isinstance(value, str) else value

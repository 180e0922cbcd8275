"""llama.cpp: a script that starts its server with the base and the adapter on it."""

import json
import shlex

from evalhub.features.deployment.server_config import ServeError, ServerConfig

SCRIPT = "serve.sh"
PORT = 8080


def files(config: ServerConfig, *, image: str | None = None) -> dict[str, str]:
    """The start script, by its file name.

    Raises ServeError: what llama.cpp can't be told, or has to be.
    """
    if image is not None:
        raise ServeError("is of vllm alone", "--image")
    if config.chat_template is not None or config.options.template is not None:
        raise ServeError(
            "a chat template of a version's own isn't written for llama.cpp: it belongs into the "
            "GGUF file",
            "--template" if config.options.template is not None else "VERSION",
        )
    for field, path in (("--base", config.base), ("--adapter", config.adapter)):
        if path and not path.endswith(".gguf"):
            raise ServeError(f"{path} is no GGUF file, and llama.cpp takes nothing else", field)
    command = ["--model", config.base, "--alias", _name(config)]
    if config.adapter:
        if any(each in config.adapter for each in ":,"):
            raise ServeError(f"{config.adapter}: llama.cpp takes no path with : or ,", "--adapter")
        command += ["--lora-scaled", f"{config.adapter}:1.0"]
    sampling = config.sampling
    if sampling.temperature is not None:
        command += ["--temp", f"{sampling.temperature:.12g}"]
    if sampling.top_p is not None or not config.own_defaults:
        command += ["--top-p", f"{1.0 if sampling.top_p is None else sampling.top_p:.12g}"]
    # llama.cpp's own defaults are 40, 0.05, and the last 64 tokens for the penalty
    if sampling.top_k is not None or not config.own_defaults:
        command += ["--top-k", str(sampling.top_k or 0)]
    if sampling.min_p is not None or not config.own_defaults:
        command += ["--min-p", f"{sampling.min_p or 0:.12g}"]
    if sampling.repetition_penalty is not None:
        penalty = f"{sampling.repetition_penalty:.12g}"
        command += ["--repeat-penalty", penalty, "--repeat-last-n", "-1"]
    if sampling.chat_template_kwargs is not None:
        command += ["--chat-template-kwargs", json.dumps(sampling.chat_template_kwargs)]
    if config.options.context is not None:
        command += ["--ctx-size", str(config.options.context)]
    command += ["--host", "127.0.0.1", "--port", str(PORT)]
    return {
        SCRIPT: "#!/bin/sh\n"
        "# Made by `evalhub serve-config llama.cpp`; what is said after it goes along.\n"
        f'exec llama-server {shlex.join(command)} "$@"\n'
    }


def _name(config: ServerConfig) -> str:
    if "," in config.name:
        raise ServeError(f"{config.name!r}: llama.cpp takes a comma for the next name", "--name")
    return config.name

"""llama.cpp: a script that starts its server with the base and the adapter on it."""

import shlex

from evalhub.features.deployment.served import Served, ServeError

SCRIPT = "serve.sh"
PORT = 8080


def files(found: Served, *, image: str | None = None) -> dict[str, str]:
    """By name: the script.

    Raises ServeError: what llama.cpp can't be told, or has to be.
    """
    if image is not None:
        raise ServeError("is of vllm alone", "--image")
    if found.chat_template is not None or found.given.template is not None:
        raise ServeError(
            "a chat template of a version's own isn't written for llama.cpp: it belongs into the "
            "GGUF file",
            "--template" if found.given.template is not None else "VERSION",
        )
    for field, place in (("--base", found.base), ("--adapter", found.adapter)):
        if place and not place.endswith(".gguf"):
            raise ServeError(f"{place} is no GGUF file, and llama.cpp takes nothing else", field)
    words = ["--model", found.base, "--alias", _name(found)]
    if found.adapter:
        if any(each in found.adapter for each in ":,"):
            raise ServeError(f"{found.adapter}: llama.cpp takes no path with : or ,", "--adapter")
        words += ["--lora-scaled", f"{found.adapter}:1.0"]
    said = found.sampling
    if said.temperature is not None:
        words += ["--temp", f"{said.temperature:.12g}"]
    if said.top_p is not None or not found.own_defaults:
        words += ["--top-p", f"{1.0 if said.top_p is None else said.top_p:.12g}"]
    if not found.own_defaults:  # its own are 40 and 0.05
        words += ["--top-k", "0", "--min-p", "0"]
    if found.given.context is not None:
        words += ["--ctx-size", str(found.given.context)]
    words += ["--host", "127.0.0.1", "--port", str(PORT)]
    return {
        SCRIPT: "#!/bin/sh\n"
        "# Made by `evalhub serve-config llama.cpp`; what is said after it goes along.\n"
        f'exec llama-server {shlex.join(words)} "$@"\n'
    }


def _name(found: Served) -> str:
    if "," in found.name:
        raise ServeError(f"{found.name!r}: llama.cpp takes a comma for the next name", "--name")
    return found.name

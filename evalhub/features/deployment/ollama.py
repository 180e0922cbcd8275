"""Ollama: a Modelfile, as `ollama create NAME -f Modelfile` takes it (Ollama 0.33).

A value ends where a line does. One between three quotation marks may hold lines, and ends at the
next three; what can't be printed is dropped while it is read.
"""

import re

from evalhub.features.deployment.served import Served, ServeError

MODELFILE = "Modelfile"
FAMILIES = ("llama", "mistral", "gemma", "gemma2", "gemma3", "gemma3_text")
"""Architectures whose adapters Ollama reads as PEFT saves them."""
_PLAIN = re.compile(r"[\w./:@+-]+", re.ASCII)
_MARKS = '"""'


def files(found: Served, *, image: str | None = None) -> dict[str, str]:
    """By name: the Modelfile.

    Raises ServeError: what Ollama can't be told, or has to be.
    """
    if image is not None:
        raise ServeError("is of vllm alone", "--image")
    _check(found)
    lines = [
        "# Made by `evalhub serve-config ollama`.",
        f"FROM {_value(found.base, '--base')}",
    ]
    if found.adapter:
        lines.append(f"ADAPTER {_value(found.adapter, '--adapter')}")
    lines += [f"PARAMETER {name} {value}" for name, value in _parameters(found)]
    if found.given.template is not None:
        lines.append(f"TEMPLATE {_value(found.given.template, '--template')}")
    if found.prompt.system:
        lines.append(f"SYSTEM {_value(found.prompt.system, 'the system message')}")
    if found.prompt.examples or found.prompt.template != "{input}":
        lines.append("# Its prompt's examples and template go with each request: handover.json")
    return {MODELFILE: "\n".join(lines) + "\n"}


def _parameters(found: Served) -> list[tuple[str, str]]:
    said, rows = found.sampling, []
    if said.temperature is not None:
        rows.append(("temperature", f"{said.temperature:.12g}"))
    if said.top_p is not None:
        rows.append(("top_p", f"{said.top_p:.12g}"))
    if not found.own_defaults:  # Ollama's own are others: 40, 0.9 and, in old ones, 1.1
        rows += [] if said.top_p is not None else [("top_p", "1")]
        rows += [("top_k", "0"), ("repeat_penalty", "1")]
    if said.max_tokens is not None:
        rows.append(("num_predict", str(said.max_tokens)))
    if said.seed is not None:
        rows.append(("seed", str(said.seed)))
    if found.given.context is not None:
        rows.append(("num_ctx", str(found.given.context)))
    rows += [("stop", _value(each, "a stop text")) for each in said.stop or ()]
    return rows


def _check(found: Served) -> None:
    if found.revision:
        raise ServeError(
            f"the base is {found.base} of the model hub, whose weights Ollama doesn't fetch by "
            "their commit: name a model of Ollama's, or the path of the weights",
            "--base",
        )
    if found.chat_template is not None and found.given.template is None:
        raise ServeError(
            f"{found.version} was evaluated with a chat template of its own, and Ollama has a "
            "language of its own for them (Go's): give it as a file",
            "--template",
        )
    if not found.adapter or found.adapter.endswith(".gguf"):
        return
    if found.family not in FAMILIES:
        of = f"a base of the family {found.family}" if found.family else "a base that isn't known"
        raise ServeError(
            f"{found.adapter} is no GGUF file, and for {of} Ollama takes nothing else (as PEFT "
            "saves them it reads those of Llama, Mistral and Gemma): make one by llama.cpp's "
            "convert_lora_to_gguf.py and name it",
            "--adapter",
        )


def _value(text: str, field: str) -> str:
    """The text as a Modelfile's value, or ServeError where that would say something else."""
    if _PLAIN.fullmatch(text):
        return text
    strange = sorted({each for each in text if not each.isprintable() and each not in "\n\r\t"})
    if strange:
        raise ServeError(
            f"holds {', '.join(f'U+{ord(each):04X}' for each in strange[:3])}, which a Modelfile "
            "drops: it can't be handed over as it was evaluated",
            field,
        )
    if _MARKS in text:
        raise ServeError(f"holds {_MARKS}, which ends a Modelfile's value", field)
    return f"{_MARKS}{text}{_MARKS}"

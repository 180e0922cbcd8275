"""Ollama: a Modelfile, as `ollama create NAME -f Modelfile` takes it (Ollama 0.33).

A value ends where a line does. One between three quotation marks may hold lines, and ends at the
next three; what can't be printed is dropped while it is read.
"""

import re

from evalhub.features.deployment.server_config import ServeError, ServerConfig

MODELFILE = "Modelfile"
FAMILIES = ("llama", "mistral", "gemma", "gemma2", "gemma3", "gemma3_text")
"""Architectures whose adapters Ollama reads as PEFT saves them."""
_PLAIN = re.compile(r"[\w./:@+-]+", re.ASCII)
_MARKS = '"""'


def files(config: ServerConfig, *, image: str | None = None) -> dict[str, str]:
    """The Modelfile, by its file name.

    Raises ServeError: what Ollama can't be told, or has to be.
    """
    if image is not None:
        raise ServeError("is of vllm alone", "--image")
    _check(config)
    lines = [
        "# Made by `evalhub serve-config ollama`.",
        f"FROM {_value(config.base, '--base')}",
    ]
    if config.adapter:
        lines.append(f"ADAPTER {_value(config.adapter, '--adapter')}")
    lines += [f"PARAMETER {name} {value}" for name, value in _parameters(config)]
    if config.options.template is not None:
        lines.append(f"TEMPLATE {_value(config.options.template, '--template')}")
    if config.prompt.system:
        lines.append(f"SYSTEM {_value(config.prompt.system, 'the system message')}")
    if config.prompt.examples or config.prompt.template != "{input}":
        lines.append("# Its prompt's examples and template go with each request: handover.json")
    return {MODELFILE: "\n".join(lines) + "\n"}


def _parameters(config: ServerConfig) -> list[tuple[str, str]]:
    sampling, rows = config.sampling, []
    if sampling.temperature is not None:
        rows.append(("temperature", f"{sampling.temperature:.12g}"))
    if sampling.top_p is not None:
        rows.append(("top_p", f"{sampling.top_p:.12g}"))
    if not config.own_defaults:  # Ollama's defaults differ: 40, 0.9 and, in old versions, 1.1
        rows += [] if sampling.top_p is not None else [("top_p", "1")]
        rows += [] if sampling.top_k is not None else [("top_k", "0")]
        rows += [] if sampling.repetition_penalty is not None else [("repeat_penalty", "1")]
    if sampling.top_k is not None:
        rows.append(("top_k", str(sampling.top_k)))
    if sampling.min_p is not None:
        rows.append(("min_p", f"{sampling.min_p:.12g}"))
    if sampling.repetition_penalty is not None:
        rows.append(("repeat_penalty", f"{sampling.repetition_penalty:.12g}"))
        rows.append(("repeat_last_n", "-1"))  # of all that was said, and not the last 64 tokens
    if sampling.max_tokens is not None:
        rows.append(("num_predict", str(sampling.max_tokens)))
    if sampling.seed is not None:
        rows.append(("seed", str(sampling.seed)))
    if config.options.context is not None:
        rows.append(("num_ctx", str(config.options.context)))
    rows += [("stop", _value(each, "a stop text")) for each in sampling.stop or ()]
    return rows


def _check(config: ServerConfig) -> None:
    if config.revision:
        raise ServeError(
            f"the base is {config.base} of the model hub, whose weights Ollama doesn't fetch by "
            "their commit: name a model of Ollama's, or the path of the weights",
            "--base",
        )
    if config.sampling.chat_template_kwargs is not None:
        raise ServeError(
            f"{config.version} was evaluated with arguments of its chat template "
            "(sampling.chat_template_kwargs), and a Modelfile has none: put them into the template "
            "of a version of its own",
            "VERSION",
        )
    if config.chat_template is not None and config.options.template is None:
        raise ServeError(
            f"{config.version} was evaluated with a chat template of its own, and Ollama has a "
            "language of its own for them (Go's): give it as a file",
            "--template",
        )
    if not config.adapter or config.adapter.endswith(".gguf"):
        return
    if config.family not in FAMILIES:
        of = f"a base of the family {config.family}" if config.family else "a base that isn't known"
        raise ServeError(
            f"{config.adapter} is no GGUF file, and for {of} Ollama takes nothing else (as PEFT "
            "saves them it reads those of Llama, Mistral and Gemma): make one by llama.cpp's "
            "convert_lora_to_gguf.py and name it",
            "--adapter",
        )


def _value(text: str, field: str) -> str:
    """The text as a value in a Modelfile. Raises ServeError if a Modelfile can't hold it as it
    is."""
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

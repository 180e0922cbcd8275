"""Finds items that are too long for a model on this machine, before it is loaded."""

import importlib.util
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.declare.version import BackendDeclaration
from evalhub.io.held_texts import is_held_text
from runners.backends.hf import USUAL_MOST_TOKENS, HfBackend
from runners.prompting import PromptError, chat, completion

SPARE = 64
"""Tokens for each message that a template may put around it: a first look at lengths."""


@dataclass(frozen=True, slots=True)
class AskedText:
    """The parts of an item that go into its prompt, and its key."""

    key: str
    input: Any
    context: str
    tools: Any
    choices: Any


@dataclass(frozen=True, slots=True)
class TooLong:
    """An item that a model doesn't take: its tokens, those its answer may have, and the most."""

    key: str
    tokens: int
    answer: int
    context: int

    @property
    def sentence(self) -> str:
        may = f" and its answer may have {self.answer:,}" if self.answer else ""
        return (
            f"its prompt has {self.tokens:,} tokens{may}; the model takes {self.context:,} together"
        )


def too_long(
    backend: BackendDeclaration, prompt: Prompt, sampling: Sampling, items: Iterable[AskedText]
) -> Iterator[TooLong]:
    """The items that are too long, as the worker will count them.

    None where nobody can say here: of a server, of a model of the hub or in a GGUF file, of
    documents that are looked for when it is asked, and where transformers isn't installed.
    """
    if not isinstance(backend, HfBackend) or prompt.retriever is not None:
        return
    context = _context(Path(backend.model))
    if context is None or importlib.util.find_spec("transformers") is None:
        return
    most = sampling.max_tokens or USUAL_MOST_TOKENS
    tokenizer, template = None, ""
    for item in items:
        answer = most if item.choices is None else 0
        if _longest(backend, prompt, sampling, item) + answer <= context:
            continue
        if tokenizer is None:
            tokenizer = _tokenizer(backend)
            template = _template(backend, tokenizer)
        tokens = _tokens(backend, prompt, sampling, item, tokenizer, template)
        if tokens + answer > context:
            yield TooLong(item.key, tokens, answer, context)


def _context(model: Path) -> int | None:
    try:
        config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    positions = config.get("max_position_embeddings") if isinstance(config, dict) else None
    return positions if isinstance(positions, int) and positions > 0 else None


def _longest(backend: HfBackend, prompt: Prompt, sampling: Sampling, item: AskedText) -> int:
    """No fewer tokens than the prompt has, for a token is a byte or more; 0 where it is refused."""
    if is_held_text(item.choices):
        return len(item.input.encode()) + 1
    choices = max((len(choice.encode()) for choice in item.choices or ()), default=0)
    try:
        if backend.api == "completion":
            return len(completion(prompt, item.input, item.context).encode()) + choices + SPARE
        messages = chat(prompt, item.input, item.context)
    except PromptError:
        return 0
    said = [messages, item.tools, sampling.chat_template_kwargs]
    message_bytes = len(json.dumps(said, ensure_ascii=False).encode())
    around = SPARE * (len(messages) + 1) + _template_bytes(backend)
    return message_bytes + around + choices


def _template_bytes(backend: HfBackend) -> int:
    """Of the template's own file: a system's message of its own stands in it."""
    own_template = [backend.chat_template] if backend.chat_template else []
    paths = [*map(Path, own_template), Path(backend.model) / "chat_template.jinja"]
    return max((path.stat().st_size for path in paths if path.is_file()), default=4_000)


def _tokenizer(backend: HfBackend) -> Any:
    import transformers

    return transformers.AutoTokenizer.from_pretrained(backend.model, trust_remote_code=False)


def _template(backend: HfBackend, tokenizer: Any) -> str:
    if backend.chat_template is not None:
        return Path(backend.chat_template).read_text(encoding="utf-8")
    return tokenizer.chat_template or ""


def _tokens(
    backend: HfBackend,
    prompt: Prompt,
    sampling: Sampling,
    item: AskedText,
    tokenizer: Any,
    template: str,
) -> int:
    """As `runners.backends.loaded` counts them; 0 where the template refuses the item, which is
    that item's error once it is asked."""
    if is_held_text(item.choices):
        return 1 + len(tokenizer.encode(item.input, add_special_tokens=False))
    plain = backend.api == "completion"
    if plain:
        text = completion(prompt, item.input, item.context)
    else:
        try:
            text = tokenizer.apply_chat_template(
                chat(prompt, item.input, item.context),
                tools=list(item.tools) if item.tools else None,
                chat_template=template,
                add_generation_prompt=True,
                tokenize=False,
                **(sampling.chat_template_kwargs or {}),
            )
        except Exception:  # a template is a program, and raises what it likes
            return 0
    gap = " " if plain and text and not text[-1:].isspace() else ""
    texts = [text + gap + choice for choice in item.choices] if item.choices else [text]
    return max(len(tokenizer.encode(text, add_special_tokens=plain)) for text in texts)

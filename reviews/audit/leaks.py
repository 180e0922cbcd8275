"""What an answer's text gives away about who wrote it. Pure.

Nothing is dropped over this, since dropping would bias: it is counted by arm and reported.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

VENDORS = (
    "ChatGPT", "GPT-3", "GPT-4", "GPT-5", "OpenAI", "Anthropic", "Claude", "Gemini", "DeepMind",
    "Llama", "Meta AI", "Mistral", "Mixtral", "Qwen", "Alibaba Cloud", "DeepSeek", "Copilot",
    "Bard", "Cohere", "Falcon LLM", "Vicuna", "Alpaca model", "Grok", "xAI", "Phi-3", "Gemma",
)  # fmt: skip

_NAMES_ITSELF = re.compile(
    r"\b(?:I am|I'm|I’m|my name is|this is|as) (?:an? )?(?:AI|language model|large language model|"
    r"artificial intelligence|chatbot|(?:virtual |AI )?assistant|" + "|".join(VENDORS) + r")\b",
    re.IGNORECASE,
)
_VENDOR = re.compile(r"\b(?:" + "|".join(map(re.escape, VENDORS)) + r")\b")
_TEMPLATE = re.compile(
    r"<\|[a-z_0-9]+\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:bos|eos|pad|unk|start_of_turn|end_of_turn)>"
    r"|^###\s*(?:Instruction|Response|Input)\s*:|^(?:Human|Assistant|User)\s*:\s",
    re.MULTILINE,
)
_MARKDOWN = re.compile(r"^#{1,6} |^\s*[-*] |^\s*\d+\. |\*\*[^*\n]+\*\*|^```", re.MULTILINE)
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060]")
_ENDS = re.compile(r"[.!?…:;)\]}>\"'”’»`*|。！？）」]\s*\Z|\d\s*\Z")


def _truncated(text: str) -> bool:
    """Ends in the middle: a fence left open, or a long text without a closing mark."""
    return text.count("```") % 2 == 1 or (len(text) > 200 and not _ENDS.search(text))


@dataclass(frozen=True, slots=True)
class Trait:
    """A trait that a text has or hasn't; `shown` tells whether a reviewer could see it.

    `leaks`: it names a model outright, so a single one deserves a look.
    """

    key: str
    title: str
    has: Callable[[str], bool]
    shown: bool = True
    leaks: bool = False


TRAITS = (
    Trait("names-itself", "says what it is (“I’m Claude”, “as an AI”)",
          lambda text: bool(_NAMES_ITSELF.search(text)), leaks=True),
    Trait("vendor", "mentions a model or its maker",
          lambda text: bool(_VENDOR.search(text)), leaks=True),
    Trait("template", "has template or end-of-text tokens",
          lambda text: bool(_TEMPLATE.search(text)), leaks=True),
    Trait("truncated", "ends in the middle", _truncated),
    Trait("markdown", "uses Markdown", lambda text: bool(_MARKDOWN.search(text))),
    Trait("empty", "is empty", lambda text: not text.strip()),
    Trait("trailing", "ends in white space or a new line",
          lambda text: text != text.rstrip(), shown=False),
    Trait("leading", "begins with white space", lambda text: text != text.lstrip(), shown=False),
    Trait("crlf", "has Windows line ends", lambda text: "\r\n" in text, shown=False),
    Trait("bom", "has a byte order mark", lambda text: "\ufeff" in text, shown=False),
    Trait("invisible", "has invisible characters",
          lambda text: bool(_INVISIBLE.search(text)), shown=False),
)  # fmt: skip


@dataclass(slots=True)
class Scan:
    """How many pairs have each trait in the one answer, in the other, in just one of them.

    `examples` are keys of items whose answer has a leak, a few of each trait.
    """

    names: Sequence[str] = ()
    """the arms' own names, which no answer should have"""
    pairs: int = 0
    candidate: dict[str, int] = field(default_factory=dict)
    baseline: dict[str, int] = field(default_factory=dict)
    only_candidate: dict[str, int] = field(default_factory=dict)
    only_baseline: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def traits(self) -> tuple[Trait, ...]:
        named = [re.escape(name) for name in self.names if len(name) > 2]
        if not named:
            return TRAITS
        own = re.compile(r"(?<!\w)(?:" + "|".join(named) + r")(?!\w)", re.IGNORECASE)
        arm = Trait("arm", "names an arm", lambda text: bool(own.search(text)), leaks=True)
        return (arm, *TRAITS)

    def read(self, rows: Iterable[tuple[str, str, str]]) -> "Scan":
        """Takes in (item, baseline's text, candidate's text), pair by pair."""
        traits = self.traits()
        for trait in traits:
            for counts in (self.candidate, self.baseline, self.only_candidate, self.only_baseline):
                counts.setdefault(trait.key, 0)
        for item, baseline, candidate in rows:
            self.pairs += 1
            for trait in traits:
                ours, theirs = trait.has(candidate), trait.has(baseline)
                self.candidate[trait.key] += ours
                self.baseline[trait.key] += theirs
                self.only_candidate[trait.key] += ours and not theirs
                self.only_baseline[trait.key] += theirs and not ours
                if trait.leaks and (ours or theirs):
                    examples = self.examples.setdefault(trait.key, [])
                    if len(examples) < 5:
                        examples.append(item)
        return self

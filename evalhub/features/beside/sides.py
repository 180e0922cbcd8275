"""One of two prompts that are laid beside each other: who is asked, and the prompt as typed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Self

from django.http import QueryDict

from evalhub.declare.declaration import DeclarationError, default_of, validate
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.declare.version import BackendDeclaration
from evalhub.registry.models import ModelVersion
from runners.backends import backend_of
from runners.backends.openai import OpenAIBackend

LEFT, RIGHT = SLOTS = ("left", "right")
MOST_EXAMPLES = 50
PLAIN: str = default_of(Prompt, "template")


@dataclass(frozen=True, slots=True)
class TypedExample:
    """One example as typed."""

    input: str = ""
    output: str = ""
    context: str = ""

    @property
    def empty(self) -> bool:
        return not (self.input or self.output or self.context)


@dataclass(frozen=True, slots=True)
class PromptSide:
    """A prompt under one of two models: a registered version's, or that of an endpoint alone.

    Attributes:
        alias: the endpoint that is asked; "" where the version's own is.
        model: the model's name at that endpoint.
    """

    slot: str
    version: ModelVersion | None = None
    alias: str = ""
    model: str = ""
    system: str = ""
    template: str = PLAIN
    examples: Sequence[TypedExample] = ()

    @classmethod
    def of_version(cls, slot: str, version: ModelVersion) -> Self:
        prompt = version.prompt
        return cls(
            slot,
            version,
            system=prompt.system,
            template=prompt.template,
            examples=[TypedExample(e.input, e.output, e.context or "") for e in prompt.examples],
        )

    @property
    def name(self) -> str:
        if self.version is not None:
            return str(self.version)
        return f"{self.model} at {self.alias}" if self.model else f"endpoint {self.alias}"

    @property
    def title(self) -> str:
        """Its name, and that its prompt isn't the version's any more."""
        return f"{self.name}, edited" if self.version and self.edited else self.name

    @property
    def value(self) -> str:
        """How an address names who is asked: a version by its number, or an endpoint's alias."""
        return str(self.version.pk) if self.version else f"endpoint:{self.alias}"

    @property
    def with_context(self) -> bool:
        """Whether its examples have a context of their own."""
        return "{context}" in self.template or any(each.context for each in self.examples)

    @property
    def rows(self) -> list[tuple[int, TypedExample]]:
        """The examples by number."""
        return list(enumerate(self.examples, start=1))

    @property
    def edited(self) -> bool:
        """Whether its prompt is another than the version's."""
        if self.version is None:
            return True
        try:
            return bool(self.prompt() != self.version.prompt)
        except DeclarationError:
            return True

    def prompt(self) -> Prompt:
        """Raises DeclarationError with the field that is wrong."""
        examples = [
            {"input": row.input, "output": row.output}
            | ({"context": row.context} if self.with_context else {})
            for row in self.examples
            if not row.empty
        ]
        values = {"system": self.system, "template": self.template, "examples": examples}
        if self.version is not None and self.version.prompt.retriever is not None:
            values["retriever"] = self.version.prompt.retriever.as_json()
        return validate(Prompt, values)

    def backend(self) -> BackendDeclaration:
        """Who is asked. Raises DeclarationError where the model isn't named."""
        if self.version is not None:
            return backend_of(self.version)
        return validate(OpenAIBackend, {"endpoint": self.alias, "model": self.model})

    def sampling(self) -> Sampling:
        """The version's; of an endpoint alone the likeliest answer, of at most 1,000 tokens."""
        if self.version is not None:
            sampling: Sampling = self.version.sampling
            return sampling
        return Sampling(temperature=0, max_tokens=1000)

    def with_sent(self, sent: QueryDict) -> "PromptSide":
        """The side as a form sent it. One more example where `add` names the side, one fewer where
        `drop` names it with a number."""

        def value(name: str, default: str = "") -> str:
            return str(sent.get(f"{self.slot}_{name}", default)).replace("\r\n", "\n")

        examples = []
        for number in count(1):
            names = [f"example_{number}_{part}" for part in ("input", "output", "context")]
            if number > MOST_EXAMPLES or f"{self.slot}_{names[0]}" not in sent:
                break
            if sent.get("drop") != f"{self.slot}_{number}":
                examples.append(TypedExample(*map(value, names)))
        if sent.get("add") == self.slot and len(examples) < MOST_EXAMPLES:
            examples.append(TypedExample())
        return replace(
            self,
            model=value("model"),
            system=value("system"),
            template=value("template") or PLAIN,
            examples=examples,
        )

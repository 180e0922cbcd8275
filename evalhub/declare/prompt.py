"""The prompt that a model version puts around an item's input."""

import re
from typing import Any

from pydantic import Field, model_validator

from evalhub.declare.declaration import Declaration, invalid
from evalhub.declare.retrievers import AnyRetriever

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}|\{(\w+)\}")
_KNOWN = ("input", "context")


class PromptExample(Declaration):
    """An example input with its right answer."""

    input: str
    output: str
    context: str | None = None


class Prompt(Declaration):
    """A prompt; the template is put around every input, those of the examples too.

    A doubled {{word}} in the template stands for {word} itself, and any other brace for itself.
    """

    system: str = Field("", description="the system message")
    examples: tuple[PromptExample, ...] = Field((), description="shown before the item")
    template: str = Field("{input}", description="holds {input}, and may hold {context}")
    retriever: AnyRetriever | None = Field(
        None,
        description="what finds the {context} of each item: a file of documents, a server or a "
        "program",
    )

    def identity(self) -> dict[str, Any]:
        """What a version's digest covers."""
        spec = self.as_json()
        if self.retriever is not None:
            spec["retriever"] = self.retriever.identity()
        return spec

    @property
    def needs_context(self) -> bool:
        """Whether the template asks for the item's context."""
        return "context" in _placeholders(self.template)

    def around(self, item_input: str, context: str) -> str:
        """Fill the template with an item's input and context."""
        values = {"input": item_input, "context": context}
        return _PLACEHOLDER.sub(
            lambda match: f"{{{match[1]}}}" if match[1] else values[match[2]], self.template
        )

    @model_validator(mode="after")
    def _fits(self) -> "Prompt":
        for name in _placeholders(self.system):
            if name in _KNOWN:
                raise invalid(f"{{{name}}} is filled in only in the template", "system")
        placeholders = _placeholders(self.template)
        for name in placeholders:
            if name not in _KNOWN:
                raise invalid(
                    f"there is no {{{name}}}, only {{input}} and {{context}}; write "
                    f"{{{{{name}}}}} to say {{{name}}} itself",
                    "template",
                )
        if "input" not in placeholders:
            raise invalid("must hold {input}, where the item's input goes", "template")
        if self.retriever is not None and "context" not in placeholders:
            raise invalid("must hold {context}, where what the retriever finds goes", "template")
        for index, example in enumerate(self.examples):
            if self.needs_context and example.context is None:
                raise invalid("missing: the template holds {context}", "examples", index, "context")
        return self


def _placeholders(template: str) -> list[str]:
    """The names in single braces, in order."""
    return [match[2] for match in _PLACEHOLDER.finditer(template) if match[2]]

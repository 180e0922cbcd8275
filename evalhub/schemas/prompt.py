"""What a model version puts around an item's input."""

import re

from pydantic import Field, model_validator

from evalhub.schemas.declaration import Declaration, wrong

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}|\{(\w+)\}")
_KNOWN = ("input", "context")


class PromptExample(Declaration):
    """An item answered as it should be."""

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

    @property
    def needs_context(self) -> bool:
        """Whether the template asks for the item's context."""
        return "context" in _placeholders(self.template)

    def around(self, given: str, context: str) -> str:
        """The template around an input."""
        values = {"input": given, "context": context}
        return _PLACEHOLDER.sub(
            lambda found: f"{{{found[1]}}}" if found[1] else values[found[2]], self.template
        )

    @model_validator(mode="after")
    def _fits(self) -> "Prompt":
        for name in _placeholders(self.system):
            if name in _KNOWN:
                raise wrong(f"{{{name}}} is filled in only in the template", "system")
        found = _placeholders(self.template)
        for name in found:
            if name not in _KNOWN:
                raise wrong(
                    f"there is no {{{name}}}, only {{input}} and {{context}}; write "
                    f"{{{{{name}}}}} to say {{{name}}} itself",
                    "template",
                )
        if "input" not in found:
            raise wrong("must hold {input}, where the item's input goes", "template")
        for index, example in enumerate(self.examples):
            if self.needs_context and example.context is None:
                raise wrong("missing: the template holds {context}", "examples", index, "context")
        return self


def _placeholders(template: str) -> list[str]:
    """The names in single braces, in their order."""
    return [found[2] for found in _PLACEHOLDER.finditer(template) if found[2]]

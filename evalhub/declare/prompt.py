"""The prompt that a model version puts around an item's input."""

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evalhub.declare.declaration import Declaration, invalid
from evalhub.declare.outside import Outside

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}|\{(\w+)\}")
_KNOWN = ("input", "context")


class PromptExample(Declaration):
    """An example input with its right answer."""

    input: str
    output: str
    context: str | None = None


class Retriever(Declaration):
    """Documents of which those that fit an item's input best are its context (BM25, Lucene's form).

    In a version, `documents` is the SHA-256 of what they hold, and not the file's name.
    """

    documents: Annotated[str, Field(min_length=1), Outside("file")] = Field(
        description="file of rows {id, text}, relative to this file: JSONL, CSV, Parquet or a JSON "
        "array"
    )
    k: int = Field(3, ge=1, le=100, description="documents that are shown, the best first")
    k1: float = Field(1.5, ge=0, le=10, description="how soon a word said again counts no more")
    b: float = Field(0.75, ge=0, le=1, description="how much a document's length counts")
    stopwords: Literal["en"] | None = Field(
        "en", description="the language whose commonest words count for nothing; null: all count"
    )


class Prompt(Declaration):
    """A prompt; the template is put around every input, those of the examples too.

    A doubled {{word}} in the template stands for {word} itself, and any other brace for itself.
    """

    system: str = Field("", description="the system message")
    examples: tuple[PromptExample, ...] = Field((), description="shown before the item")
    template: str = Field("{input}", description="holds {input}, and may hold {context}")
    retriever: Retriever | None = Field(
        None, description="what finds the {context} of each item in a file of documents"
    )

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

"""The form of a live arm: endpoint, prompt with examples, prices."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from evalhub.declare.prices import Rates
from evalhub.declare.sampling import Sampling
from evalhub.frames.page.forms import field_of

EXAMPLES = 4
"""Examples that the form has room for; a study file takes any number."""


def live_fields(slot: str, aliases: Sequence[str]) -> dict[str, forms.Field]:
    """The form fields of a live arm."""
    text = forms.Textarea(attrs={"rows": 3})
    choices = [("", "nobody: its answers are in the file"), *((each, each) for each in aliases)]
    fields: dict[str, forms.Field] = {
        "endpoint": forms.ChoiceField(label="Ask", choices=choices, required=False),
        "model": forms.CharField(
            label="Model", required=False, max_length=300, help_text="its name at that endpoint"
        ),
        "system": forms.CharField(label="System message", required=False, widget=text),
        "template": forms.CharField(
            label="Template",
            required=False,
            initial="{input}",
            widget=text,
            help_text="around each item: holds {input}, and may hold {context}",
        ),
    }
    for number in range(1, EXAMPLES + 1):
        for part, label in (("input", f"Example {number}, asked"), ("output", "and answered")):
            widget = forms.Textarea(attrs={"rows": 2})
            fields[f"example_{number}_{part}"] = forms.CharField(
                label=label, required=False, widget=widget
            )
    fields |= {
        "temperature": field_of(Sampling, "temperature", "Temperature", initial=0),
        "max_tokens": field_of(
            Sampling, "max_tokens", "Longest answer", "tokens; without it no price is sure"
        ),
        "price_prompt": field_of(
            Rates, "prompt", "Price of prompts", "a million tokens", required=False
        ),
        "price_completion": field_of(
            Rates, "completion", "Price of answers", "a million tokens", required=False
        ),
    }
    return {f"{slot}_{name}": field for name, field in fields.items()}


def live_arm(cleaned: Mapping[str, Any], slot: str) -> dict[str, Any]:
    """The arm's part of a study file, without its kind; {} if it isn't asked."""

    def value(name: str) -> Any:
        return cleaned.get(f"{slot}_{name}")

    if not value("endpoint"):
        return {}
    examples = [
        {"input": example_input, "output": value(f"example_{number}_output") or ""}
        for number in range(1, EXAMPLES + 1)
        if (example_input := value(f"example_{number}_input"))
    ]
    prompt = {
        "system": value("system"),
        "examples": examples,
        "template": value("template") if value("template") != "{input}" else "",
    }
    sampling = {"temperature": value("temperature"), "max_tokens": value("max_tokens")}
    price = {"prompt": value("price_prompt"), "completion": value("price_completion")}
    parts = {
        "prompt": {name: each for name, each in prompt.items() if each},
        "sampling": {name: each for name, each in sampling.items() if each is not None},
        "price": {name: each for name, each in price.items() if each is not None},
    }
    backend = {"endpoint": value("endpoint"), "model": value("model") or ""}
    return {"backend": {"openai": backend}, **{name: each for name, each in parts.items() if each}}

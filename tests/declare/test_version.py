"""What a model version says of itself: prompt and sampling."""

from typing import Any

import pytest

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling


@pytest.mark.parametrize(
    ("prompt", "field", "says"),
    [
        (
            {"sytem": "x"},
            "sytem",
            "did you mean system? (known: system, examples, template, retriever)",
        ),
        ({"system": 3}, "system", "a text is needed, not 3"),
        ({"system": "Use {context}"}, "system", "{context} is filled in only in the template"),
        ({"template": "{question}"}, "template", "there is no {question}, only {input} and"),
        ({"template": "no hole"}, "template", "must hold {input}"),
        ({"examples": "x"}, "examples", "a list is needed"),
        ({"examples": [{"input": "x"}]}, "examples[0].output", "missing"),
        ({"examples": [{"input": "x", "output": 4}]}, "examples[0].output", "a text is needed"),
        ({"examples": [{"input": "x", "output": "y", "z": 1}]}, "examples[0].z", "isn't known"),
        (
            {"template": "{context}{input}", "examples": [{"input": "x", "output": "y"}]},
            "examples[0].context",
            "missing: the template holds {context}",
        ),
    ],
)
def test_a_wrong_prompt_is_refused_by_its_field(
    prompt: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(DeclarationError) as refused:
        validate(Prompt, prompt)
    assert refused.value.field == field
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("sampling", "field", "says"),
    [
        ({"heat": 1}, "heat", "known: temperature, top_p, max_tokens"),
        ({"temperature": -0.1}, "temperature", "must be 0 or more, not -0.1"),
        ({"temperature": 11}, "temperature", "must be at most 10, not 11"),
        ({"temperature": "0"}, "temperature", "a number is needed"),
        ({"temperature": True}, "temperature", "a number is needed, not true"),
        ({"top_p": 0}, "top_p", "must be above 0, not 0"),
        ({"top_p": 2}, "top_p", "must be at most 1, not 2"),
        ({"max_tokens": 0}, "max_tokens", "must be 1 or more, not 0"),
        ({"samples": 0}, "samples", "must be 1 or more, not 0"),
        ({"samples": 1001}, "samples", "must be at most 1000, not 1001"),
        ({"samples": 1.5}, "samples", "a whole number is needed, not 1.5"),
        ({"seed": -1}, "seed", "must be 0 or more, not -1"),
        ({"seed": "one"}, "seed", "a whole number is needed"),
        ({"stop": [1]}, "stop[0]", "a text is needed, not 1"),
        ({"top_k": 0}, "top_k", "must be 1 or more, not 0"),
        ({"min_p": 1.1}, "min_p", "must be at most 1, not 1.1"),
        ({"repetition_penalty": 0}, "repetition_penalty", "must be above 0, not 0"),
        ({"chat_template_kwargs": {}}, "chat_template_kwargs", "is empty"),
        (
            {"chat_template_kwargs": {"a": None}},
            "chat_template_kwargs.a",
            "true or false is needed, not null",
        ),
        ({"chat_template_kwargs": {"a": [1]}}, "chat_template_kwargs.a", "a text, a number, true"),
        (
            {"chat_template_kwargs": {"tools": True}},
            "chat_template_kwargs.tools",
            "is set by what is asked: leave it out",
        ),
        ({"stop": []}, "stop", "is empty"),
        ({"stop": ""}, "stop", "is empty"),
    ],
)
def test_a_wrong_sampling_is_refused_by_its_field(
    sampling: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(DeclarationError) as refused:
        validate(Sampling, sampling)
    assert refused.value.field == field
    assert says in refused.value.message


def test_sampling_that_says_nothing_new_is_written_as_it_was() -> None:
    """A version's digest is of this: one that was registered before keeps its own."""
    assert Sampling(temperature=0, stop=("END",)).as_json() == {
        "temperature": 0,
        "top_p": None,
        "max_tokens": None,
        "seed": None,
        "samples": 1,
        "stop": ["END"],
    }
    later = {"top_k": 20, "min_p": 0.05, "repetition_penalty": 1.1}
    later |= {"chat_template_kwargs": {"enable_thinking": False, "effort": "low", "n": 3}}
    assert Sampling().as_json() | later == validate(Sampling, later).as_json()


def test_one_text_that_ends_an_answer_is_a_list_of_one() -> None:
    assert validate(Sampling, {"stop": "\n"}) == Sampling(stop=("\n",))
    assert validate(Sampling, {"stop": ["\n"]}) == Sampling(stop=("\n",))

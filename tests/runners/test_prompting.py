"""What is sent to a model."""

from typing import Any

import pytest

from runners.prompting import PromptError, chat, check_prompt, completion, needs_context


def test_without_a_prompt_the_input_is_the_message() -> None:
    assert chat({}, "Hi", "") == [{"role": "user", "content": "Hi"}]
    assert completion({}, "Hi", "") == "Hi"


def test_examples_are_turns_under_the_same_template() -> None:
    prompt = {
        "system": "Answer in JSON.",
        "template": "Message: {input}",
        "examples": [{"input": "one", "output": "1"}, {"input": "two", "output": "2"}],
    }
    assert chat(prompt, "three", "") == [
        {"role": "system", "content": "Answer in JSON."},
        {"role": "user", "content": "Message: one"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "Message: two"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "Message: three"},
    ]
    assert completion(prompt, "three", "") == (
        "Answer in JSON.\n\nMessage: one 1\n\nMessage: two 2\n\nMessage: three"
    )


def test_the_context_is_put_where_the_template_says() -> None:
    prompt = {"template": "{context}\n\n{input}"}
    assert needs_context(prompt)
    assert completion(prompt, "Who?", "Ada wrote it.") == "Ada wrote it.\n\nWho?"


def test_braces_in_inputs_and_in_templates_stand_for_themselves() -> None:
    prompt = {"template": 'Like {"a": {}} or {{name}}: {input}'}
    check_prompt(prompt)
    given = "{context} {input} {0} {{x}} %s {unknown}"
    assert completion(prompt, given, "SECRET") == f'Like {{"a": {{}}}} or {{name}}: {given}'


def test_in_a_conversation_the_template_is_around_the_last_message_of_the_user() -> None:
    turns = [
        {"role": "system", "content": "You are at a till."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "A coffee"},
    ]
    assert chat({"system": "Be kind.", "template": "<{input}>"}, turns, "") == [
        {"role": "system", "content": "Be kind.\n\nYou are at a till."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "<A coffee>"},
    ]
    assert turns[3]["content"] == "A coffee"


def test_a_conversation_cannot_be_completed_as_text() -> None:
    with pytest.raises(PromptError, match="a completion API doesn't take"):
        completion({}, [{"role": "user", "content": "Hi"}], "")


def test_a_conversation_without_a_user_has_nothing_to_answer() -> None:
    with pytest.raises(PromptError, match="no message of the user"):
        chat({}, [{"role": "system", "content": "Hi"}], "")


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ({"sytem": "x"}, "field 'sytem': isn't known here; known are system, examples, template"),
        ({"system": 3}, "field 'system': must be text"),
        ({"system": "Use {context}"}, "field 'system': {context} is filled in only in"),
        ({"template": "{question}"}, "there is no {question}, only {input} and {context}"),
        ({"template": "no hole"}, "field 'template': must hold {input}"),
        ({"examples": "x"}, "field 'examples': must be a list"),
        ({"examples": [{"input": "x"}]}, "field 'examples[0]', field 'output': must be there"),
        ({"examples": [{"input": "x", "output": "y", "z": 1}]}, "field 'z': isn't known"),
        (
            {"template": "{context}{input}", "examples": [{"input": "x", "output": "y"}]},
            "field 'context': must be there",
        ),
    ],
)
def test_a_wrong_prompt_is_named_with_what_would_be_right(
    prompt: dict[str, Any], said: str
) -> None:
    with pytest.raises(PromptError) as refused:
        check_prompt(prompt)
    assert said in str(refused.value)

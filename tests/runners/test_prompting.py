"""What is sent to a model."""

import pytest

from evalhub.declare.declaration import validate
from evalhub.declare.prompt import Prompt
from runners.prompting import PromptError, chat, completion


def test_without_a_prompt_the_input_is_the_message() -> None:
    assert chat(Prompt(), "Hi", "") == [{"role": "user", "content": "Hi"}]
    assert completion(Prompt(), "Hi", "") == "Hi"


def test_examples_are_turns_under_the_same_template() -> None:
    examples = [{"input": "one", "output": "1"}, {"input": "two", "output": "2"}]
    prompt = validate(
        Prompt,
        {"system": "Answer in JSON.", "template": "Message: {input}", "examples": examples},
    )
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
    prompt = Prompt(template="{context}\n\n{input}")
    assert prompt.needs_context
    assert completion(prompt, "Who?", "Ada wrote it.") == "Ada wrote it.\n\nWho?"


def test_braces_in_inputs_and_in_templates_stand_for_themselves() -> None:
    prompt = Prompt(template='Like {"a": {}} or {{name}}: {input}')
    given = "{context} {input} {0} {{x}} %s {unknown}"
    assert completion(prompt, given, "SECRET") == f'Like {{"a": {{}}}} or {{name}}: {given}'


def test_in_a_conversation_the_template_is_around_the_last_message_of_the_user() -> None:
    turns = [
        {"role": "system", "content": "You are at a till."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "A coffee"},
    ]
    assert chat(Prompt(system="Be kind.", template="<{input}>"), turns, "") == [
        {"role": "system", "content": "Be kind.\n\nYou are at a till."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "<A coffee>"},
    ]
    assert turns[3]["content"] == "A coffee"


def test_a_conversation_cannot_be_completed_as_text() -> None:
    with pytest.raises(PromptError, match="a completion API doesn't take"):
        completion(Prompt(), [{"role": "user", "content": "Hi"}], "")


def test_a_conversation_without_a_user_has_nothing_to_answer() -> None:
    with pytest.raises(PromptError, match="no message of the user"):
        chat(Prompt(), [{"role": "system", "content": "Hi"}], "")

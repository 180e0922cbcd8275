"""Arguments of a chat template: sent where its code mentions them, and refused where not."""

import inspect
from pathlib import Path

import pytest

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.sampling import SET_BY_REQUEST, Sampling
from runners.backends.asking import BackendError
from tests.cast import Team, a_version
from tests.runners.backends.test_hf import backend, client, replies, settled, with_torch

THINKING = "{% if enable_thinking %}Think. {% endif %}{{ messages[0].content }}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like a model, and can't be loaded."""
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"weights")
    (model / "chat_template.jinja").write_text("{{ messages }}")
    return model


def test_an_argument_that_the_template_would_ignore_is_refused(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text(
        "{# enable_thinking #}{{ 'enable_thinking' }}{% generation %}x{% endgeneration %}"
    )
    said = Sampling(chat_template_kwargs={"enable_thinking": False})
    with pytest.raises(DeclarationError) as refused:
        settled(folder).check_sampling(said)
    assert refused.value.field == "sampling.chat_template_kwargs"
    assert "has no variable 'enable_thinking' and would ignore it" in refused.value.message
    with pytest.raises(DeclarationError, match="is for the chat api"):
        settled(folder, api="completion").check_sampling(said)
    (folder / "chat_template.jinja").write_text(THINKING)
    settled(folder).check_sampling(said)
    settled(folder, model="org/name", revision="a" * 40).check_sampling(said)


@pytest.mark.parametrize("name", ["enable-thinking", "2nd", "a b"])
def test_a_name_that_no_variable_can_have_is_refused_by_the_rule_that_holds(name: str) -> None:
    with pytest.raises(DeclarationError, match="isn't a variable's name: letters of ASCII, digits"):
        validate(Sampling, {"chat_template_kwargs": {name: True}})


@pytest.mark.parametrize("template", ["{# never closed", "{{ 'never closed }}", "{{ (] }}"])
def test_a_template_that_cannot_be_read_is_refused(folder: Path, template: str) -> None:
    (folder / "chat_template.jinja").write_text(f"{{{{ enable_thinking }}}}\n{template}")
    said = Sampling(chat_template_kwargs={"enable_thinking": False})
    with pytest.raises(DeclarationError, match=r"can't be read: .+ \(line 2\)"):
        settled(folder).check_sampling(said)


@pytest.mark.django_db
def test_a_version_with_such_an_argument_is_not_registered(folder: Path, team: Team) -> None:
    spec = settled(folder).as_json()
    with pytest.raises(DeclarationError, match="has no variable 'effort'"):
        a_version(team, backend=spec, sampling={"chat_template_kwargs": {"effort": "low"}})


@with_torch
def test_arguments_of_the_template_change_the_prompt(tiny: Path, tmp_path: Path) -> None:
    template = tmp_path / "thinking.jinja"
    template.write_text(THINKING)
    spec = backend(tiny, chat_template=str(template))
    plain, off, on = (
        replies(client(spec, **said), "Hello")[0]
        for said in (
            {},
            {"chat_template_kwargs": {"enable_thinking": False}},
            {"chat_template_kwargs": {"enable_thinking": True}},
        )
    )
    assert plain == off
    assert plain.prompt_tokens is not None
    assert on.prompt_tokens == plain.prompt_tokens + 2
    unknown = client(spec, chat_template_kwargs={"effort": "low"})
    with pytest.raises(
        BackendError, match=r"sampling\.chat_template_kwargs: the chat template has"
    ):
        replies(unknown, "Hello")


@with_torch
def test_no_apply_of_a_template_takes_an_argument_for_one_of_its_own() -> None:
    from transformers import PreTrainedTokenizerBase

    own = inspect.signature(PreTrainedTokenizerBase.apply_chat_template).parameters
    assert set(own) - {"self", "kwargs"} <= SET_BY_REQUEST

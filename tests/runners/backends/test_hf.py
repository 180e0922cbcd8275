"""A model of transformers in the worker, by the door that a run takes."""

import json
import os
import shutil
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.demo.gguf_adapter import PEFT_ADAPTER
from runners.backends import AnyBackend
from runners.backends.asking import BackendError, BackendRequest, Reply
from runners.backends.hf import Client, HfBackend
from tests.cast import OPERATOR, Team
from tests.small_models import WITH_TORCH, an_adapter, needs_torch, reciting_model

HF = {"type": "hf", "model": "model"}


def with_torch(test: Callable[..., None]) -> Callable[..., None]:
    for mark in WITH_TORCH:
        test = mark(test)
    return test


def backend(folder: Path, **fields: Any) -> HfBackend:
    """As a study beside which the model lies registers it."""
    spec: HfBackend = validate(AnyBackend, {"type": "hf", "model": str(folder)} | fields)
    return spec.resolve(lambda named: folder.parent / named)


def client(spec: HfBackend, prompt: Prompt | None = None, **sampling: Any) -> Client:
    drawn = Sampling(**{"max_tokens": 8} | sampling)
    return Client.of(spec, prompt or Prompt(), drawn, OPERATOR)


def replies(asked: Client, *inputs: Any, choices: list[str] | None = None) -> list[Reply]:
    questions = [BackendRequest(at, 0, each, "", choices=choices) for at, each in enumerate(inputs)]
    found = {
        question.item_id: reply for batch in asked.answer(questions) for question, reply in batch
    }
    return [found[at] for at in range(len(inputs))]


@pytest.mark.parametrize(
    ("spec", "field", "says"),
    [
        ({"type": "hf"}, "model", "missing"),
        (HF | {"dtype": "int4"}, "dtype", "isn't one of auto, float32, bfloat16, float16"),
        (HF | {"quantization": "gptq"}, "quantization", "isn't one of nf4, int8"),
        (HF | {"batch_tokens": 0}, "batch_tokens", "must be 1 or more"),
        (HF | {"revision": "main"}, "revision", '"main" isn\'t a commit: 40 digits'),
        (HF | {"revision": "0" * 64}, "revision", "isn't a commit: 40 digits"),
        (HF | {"model_sha256": "0" * 40}, "model_sha256", "isn't a SHA-256: 64 digits"),
        (HF | {"adaptor": "x"}, "adaptor", "did you mean adapter?"),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(spec: Any, field: str, says: str) -> None:
    with pytest.raises(DeclarationError) as error:
        validate(AnyBackend, spec)
    assert error.value.field == field
    assert says in error.value.message


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like a model, and can't be loaded."""
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"weights")
    (model / "chat_template.jinja").write_text("{{ messages }}")
    return model


def settled(folder: Path, **fields: Any) -> HfBackend:
    spec: HfBackend = validate(AnyBackend, HF | fields)
    return spec.resolve(lambda named: folder.parent / named)


def test_a_version_is_what_its_files_hold_wherever_they_lie(folder: Path) -> None:
    shutil.copytree(PEFT_ADAPTER, folder.parent / "adapter")
    first = settled(folder, adapter="adapter")
    assert first.engine is not None
    assert first.engine.startswith("transformers 5.")
    assert Path(first.model).is_absolute()
    moved = folder.rename(folder.with_name("moved"))
    again = settled(moved, model="moved", adapter="adapter")
    assert again.identity() == first.identity()
    assert again.as_json() != first.as_json()
    for changes in ({}, {"adapter": "adapter", "quantization": "nf4"}, {"dtype": "float16"}):
        assert settled(moved, model="moved", **changes).identity() != first.identity()
    (moved / "chat_template.jinja").write_text("{{ 1 }}")
    assert settled(moved, model="moved", adapter="adapter").identity() != first.identity()


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"model": "nowhere"}, "revision", "of the model hub's, name the commit"),
        ({"model": "../nowhere"}, "model", "there is no '../nowhere' beside this file"),
        ({"revision": "0" * 40}, "revision", "leave it out"),
        ({"adapter": "model"}, "adapter", "whole model, which an adapter was merged into"),
        ({"model_sha256": "0" * 64}, "model_sha256", "what is there has"),
        ({"chat_template": "none.jinja"}, "chat_template", "can't be read"),
        ({"engine": "transformers 4.0"}, "engine", "what is there has transformers 5."),
    ],
)
def test_what_is_not_there_is_refused_as_it_is_registered(
    folder: Path, fields: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(DeclarationError) as error:
        settled(folder, **fields)
    assert error.value.field == field
    assert says in error.value.message


def test_an_adapter_with_another_template_than_its_base_s_is_asked_about(folder: Path) -> None:
    adapter = folder.parent / "adapter"
    shutil.copytree(PEFT_ADAPTER, adapter)
    (adapter / "chat_template.jinja").write_text("{{ 'other' }}")
    with pytest.raises(DeclarationError, match="saved with another chat template than its base"):
        settled(folder, adapter="adapter")
    said = settled(folder, adapter="adapter", chat_template="adapter/chat_template.jinja")
    assert said.template_sha256 is not None


def test_a_model_of_the_hub_is_known_by_its_commit(folder: Path) -> None:
    found = settled(folder, model="org/name", revision="a" * 40)
    assert (found.model, found.model_sha256, found.revision) == ("org/name", None, "a" * 40)


def test_without_the_extra_the_worker_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BackendError, match=r"needs torch, peft, accelerate where the worker"):
        client(settled(folder))


@with_torch
def test_another_engine_than_the_registered_does_not_answer(folder: Path) -> None:
    needs_torch()
    other = settled(folder).model_copy(update={"engine": "transformers 5.0.0"})
    with pytest.raises(BackendError, match=r"of transformers 5\.0\.0, and here is transformers 5"):
        client(other)


@with_torch
def test_prompts_go_through_the_template_and_come_back_with_their_log_probability(
    tiny: Path,
) -> None:
    asked = client(backend(tiny))
    first, second = replies(asked, "Hello", [{"role": "user", "content": "Hello"}])
    assert first == second
    assert first.text
    assert first.logprob is not None
    assert first.logprob < 0
    assert (first.completion_tokens, first.finish_reason) == (8, "length")
    assert first.prompt_tokens is not None
    assert first.prompt_tokens > 20, "with the template's system message"
    (plain,) = replies(client(backend(tiny, api="completion")), "Hello")
    assert plain.prompt_tokens == 1


@with_torch
def test_one_base_serves_all_arms_and_their_answers_differ(tiny: Path, tmp_path: Path) -> None:
    tuned = an_adapter(tmp_path / "tuned")
    copied = an_adapter(tmp_path / "copied")
    dead = an_adapter(tmp_path / "dead", zero=True)
    arms = [
        client(backend(tiny, **({"adapter": str(each)} if each else {})))
        for each in (None, tuned, copied, dead)
    ]
    sources = {each.loaded.source for each in arms}
    assert len(sources) == 1
    said: dict[int, list[Reply]] = {}
    prompts = [f"Question {at}" for at in range(4)]

    def ask(at: int) -> None:
        said[at] = replies(arms[at], *prompts)

    threads = [threading.Thread(target=ask, args=(at,)) for at in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    sums = [[reply.logprob for reply in said[at]] for at in range(4)]
    assert sums[1] == pytest.approx(sums[2], abs=1e-4)
    assert sums[0] == pytest.approx(sums[3], abs=1e-4)
    assert [reply.text for reply in said[0]] != [reply.text for reply in said[1]]


@with_torch
def test_choices_are_judged_and_the_likeliest_is_the_answer(tiny: Path) -> None:
    choices = ["red", "a long sentence about the colour blue", "green"]
    (reply,) = replies(client(backend(tiny)), "Which?", choices=choices)
    assert reply.choice_logprobs is not None
    assert len(reply.choice_logprobs) == 3
    best = max(range(3), key=reply.choice_logprobs.__getitem__)
    assert (reply.text, reply.logprob) == (choices[best], reply.choice_logprobs[best])
    plain = client(backend(tiny, api="completion"))
    (reply,) = replies(plain, "Which?", choices=choices)
    wanted = plain.loglikelihood([("Which?", f" {each}") for each in choices])
    assert reply.choice_logprobs == pytest.approx([each.logprob for each in wanted], abs=1e-4)


@with_torch
def test_a_text_longer_than_the_context_is_judged_in_windows(tiny: Path) -> None:
    asked = client(backend(tiny, api="completion"))
    text = "word " * 400
    (rolling,) = asked.loglikelihood_rolling([text])
    (reply,) = replies(asked, "", choices=[text])
    assert reply.logprob == pytest.approx(rolling.logprob, rel=1e-4)
    assert rolling.logprob < -400


@with_torch
def test_one_bad_item_is_its_own_error(tiny: Path) -> None:
    asked = client(backend(tiny))
    good, long, no_user, empty = replies(
        asked, "Hello", "word " * 300, [{"role": "assistant", "content": "x"}], ""
    )
    assert good.text
    assert "tokens and its answer may have 8; the model takes 256 together" in long.error
    assert "holds no message of the user" in no_user.error
    assert empty.text, "an empty question is one that the template can be put around"
    broken = client(backend(tiny, chat_template=_template(tiny, "{{ messages[0].nothing.more }}")))
    (reply,) = replies(broken, "Hello")
    assert "the chat template refuses the messages" in reply.error


@with_torch
def test_tools_that_an_item_carries_are_called_and_else_it_is_text(tmp_path: Path) -> None:
    needs_torch()
    call = '<tool_call>\n{"name": "now", "arguments": {"zone": "UTC"}}\n</tool_call>'
    asked = client(backend(reciting_model(tmp_path / "reciting", "I look.", call)))
    tools = [{"type": "function", "function": {"name": "now"}}]
    questions = [
        BackendRequest(1, 0, "What time is it?", "", tools=tools),
        BackendRequest(2, 0, "What time is it?", ""),
    ]
    said = {each.item_id: reply for batch in asked.answer(questions) for each, reply in batch}
    called, plain = said[1], said[2]
    assert (called.text, called.finish_reason) == ("I look.", "stop")
    assert called.tool_calls == [{"name": "now", "arguments": {"zone": "UTC"}}]
    assert (plain.text, plain.tool_calls) == (f"I look.{call}", None)


def _template(tiny: Path, text: str) -> str:
    path = Path(os.environ["EVALHUB_HOME"]) / "template.jinja"
    path.write_text(text)
    return str(path)


@with_torch
def test_a_seed_makes_the_same_answers_again(tiny: Path) -> None:
    drawn = {"temperature": 1.0, "seed": 5}
    first = replies(client(backend(tiny), **drawn), "Hello", "You")
    assert replies(client(backend(tiny), **drawn), "You", "Hello")[::-1] == first
    other = replies(client(backend(tiny), temperature=1.0, seed=6), "Hello", "You")
    assert [each.text for each in other] != [each.text for each in first]


@with_torch
def test_where_memory_ends_the_batch_shrinks(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from runners.engines import serving

    whole = replies(client(backend(tiny)), *(f"Question {at}" for at in range(8)))
    seen, real = [], serving.generate

    def small_card(model: Any, tokenizer: Any, rows: Any, *more: Any, **said: Any) -> Any:
        seen.append(len(rows))
        if len(rows) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return real(model, tokenizer, rows, *more, **said)

    monkeypatch.setattr(serving, "generate", small_card)
    asked = client(backend(tiny, dtype="float32"))
    again = replies(asked, *(f"Question {at}" for at in range(8)))
    assert [each.text for each in again] == [each.text for each in whole]
    # where another base stood idle it went first, and all were asked once more
    sizes = seen[seen.count(8) - 1 :]
    assert sizes == [8, 4, 2, 2, 4, 2, 2]
    tried = len(seen)
    replies(asked, *(f"Question {at}" for at in range(8)))
    assert max(seen[tried:]) <= 4, "it has learnt how much fits"


@with_torch
def test_what_did_not_fit_is_out_of_memory_before_less_is_tried(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from runners.engines import serving

    real = serving.generate
    held: list[weakref.ref[torch.Tensor]] = []
    left: list[bool] = []

    def small_card(model: Any, tokenizer: Any, rows: Any, *more: Any, **said: Any) -> Any:
        left.append(any(each() is not None for each in held))
        if len(rows) > 1:
            cache = torch.zeros(1000)
            held.append(weakref.ref(cache))
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return real(model, tokenizer, rows, *more, **said)

    monkeypatch.setattr(serving, "generate", small_card)
    unknown = shutil.copytree(tiny, tmp_path / "unknown")
    replies(client(backend(unknown)), "One", "Two", "Three", "Four")
    assert len(held) >= 3
    assert not any(left), "the batch that failed still holds its cache"


@with_torch
def test_who_leaves_is_not_answered(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from runners.engines import serving

    gone, real = threading.Event(), serving.generate

    def held(*given: Any, **said: Any) -> Any:
        assert gone.wait(60)
        return real(*given, **said)

    monkeypatch.setattr(serving, "generate", held)
    left = client(backend(tiny), max_tokens=200).answer([BackendRequest(0, 0, "Hello", "")])
    assert next(left) == [], "a look in between"
    left.close()
    gone.set()
    (reply,) = replies(client(backend(tiny)), "Hello")
    assert reply.text, "and the base is free for others"


@with_torch
def test_a_model_that_cannot_be_loaded_ends_the_run_with_the_cause(
    team: Team, folder: Path, tmp_path: Path
) -> None:
    needs_torch()
    with pytest.raises(BackendError, match=r"model can't be loaded: "):
        replies(client(settled(folder)), "Hello")
    spec = settled(folder)
    (folder / "model.safetensors").write_bytes(b"others")
    with pytest.raises(BackendError, match=r"wrong base: the model in .* isn't the one that was"):
        client(spec)


@with_torch
def test_weights_that_are_missing_are_an_error_and_not_drawn_at_random(
    tiny: Path, tmp_path: Path
) -> None:
    from safetensors.numpy import load_file, save_file

    model = tmp_path / "broken"
    shutil.copytree(tiny, model)
    tensors = load_file(model / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, model / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BackendError, match=r"1 weights are missing, the first model\.layers\.1"):
        replies(client(backend(model)), "Hello")


@with_torch
def test_the_small_model_makes_json_with_the_demo_s_adapter(small: Path) -> None:
    from evalhub.demo import record

    items = [item["input"] for item in record.test_sets()["triage"][:2]]
    plain = replies(client(backend(small), max_tokens=24), *items)
    tuned = replies(client(backend(small, adapter=str(PEFT_ADAPTER)), max_tokens=24), *items)
    for before, after in zip(plain, tuned, strict=True):
        assert after.text is not None
        assert json.loads(after.text).keys() == {"intent", "product", "urgency"}
        assert before.text != after.text
        assert after.finish_reason == "stop"


@with_torch
def test_a_quantised_base_serves_its_adapters_too(tiny: Path, tmp_path: Path) -> None:
    spec = backend(tiny, quantization="nf4")
    assert spec.identity() != backend(tiny).identity()
    before = replies(client(spec), "Hello", "And you?")
    tuned = backend(tiny, quantization="nf4", adapter=str(an_adapter(tmp_path / "tuned")))
    others = replies(client(tuned), "Hello", "And you?")
    after = replies(client(spec), "Hello", "And you?")
    assert [each.text for each in before] == [each.text for each in after]
    for plain, other, again in zip(before, others, after, strict=True):
        assert plain.logprob == pytest.approx(again.logprob, abs=1e-4)
        assert plain.text
        assert other.text != plain.text

"""Adapters in a base: mixed with it and each other, and refused where they don't fit."""

from pathlib import Path
from typing import Any

import pytest

from tests.small_models import WITH_TORCH, an_adapter

pytestmark = WITH_TORCH

WHOLE = "model.layers.0.self_attn.q_proj"


@pytest.fixture
def base(tiny: Path) -> Any:
    from runners.engines.loading import Source, load

    return load(Source(str(tiny), "auto"))


def put(base: Any, folder: Path) -> str:
    from runners.engines.adapters import put_in
    from runners.engines.files import adapter_digest

    return put_in(base, folder, adapter_digest(folder))


def refused(base: Any, folder: Path) -> str:
    from runners.engines.errors import EngineError

    with pytest.raises(EngineError) as error:
        put(base, folder)
    return str(error.value)


def asked(base: Any, *names: str) -> list[Any]:
    from runners.engines.generating import Drawing, PromptRow, generate

    tokens = tuple(base.tokenizer.encode("One, two, three"))
    rows = [PromptRow(tokens, name) for name in names]
    return generate(base.model, base.tokenizer, rows, Drawing(8))


def test_arms_share_a_batch_and_the_base_stays_what_it_was(base: Any, tmp_path: Path) -> None:
    (before,) = asked(base, "__base__")
    first = put(base, an_adapter(tmp_path / "first"))
    second = put(base, an_adapter(tmp_path / "second", seed=8))
    dead = put(base, an_adapter(tmp_path / "dead", zero=True))
    mixed = asked(base, "__base__", first, second, dead, "__base__")
    assert mixed[0] == mixed[3] == mixed[4], "an adapter that was never trained changes nothing"
    assert mixed[0].text == before.text
    assert mixed[0].logprob == pytest.approx(before.logprob, abs=1e-5)
    assert len({each.text for each in mixed}) == 3
    alone = asked(base, second)[0]
    assert alone.text == mixed[2].text
    assert alone.logprob == pytest.approx(mixed[2].logprob, abs=1e-5)


def test_the_same_adapter_is_loaded_once(base: Any, tmp_path: Path) -> None:
    name = put(base, an_adapter(tmp_path / "first"))
    assert put(base, an_adapter(tmp_path / "copy")) == name
    assert list(base.model.peft_config) == [name]


def test_other_files_than_the_registered_are_refused(base: Any, tmp_path: Path) -> None:
    from runners.engines.adapters import put_in
    from runners.engines.errors import EngineError

    with pytest.raises(EngineError, match="isn't the one that was registered"):
        put_in(base, an_adapter(tmp_path / "a"), "0" * 64)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"prefix": "base_model.model.model.language_model.layers"},
            "key prefix: 4 of its 4 modules aren't in the base, the first "
            "model.language_model.layers.0.self_attn.q_proj",
        ),
        (
            {"prefix": "model.layers"},
            "key prefix: it holds model.layers.0.self_attn.q_proj.lora_A.weight, ",
        ),
        ({"width": 64}, "reads 64 values, and this base's module has 32"),
        (
            {"left_out": "layers.1.self_attn.v_proj.lora_B"},
            "1 of the matrices that its configuration names are missing from "
            "adapter_model.safetensors, the first "
            "base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight: ",
        ),
        (
            {"target_modules": ["gate_proj"]},
            "target modules and weights disagree",
        ),
        ({"target_modules": ["c_attn"]}, "target modules: none of those it names is in the base"),
        ({"r": 16}, "wrong base or rank"),
        (
            {"bias": "lora_only"},
            "trained the base's own biases can't share a base: PEFT writes them over the base's",
        ),
        (
            {"use_dora": True, "left_out": "layers.1.self_attn.v_proj.lora_magnitude"},
            "matrices that its configuration names are missing",
        ),
        ({"peft_type": "IA3"}, "LORA alone"),
        ({"modules_to_save": ["lm_head"]}, "the whole module lm_head, and adapter_model.safe"),
        ({"modules_to_save": ["score"]}, "the whole module score, which isn't in the base"),
        ({"whole": ("lm_head",), "rows": 9}, "wrong base: base_model.model.lm_head.weight has the"),
        (
            {"whole": (WHOLE,), "rows": 32, "modules_to_save": [WHOLE.removeprefix("model.")]},
            "one replaces the whole module model.layers.0.self_attn.q_proj, and one has LoRA",
        ),
    ],
)
def test_an_adapter_that_does_not_fit_is_an_error_that_names_the_cause(
    base: Any, tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    (before,) = asked(base, "__base__")
    good = put(base, an_adapter(tmp_path / "good"))
    assert says in refused(base, an_adapter(tmp_path / "bad", **changes))
    after = asked(base, "__base__", good)
    assert after[0].text == before.text, "the base is as it was, and the others still answer"
    assert after[1].text != before.text


def test_the_first_adapter_may_be_a_bad_one(base: Any, tmp_path: Path) -> None:
    (before,) = asked(base, "__base__")
    refused(base, an_adapter(tmp_path / "bad", left_out="layers.1.self_attn.v_proj.lora_B"))
    assert asked(base, "__base__")[0].text == before.text
    name = put(base, an_adapter(tmp_path / "good"))
    assert asked(base, name)[0].text != before.text


def test_a_whole_module_stays_with_the_adapter_that_brought_it(base: Any, tmp_path: Path) -> None:
    folders = {
        "plain": an_adapter(tmp_path / "plain"),
        "head": an_adapter(tmp_path / "head", seed=8, whole=("lm_head",)),
        "words": an_adapter(tmp_path / "words", seed=9, whole=("model.embed_tokens", "lm_head")),
        "turned": an_adapter(tmp_path / "turned", seed=10, use_dora=True),
    }
    by_hand = {each: peft_says(base, folder) for each, folder in folders.items()}
    plain_base = asked(base, "__base__")[0]
    names = {each: put(base, folder) for each, folder in folders.items()}
    assert base.alone == {names["head"], names["words"], names["turned"]}
    for each in ["head", "plain", "words", "head", "turned", "plain", "words"]:
        assert said(asked(base, names[each])[0]) == by_hand[each], each
        assert said(asked(base, "__base__")[0]) == said(plain_base)
        mixed = asked(base, "__base__", names["plain"])
        assert [said(one) for one in mixed] == [said(plain_base), by_hand["plain"]]
    assert len({text for text, _ in by_hand.values()} | {plain_base.text}) == 5


def said(answer: Any) -> tuple[str, Any]:
    return answer.text, pytest.approx(answer.logprob, abs=1e-4)


def peft_says(base: Any, folder: Path) -> tuple[str, Any]:
    """The greedy answer by PEFT itself, with this adapter alone in a base of its own."""
    import peft
    import torch
    import transformers

    plain = transformers.AutoModelForCausalLM.from_pretrained(base.source.model).eval()
    model = peft.PeftModel.from_pretrained(plain, str(folder)).eval()
    ids = torch.tensor([base.tokenizer.encode("One, two, three")])
    start, logprob = ids.shape[1], 0.0
    with torch.inference_mode():
        for _ in range(8):
            logprobs = model(ids).logits[0, -1].float().log_softmax(-1)
            logprob += float(logprobs.max())
            ids = torch.cat([ids, logprobs.argmax()[None, None]], dim=1)
    return base.tokenizer.decode(ids[0, start:], skip_special_tokens=True), logprob


def test_the_first_adapter_may_be_one_with_a_whole_module_and_bad(
    base: Any, tmp_path: Path
) -> None:
    (before,) = asked(base, "__base__")
    lost = "layers.1.self_attn.v_proj.lora_B"
    refused(base, an_adapter(tmp_path / "bad", whole=("lm_head",), left_out=lost))
    assert said(asked(base, "__base__")[0]) == said(before)
    name = put(base, an_adapter(tmp_path / "good", whole=("lm_head",)))
    assert asked(base, name)[0].text != before.text


def test_matrices_in_a_module_that_another_replaces_are_refused(base: Any, tmp_path: Path) -> None:
    whole = {"rows": 32, "modules_to_save": [WHOLE.removeprefix("model.")]}
    other = ("v_proj",)
    name = put(base, an_adapter(tmp_path / "a", whole=(WHOLE,), projections=other, **whole))
    assert f"one replaces the whole module {WHOLE}" in refused(base, an_adapter(tmp_path / "b"))
    assert asked(base, name)


def test_a_mixed_batch_that_fails_spoils_no_later_one(base: Any, tmp_path: Path) -> None:
    import torch

    name = put(base, an_adapter(tmp_path / "first"))
    plain, tuned, _ = asked(base, "__base__", name, name)

    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

    last = base.model.get_base_model().lm_head.register_forward_hook(full)
    with pytest.raises(torch.OutOfMemoryError):
        asked(base, "__base__", name, name)
    last.remove()
    alone = asked(base, name, name, name)
    assert [each.text for each in alone] == [tuned.text] * 3 != [plain.text] * 3

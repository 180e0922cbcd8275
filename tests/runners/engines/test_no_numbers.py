"""Models that are truly broken: weights that are NaN or that overflow, by the doors of a run."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.ledger.models import Decision, Look
from evalhub.registry.models import Output
from runners.backends.asking import Fault
from tests.runners.backends.test_hf import backend, client, replies
from tests.small_models import WITH_TORCH, an_adapter, reciting_model

pytestmark = WITH_TORCH

NO_NUMBERS = "the model's logits aren't numbers (NaN or infinite)"
PROMPTS = ["Hello", "One, two, three,", "The capital of France is"]


def with_weights(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The folder's only file of weights, changed."""
    from safetensors.numpy import load_file, save_file

    (file,) = folder.glob("*.safetensors")
    weights = load_file(file)
    change(weights)
    save_file(weights, file, metadata={"format": "pt"})
    return folder


def all_nan(weights: dict[str, Any]) -> None:
    for name in weights:
        if "self_attn" in name:
            weights[name] = weights[name] * float("nan")


def huge(weights: dict[str, Any]) -> None:
    for name in weights:
        if "norm" in name:
            weights[name] = weights[name] * 1e30


def a_broken_adapter(folder: Path) -> Path:
    return with_weights(an_adapter(folder), all_nan)


@pytest.mark.parametrize("change", [all_nan, huge])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_base_whose_logits_are_no_numbers_answers_nothing(
    tiny: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], temperature: float
) -> None:
    broken = with_weights(shutil.copytree(tiny, tmp_path / "broken"), change)
    for reply in replies(client(backend(broken), temperature=temperature, seed=1), *PROMPTS):
        assert reply.error.startswith(f"{NO_NUMBERS} at token 1 of its answer: look for NaN")
        assert (reply.text, reply.fault) == (None, Fault.ITEM)
    for reply in replies(client(backend(broken)), *PROMPTS, choices=["yes", "no"]):
        assert reply.error.startswith(NO_NUMBERS)


def test_a_broken_adapter_leaves_the_others_of_its_batch_as_they_are(
    tiny: Path, tmp_path: Path
) -> None:
    from runners.engines.adapters import put_in
    from runners.engines.errors import EngineError
    from runners.engines.generating import BASE, Drawing, PromptRow, generate
    from runners.engines.likelihoods import Continuation, likelihoods
    from runners.engines.loading import Source, load

    base = load(Source(str(tiny), "auto"))
    tokens = [tuple(base.tokenizer.encode(each)) for each in PROMPTS]
    drawing = Drawing(most_tokens=8)
    alone = generate(base.model, base.tokenizer, [PromptRow(each) for each in tokens], drawing)
    broken = put_in(base, a_broken_adapter(tmp_path / "broken"), None)
    rows = [PromptRow(each, name) for each in tokens for name in (BASE, broken)]
    mixed = generate(base.model, base.tokenizer, rows, drawing)
    assert [each.text for each in mixed[::2]] == [each.text for each in alone]
    assert all(isinstance(each, EngineError) for each in mixed[1::2])
    pairs = [Continuation(each[:-1], each[-1:], name) for each in tokens for name in (BASE, broken)]
    judged = likelihoods(base.model, pairs, 0)
    assert [isinstance(each, EngineError) for each in judged] == [False, True] * len(tokens)


STUDY = """\
schema: evalhub.study/1
project: desk
name: Broken
baseline: base
policy: {ledger: "off"}
arms:
  base: {kind: base, backend: BASE, sampling: {max_tokens: 8}}
  tuned: {kind: lora, parent: base, backend: TUNED, sampling: {max_tokens: 8}}
test_sets:
  words: {file: words.jsonl, role: primary, metric: {name: contains}}
"""


def a_study(folder: Path, base: dict[str, Any], tuned: dict[str, Any], inputs: list[str]) -> None:
    rows = ({"id": f"q{at}", "input": each, "reference": "yes"} for at, each in enumerate(inputs))
    (folder / "words.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = STUDY.replace("BASE", json.dumps(base)).replace("TUNED", json.dumps(tuned))
    (folder / "study.yaml").write_text(text)


@pytest.mark.django_db(transaction=True)
def test_the_other_arm_ships_for_no_broken_one(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    broken = with_weights(shutil.copytree(tiny, tmp_path / "broken"), all_nan)
    (tmp_path / "tuned.jsonl").write_text(
        "".join(json.dumps({"id": f"q{at}", "output": "yes"}) + "\n" for at in range(60))
    )
    base = {"hf": {"model": broken.name, "api": "completion"}}
    inputs = [f"Word {at}:" for at in range(60)]
    a_study(tmp_path, base, {"recorded": "tuned.jsonl"}, inputs)
    assert run(["study", "run", "study.yaml", "--json"]) == 69
    said = capsys.readouterr()
    assert f"60 of 60 items failed, the first 'q0': {NO_NUMBERS}" in said.err
    assert said.out == ""
    assert (Decision.objects.count(), Look.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_an_item_that_meets_a_broken_weight_fails_by_its_name(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One row of the embeddings is NaN: of a word that stands in one item alone."""
    import transformers

    monkeypatch.chdir(tmp_path)
    model = reciting_model(tmp_path / "model", "yes")
    token = transformers.AutoTokenizer.from_pretrained(model).encode(" zebra")
    assert len(token) == 1

    def one_row(weights: dict[str, Any]) -> None:
        weights["model.embed_tokens.weight"][token[0]] = float("nan")

    with_weights(model, one_row)
    (tmp_path / "base.jsonl").write_text(
        "".join(json.dumps({"id": f"q{at}", "output": "no"}) + "\n" for at in range(60))
    )
    inputs = [f"Word {at}:" + (" zebra" if at == 7 else "") for at in range(60)]
    tuned = {"hf": {"model": "model", "api": "completion"}}
    a_study(tmp_path, {"recorded": "base.jsonl"}, tuned, inputs)
    text = (tmp_path / "study.yaml").read_text()
    (tmp_path / "study.yaml").write_text(text.replace("kind: lora, parent: base", "kind: full"))
    assert run(["study", "run", "study.yaml", "--json"]) == 3
    (reason,) = json.loads(capsys.readouterr().out)["reasons"]
    assert reason.startswith(f"tuned on words: 1 of 60 items failed, the first 'q7': {NO_NUMBERS}")
    assert Output.objects.filter(text=None).get().item.key == "q7"
    assert Output.objects.filter(text="yes").count() == 59

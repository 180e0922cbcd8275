"""Held texts scored by a model in the worker: the bits that torch and lm-evaluation-harness find."""

import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run as evalhub
from evalhub.declare.prompt import Prompt
from evalhub.registry.models import Output, RunMetric
from runners.backends.asking import BackendRequest, Fault, Reply
from runners.backends.hf import Client, HfBackend
from tests.cast import OPERATOR
from tests.runners.backends.test_hf import backend, client, with_torch
from tests.small_models import an_adapter, needs_torch, small_model

TEXTS = [
    "Water boils at 100 degrees Celsius at sea level, and at less on a mountain.",
    "Zürich liegt am See. Größer wird die Stadt – Jahr für Jahr.",
    " a text that begins with a space",
    "\n\nA text that begins with a blank line.\n\n- and has\n- a list\n",
    "x",
    "🙂 👩‍👩‍👧 are more bytes than characters.",
    "def add(a, b):\n    return a + b\n",
    "The sun rises in the east and sets in the west. " * 8,
]
GREATEST_DIFFERENCE = 1e-4
"""Nats of a text, between our sums and the harness's on these texts (docs/reference/log-loss.md)."""


@pytest.fixture(scope="module")
def small() -> Path:
    needs_torch()
    return small_model()


def judged(asked: Client, *texts: str) -> list[Reply]:
    requests = [BackendRequest(at, 0, text, "", choices=[]) for at, text in enumerate(texts)]
    rows = {row.item_id: reply for batch in asked.answer(requests) for row, reply in batch}
    return [rows[at] for at in range(len(texts))]


def by_hand(folder: Path, text: str) -> float:
    """Sum over the text's tokens of log softmax(logits), after the tokenizer's first token."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    ids = [tokenizer.bos_token_id, *tokenizer.encode(text, add_special_tokens=False)]
    with torch.no_grad():
        logprobs = model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
    return sum(float(logprobs[at, token]) for at, token in enumerate(ids[1:]))


@with_torch
def test_a_text_is_as_likely_as_torch_says_token_by_token(tiny: Path) -> None:
    replies = judged(client(backend(tiny, api="completion")), *TEXTS)
    assert [reply.text for reply in replies] == TEXTS
    for text, reply in zip(TEXTS, replies, strict=True):
        assert reply.logprob == pytest.approx(by_hand(tiny, text), abs=1e-3)


@with_torch
@pytest.mark.skipif(not importlib.util.find_spec("lm_eval"), reason="needs the extra lm-eval")
def test_texts_are_as_likely_as_the_harness_s_rolling_likelihood(small: Path) -> None:
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    harness = HFLM(pretrained=str(small), device="cpu", dtype="float32", batch_size=1)
    requests = [
        Instance("loglikelihood_rolling", {}, (text,), at) for at, text in enumerate(TEXTS)
    ]
    theirs = harness.loglikelihood_rolling(requests, disable_tqdm=True)
    ours = [reply.logprob for reply in judged(client(backend(small)), *TEXTS)]
    differences = [abs(one - other) for one, other in zip(ours, theirs, strict=True)]
    print(max(differences))
    assert max(differences) <= GREATEST_DIFFERENCE


@with_torch
def test_no_prompt_and_no_template_is_put_around_a_text(tiny: Path) -> None:
    plain = judged(client(backend(tiny, api="completion")), TEXTS[0])
    prompt = Prompt(system="Be brief.", template="Q: {input}")
    templated = judged(client(backend(tiny), prompt), TEXTS[0])
    assert plain[0].logprob == templated[0].logprob


@with_torch
def test_a_text_longer_than_the_model_takes_is_its_item_s_error(tiny: Path) -> None:
    [long, short] = judged(client(backend(tiny)), "word " * 400, "word")
    assert long.text is None
    assert long.fault is Fault.ITEM
    assert "tokens, and the model takes 256 with the one before them: cut it" in long.error
    assert short.logprob is not None


STUDY = """\
schema: evalhub.study/1
project: desk
name: Forgetting
baseline: base
arms:
  base: {kind: base, backend: {hf: {model: MODEL}}, prompt: {system: Be brief.}}
  same: {kind: lora, parent: base, backend: {hf: {model: MODEL, adapter: same}}}
  tuned: {kind: lora, parent: base, backend: {hf: {model: MODEL, adapter: tuned}}}
test_sets:
  general: {file: texts.jsonl, role: guard, metric: {name: log_loss}, margin: 0.1}
"""


@with_torch
@pytest.mark.django_db(transaction=True)
def test_a_study_finds_the_adapter_that_forgot(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wide: dict[str, Any] = {"projections": ("q_proj", "o_proj"), "width": 576}
    rows = {"q_proj": 576, "o_proj": 576}
    assert rows
    an_adapter(tmp_path / "tuned", **wide)
    documents = [{"id": f"d{at}", "text": f"{at}. {TEXTS[at % 8]}{TEXTS[0]}"} for at in range(24)]
    (tmp_path / "documents.jsonl").write_text("".join(json.dumps(row) + "\n" for row in documents))
    out = str(tmp_path / "texts.jsonl")
    assert evalhub(["test-set", "texts", str(tmp_path / "documents.jsonl"), "--out", out]) == 0

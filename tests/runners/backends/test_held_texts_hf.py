"""Held texts scored by a model in the worker: the bits that torch and the harness find."""

import importlib.util
import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run as evalhub
from evalhub.declare.prompt import Prompt
from evalhub.ledger.models import Decision
from runners.backends.asking import BackendRequest, Fault, Reply
from runners.backends.hf import Client
from tests.runners.backends.test_hf import backend, client, with_torch
from tests.small_models import an_adapter

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
GREATEST_DIFFERENCE = 0.00001
"""Bits a byte of a text, between ours and the harness's (docs/reference/log-loss.md)."""


def test_the_page_states_the_greatest_difference() -> None:
    page = (Path(__file__).parents[3] / "docs/reference/log-loss.md").read_text()
    assert f"by at most {GREATEST_DIFFERENCE:.5f} bits a byte" in page


def judged(asked: Client, *texts: str) -> list[Reply]:
    requests = [BackendRequest(at, 0, text, "", choices=[]) for at, text in enumerate(texts)]
    rows = {row.item_id: reply for batch in asked.answer(requests) for row, reply in batch}
    return [rows[at] for at in range(len(texts))]


@lru_cache(maxsize=2)
def loaded(folder: Path) -> tuple[Any, Any]:
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    return transformers.AutoTokenizer.from_pretrained(folder), model


def by_hand(folder: Path, text: str) -> float:
    """Sum over the text's tokens of log softmax(logits), after the tokenizer's first token."""
    import torch

    tokenizer, model = loaded(folder)
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
def test_texts_are_as_likely_as_the_harness_s_rolling_likelihood(tiny: Path) -> None:
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    harness = HFLM(pretrained=str(tiny), device="cpu", dtype="float32", batch_size=1)
    requests = [Instance("loglikelihood_rolling", {}, (text,), at) for at, text in enumerate(TEXTS)]
    theirs = harness.loglikelihood_rolling(requests, disable_tqdm=True)
    ours = [reply.logprob for reply in judged(client(backend(tiny)), *TEXTS)]
    differences = [
        abs(one - other) / math.log(2) / len(text.encode())
        for text, one, other in zip(TEXTS, ours, theirs, strict=True)
    ]
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
candidate: tuned
policy: {ledger: "off"}
arms:
  base: {kind: base, backend: {hf: {model: MODEL}}, prompt: {system: Be brief.}}
  tuned: {kind: lora, parent: base, backend: {hf: {model: MODEL, adapter: ADAPTER}}}
test_sets:
  general: {file: texts.jsonl, role: guard, metric: {name: log_loss}, margin: 0.05}
"""


@with_torch
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("adapter", "status"), [("mild", "pass"), ("forgot", "fail")])
def test_a_study_tells_an_adapter_that_forgot_from_one_that_did_not(
    tiny: Path, tmp_path: Path, adapter: str, status: str
) -> None:
    """One changes what two layers attend to, the other replaces the last layer by noise."""
    heads: dict[str, Any] = {"mild": {}, "forgot": {"whole": ("lm_head",)}}[adapter]
    an_adapter(tmp_path / adapter, **heads)
    rows = [{"id": f"d{at}", "text": f"{at}. {TEXTS[at % 4]}{TEXTS[0]}"} for at in range(30)]
    (tmp_path / "documents.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = str(tmp_path / "texts.jsonl")
    made = ["test-set", "texts", str(tmp_path / "documents.jsonl"), "--out", out, "--bytes", "300"]
    assert evalhub(made) == 0
    file = tmp_path / "study.yaml"
    file.write_text(STUDY.replace("MODEL", str(tiny)).replace("ADAPTER", adapter))
    evalhub(["study", "run", str(file), "--json"])
    record = Decision.objects.get().record
    [criterion] = record["criteria"]
    assert (criterion["status"], criterion["n"]) == (status, 30)
    assert record["applied"]["state"] == "moved"
    texts = [json.loads(line)["text"] for line in Path(out).read_text().splitlines()]
    nats = [by_hand(tiny, text) for text in texts]
    bits = -sum(nats) / math.log(2) / sum(len(text.encode()) for text in texts)
    assert criterion["baseline"] == pytest.approx(bits, rel=1e-5)

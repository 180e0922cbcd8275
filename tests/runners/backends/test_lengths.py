"""Prompts that are longer than a model in the worker takes: refused before, or its failure."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.ledger.models import Decision
from evalhub.registry.models import Output, Run
from runners.backends.lengths import AskedText, too_long
from tests.runners.backends.test_hf import backend, client, replies
from tests.small_models import WITH_TORCH, reciting_model

pytestmark = WITH_TORCH

STUDY = """\
schema: evalhub.study/1
project: desk
name: Long
baseline: base
policy: {ledger: "off"}
arms:
  base: {kind: base, backend: {recorded: base.jsonl}}
  tuned:
    kind: full
    backend: {hf: {model: model, api: completion}}
    sampling: {max_tokens: 8}
test_sets:
  words: {file: words.jsonl, role: primary, metric: {name: contains}}
"""


def rows(path: Path, made: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in made))


@pytest.mark.django_db(transaction=True)
def test_it_is_refused_before_anything_is_asked_or_counted_as_the_model_s_failure(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    reciting_model(tmp_path / "model", "yes")
    inputs = ["word " * 300 if at == 7 else f"Word {at}:" for at in range(60)]
    rows(
        tmp_path / "words.jsonl",
        [{"id": f"q{at}", "input": each, "reference": "yes"} for at, each in enumerate(inputs)],
    )
    rows(tmp_path / "base.jsonl", [{"id": f"q{at}", "output": "no"} for at in range(60)])
    study = tmp_path / "study.yaml"
    study.write_text(STUDY)
    for command in (["study", "run", "study.yaml", "--dry-run"], ["study", "run", "study.yaml"]):
        assert run(command) == 65
        said = capsys.readouterr().err
        assert "field 'arms.tuned.backend'" in said
        assert "1 of 60 items of words are too long for it, the first 'q7': its prompt has " in said
        assert "and its answer may have 8; the model takes 256 together" in said
        assert "say `failures: worst` in the policy" in said
        assert (Run.objects.count(), Output.objects.count()) == (0, 0)
    study.write_text(STUDY.replace('ledger: "off"', 'ledger: "off", failures: worst'))
    assert run(["study", "run", "study.yaml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["failures"]["test_sets"][0]["candidate"] == 1
    assert found["answers"]["test_sets"][0]["candidate"]["failed"] == 1
    failed = Output.objects.get(text=None)
    assert (failed.item.key, failed.fault) == ("q7", "item")
    assert Decision.objects.count() == 1


@pytest.mark.parametrize("api", ["completion", "chat"])
@pytest.mark.parametrize("choices", [None, ["yes", "a much longer no"]])
def test_it_counts_as_the_worker_does(tiny: Path, api: str, choices: list[str] | None) -> None:
    spec = backend(tiny, api=api)
    prompt, sampling = Prompt(system="Be brief."), Sampling(max_tokens=8)
    texts = ["word " * count for count in range(200, 280, 3)]
    items = [AskedText(str(at), each, "", None, choices) for at, each in enumerate(texts)]
    found = {each.key: each for each in too_long(spec, prompt, sampling, items)}
    answered = replies(client(spec, prompt), *texts, choices=choices)
    refused = {str(at): each.error for at, each in enumerate(answered) if each.text is None}
    assert refused.keys() == found.keys()
    assert 0 < len(found) < len(texts)
    for key, error in refused.items():  # of an item's choices the worker names the first
        assert choices or f"{found[key].tokens} tokens" in error

"""A real model behind a real server: its base, another adapter and the right one are told apart."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from evalhub.cli.app import run
from evalhub.demo import record
from evalhub.demo.gguf_adapter import PEFT_ADAPTER, write_gguf
from evalhub.demo.server import MODEL_NAME, local_server
from evalhub.features.deployment.models import Probe
from evalhub.registry.models import ModelVersion
from runners.launch import launch
from tests.cast import OPERATOR, Team, a_metric, a_test_set, a_version
from tests.runners.test_launch import worked_through

pytestmark = [pytest.mark.local, pytest.mark.heavy, pytest.mark.django_db]

Capture = pytest.CaptureFixture[str]
ITEMS = 20
"""As requests meet in a batch, asking twice changed up to 4 answers of 10: 6 others prove nothing.
Of 20, with 8 tokens, it changed 4 at most in 6 servers; 14 would have to change."""
SHORT = {"role": "system", "content": "Sort the support message as JSON."}
"""In place of the triage's own, which is three times as long to read at each of 160 questions. Base
and adapter answer all of 20 otherwise, and half an adapter 17; at once and one by one all alike."""
URL = "${EVALHUB_DEMO_URL}"


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, adapter: Path | None = None) -> Iterator[str]:
    with local_server(threads=1) if adapter is None else local_server(adapter, threads=1) as url:
        monkeypatch.setenv("EVALHUB_DEMO_URL", url)
        yield url


def evaluated(team: Team) -> ModelVersion:
    """Base and adapter, each having answered messages to the support desk."""
    rows = record.test_sets()["triage"][:ITEMS]
    asked = [
        {"id": each["id"], "input": [SHORT, each["input"][-1]], "references": ["x"]}
        for each in rows
    ]
    test_set = a_test_set(team, "triage", items=asked)
    spec = {"type": "openai", "url": URL, "model": MODEL_NAME, "concurrency": 1}
    sampling = {"temperature": 0, "max_tokens": 8, "seed": 7}
    base, tuned = (spec | {"extra": {"lora": [{"id": 0, "scale": scale}]}} for scale in (0.0, 1.0))
    parent = a_version(team, "base", backend=base, sampling=sampling)
    version = a_version(team, "lora", parent=parent, backend=tuned, sampling=sampling)
    for each in (parent, version):
        done = launch(version=each, test_set_version=test_set, metrics=[a_metric()], reach=OPERATOR)
        assert worked_through(done).state == "done"
    return version


def other(folder: Path, change: Callable[[np.ndarray], np.ndarray]) -> Path:
    """The demo's adapter with other matrices B, as llama.cpp takes it."""
    weights = load_file(PEFT_ADAPTER / "adapter_model.safetensors")
    changed = {
        name: change(each).astype(each.dtype) if "lora_B" in name else each
        for name, each in weights.items()
    }
    folder.mkdir()
    save_file(changed, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text((PEFT_ADAPTER / "adapter_config.json").read_text())
    write_gguf(folder, folder / "adapter.gguf")
    return folder / "adapter.gguf"


def probed(url: str) -> int:
    return run(["probe", "lora", url, "--project", "support-desk", "--probes", str(ITEMS)])


def test_what_was_evaluated_is_told_from_its_base_and_from_another_adapter(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with serving(monkeypatch) as url:
        evaluated(team)
        assert probed(url) == 0
    said = capsys.readouterr().out
    assert f"{ITEMS} by their log-probabilities too" in said
    report = Probe.objects.get().report
    assert report["changed"] == 0
    assert report["largest"] < report["tolerance"] / 2
    untrained = other(tmp_path / "untrained", lambda matrix: matrix * 0)
    with serving(monkeypatch, untrained) as url:
        assert probed(url) == 1
    assert "answered as the base does: the adapter isn't applied" in capsys.readouterr().out
    half = other(tmp_path / "half", lambda matrix: matrix / 2)
    with serving(monkeypatch, half) as url:
        assert probed(url) == 1
    said = capsys.readouterr().out
    assert "probes are answered otherwise" in said
    assert "isn't applied" not in said

"""The trainers' callback where it lives: in a training job's own environment, in real trainings."""

import json
from pathlib import Path

import pytest

from evalhub.training.folder import read_folder
from tests.e2e.trainers import call, interpreter
from tests.fakes.site import FakeSite

pytestmark = pytest.mark.heavy

TINY = Path(__file__).with_name("tiny_training.py")
ALONE = """
import sys
from types import SimpleNamespace as S
from evalhub.trainer_callback import RegisterVersions

hook = RegisterVersions("m", project="p", server=sys.argv[1])
state = S(is_world_process_zero=True, global_step=1, epoch=0.1, log_history=[], best_metric=None,
          best_model_checkpoint=None, num_input_tokens_seen=0, total_flos=0)
hook.on_save(S(output_dir="."), state, None)
print([name for name in sys.modules if name in ("django", "pydantic", "numpy", "torch")])
"""


def test_installed_without_what_evalhub_needs_it_registers(tmp_path: Path) -> None:
    python = interpreter(tmp_path)
    with FakeSite() as site:
        done = call(python, "-c", ALONE, site.url, at=tmp_path, EVALHUB_TOKEN="evh_x")
        assert done.stdout.strip() == "[]"
        assert [each["body"]["training"]["step"] for each in site.got] == [1]
    help_ = call(python, "-m", "evalhub.trainer_callback", "--help", at=tmp_path)
    assert "could not register" in help_.stdout


@pytest.mark.parametrize(("how", "kind"), [("trainer", "full"), ("lora", "lora")])
def test_a_real_training_registers_each_checkpoint(
    job: Path, tmp_path: Path, how: str, kind: str
) -> None:
    """transformers' own trainer, and TRL's with an adapter of PEFT."""
    with FakeSite() as site:
        done = call(job, TINY, tmp_path, site.url, how, at=tmp_path, EVALHUB_TOKEN="evh_x")
        bodies = [each["body"] for each in site.got]
    assert json.loads(done.stdout.splitlines()[-1])["steps"] == 6
    assert [each["training"]["checkpoint"] for each in bodies] == ["checkpoint-3", "checkpoint-6"]
    last = bodies[-1]["training"]
    assert bodies[-1]["kind"] == last["method"] == kind
    assert [step for step, _ in last["losses"]] == [1, 2, 3, 4, 5, 6]
    assert all(loss > 0 for _, loss in last["losses"])
    assert last["hyperparameters"]["learning_rate"] == 1e-3
    assert last["software"]["transformers"] == "5.24.0"
    assert ("adapter" in last) == (kind == "lora")
    beside = tmp_path / "out" / "checkpoint-6" / "evalhub-training.json"
    assert json.loads(beside.read_text()) == last
    assert last["examples"] == 12
    assert last.get("objective") == ("sft" if how == "lora" else None)
    for each in (tmp_path / "out").rglob("evalhub-training.json"):
        each.unlink()
    read = read_folder(tmp_path / "out")
    assert (read["checkpoint"], read["step"]) == ("checkpoint-6", 6)
    assert read["losses"] == last["losses"], "what the trainer itself wrote says the same"
    assert read.get("adapter") == last.get("adapter")
    assert read.get("objective") == last.get("objective")
    assert read["learning_rate_logged"] == 1e-3


def test_a_training_ends_well_though_nobody_is_there(job: Path, tmp_path: Path) -> None:
    with FakeSite() as site:
        away = site.url
    done = call(job, TINY, tmp_path, away, "trainer", at=tmp_path, EVALHUB_TOKEN="evh_x")
    assert json.loads(done.stdout.splitlines()[-1])["steps"] == 6
    assert "not registered at" in done.stderr
    kept = (tmp_path / "out" / "evalhub-unsent.jsonl").read_text().splitlines()
    assert [json.loads(line)["body"]["training"]["step"] for line in kept] == [3, 6]

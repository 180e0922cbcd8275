"""The demo answered by transformers and PEFT."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evalhub.demo.by_hf import by_hf
from evalhub.demo.command import STUDY_LIVE
from evalhub.demo.gguf_adapter import PEFT_ADAPTER, write_gguf
from evalhub.demo.server import ADAPTER, LocalExtraMissingError, model_path
from evalhub.demo.share import a_share
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from tests.small_models import needs_torch

EVALHUB = str(Path(sys.executable).with_name("evalhub"))


@pytest.mark.hf
@pytest.mark.heavy
def test_its_arms_are_the_live_study_s_with_weights_of_their_own(tmp_path: Path) -> None:
    needs_torch()
    spec = read_study(a_share(by_hf(STUDY_LIVE, tmp_path), tmp_path), OperatorFile())
    live = read_study(STUDY_LIVE, OperatorFile())
    assert spec.slug == f"{live.slug}-hf-share"
    for name, arm in live.arms.items():
        ours = spec.arms[name]
        assert (ours.prompt, ours.sampling, ours.only) == (arm.prompt, arm.sampling, arm.only)
        settled = ours.spec.resolve(spec.file).as_json()
        assert settled["model"] == str(model_path())
        assert (settled["adapter_sha256"] is not None) == (name == "lora")


@pytest.mark.hf
@pytest.mark.heavy
def test_the_adapter_for_llama_cpp_is_derived_from_the_one_of_peft(tmp_path: Path) -> None:
    needs_torch()
    write_gguf(PEFT_ADAPTER, tmp_path / "made.gguf")
    assert (tmp_path / "made.gguf").read_bytes() == ADAPTER.read_bytes()


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LocalExtraMissingError, match=r"needs torch, peft, accelerate, gguf; inst"):
        by_hf(STUDY_LIVE, tmp_path)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--backend", "hf"], "goes with --live: it loads the model"),
        (["--live", "--backend", "vllm"], "one of openai, hf is needed, not 'vllm'"),
    ],
)
@pytest.mark.heavy
def test_a_backend_that_cannot_be_is_refused(options: list[str], says: str, tmp_path: Path) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("EVALHUB_")}
    done = subprocess.run(
        [EVALHUB, "demo", "--home", str(tmp_path), *options],
        env=kept | {"COLUMNS": "140"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 64
    assert says in done.stderr

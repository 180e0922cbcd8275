"""`--adapter` of a candidate that is loaded here."""

from pathlib import Path
from typing import Any

import pytest

from evalhub.studies.change import ChangeError, StudyChange

HF = {"model": "base", "adapter": "old", "adapter_revision": "1" * 40, "adapter_sha256": "2" * 64}


def loaded(adapter: str, folder: Path) -> dict[str, Any]:
    data = {
        "arms": {"base": {"backend": {"hf": {"model": "base"}}}, "tuned": {"backend": {"hf": HF}}}
    }
    changed = StudyChange(adapter=adapter).changed(data, "tuned", folder)
    assert changed["arms"]["base"] == data["arms"]["base"]
    found: dict[str, Any] = changed["arms"]["tuned"]["backend"]["hf"]
    return found


def test_a_folder_or_its_weights_take_the_place_of_the_file_s_adapter(tmp_path: Path) -> None:
    (tmp_path / "evals").mkdir()
    checkpoint = tmp_path / "out" / "checkpoint-50"
    checkpoint.mkdir(parents=True)
    weights = checkpoint / "adapter_model.safetensors"
    weights.write_bytes(b"")
    for named in (checkpoint, weights):
        assert loaded(str(named), tmp_path / "evals") == {
            "model": "base",
            "adapter": "../out/checkpoint-50",
            "adapter_revision": None,
        }


def test_one_of_the_hub_comes_with_its_commit(tmp_path: Path) -> None:
    commit = "a" * 40
    found = loaded(f"org/support@{commit}", tmp_path)
    assert (found["adapter"], found["adapter_revision"]) == ("org/support", commit)
    with pytest.raises(ChangeError, match="is named with its commit, as ID@COMMIT"):
        loaded("org/support", tmp_path)

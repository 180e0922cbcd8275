"""`--adapter` of a candidate that is loaded here, and `--training-record` of one."""

from pathlib import Path
from typing import Any

import pytest

from evalhub.io.rows import DataError
from evalhub.studies.file.change import ChangeError, StudyChange
from tests.training.folders import of_transformers, written

HF = {"model": "base", "adapter": "old", "adapter_revision": "1" * 40, "adapter_sha256": "2" * 64}


def loaded(adapter: str, folder: Path) -> dict[str, Any]:
    data = {
        "arms": {"base": {"backend": {"hf": {"model": "base"}}}, "tuned": {"backend": {"hf": HF}}}
    }
    changed = StudyChange(adapter=adapter).apply(data, "tuned", folder)
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


def trained(record: Path, folder: Path) -> dict[str, Any]:
    data = {"arms": {"base": {}, "tuned": {"training": {"rank": 99}}}}
    changed = StudyChange(training=record).apply(data, "tuned", folder)
    found: dict[str, Any] = changed["arms"]["tuned"]["training"]
    return found


def test_a_trainer_s_folder_takes_the_place_of_the_file_s_record(tmp_path: Path) -> None:
    found = trained(of_transformers(tmp_path / "out"), tmp_path / "evals")
    assert (found["adapter"]["r"], found["hyperparameters"]["seed"]) == (8, 42)
    assert "rank" not in found


def test_rows_that_a_folder_s_record_names_lie_in_the_folder(tmp_path: Path) -> None:
    """Our callback's record may name them, by its option `more`."""
    out = of_transformers(tmp_path / "out")
    written(out, {"evalhub-training.json": '{"data": "rows.jsonl"}'})
    with pytest.raises(DataError, match=r"there is no file 'rows\.jsonl' beside it"):
        trained(out, tmp_path / "evals")
    written(out, {"rows.jsonl": "{}"})
    assert trained(out, tmp_path / "evals")["data"] == "../out/rows.jsonl"

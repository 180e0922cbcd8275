"""What a model's and an adapter's files say, without loading them."""

import json
import struct
from pathlib import Path

import pytest

from evalhub.demo.gguf_adapter import PEFT_ADAPTER
from runners.engines.errors import EngineError
from runners.engines.files import (
    adapter_config,
    adapter_digest,
    all_zero,
    chat_template,
    model_digest,
    tensor_header,
)


def safetensors(path: Path, **tensors: bytes) -> Path:
    """A file of one-dimensional float16 tensors with these bytes."""
    header, start = {}, 0
    for name, content in tensors.items():
        place = [start, start + len(content)]
        header[name] = {"dtype": "F16", "shape": [len(content) // 2], "data_offsets": place}
        start += len(content)
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"".join(tensors.values()))
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    safetensors(folder / "model.safetensors", a=b"\1\2")
    return folder


def test_a_model_is_known_by_what_decides_its_answers(model: Path) -> None:
    before = model_digest(model)
    (model / "trainer_state.json").write_text('{"step": 7}')
    (model / "README.md").write_text("words")
    (model / "optimizer.pt").write_bytes(b"0" * 9)
    assert model_digest(model) == before
    (model / "chat_template.jinja").write_text("{{ messages }}")
    assert model_digest(model) != before
    other = model.rename(model.with_name("elsewhere"))
    (other / "chat_template.jinja").unlink()
    assert model_digest(other) == before


def test_what_is_no_model_says_what_would_be_one(model: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"there is no folder .*/nowhere: a model is a folder"):
        model_digest(tmp_path / "nowhere")
    with pytest.raises(EngineError, match="holds an adapter: name it as the adapter"):
        model_digest(PEFT_ADAPTER)
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    with pytest.raises(EngineError, match="no weights as safetensors, and other formats may run"):
        model_digest(model)


def test_what_is_no_adapter_says_why(model: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="whole model, which an adapter was merged into"):
        adapter_config(model)
    with pytest.raises(EngineError, match="there is no folder"):
        adapter_config(tmp_path / "nowhere")
    inner = tmp_path / "checkpoint" / "arm"
    inner.mkdir(parents=True)
    (inner / "adapter_config.json").write_text("{}")
    with pytest.raises(EngineError, match="PEFT saved it into arm within it"):
        adapter_config(inner.parent)
    with pytest.raises(EngineError, match=r"no adapter_model.safetensors: save the adapter with"):
        adapter_config(inner)


def test_an_adapter_is_known_by_its_weights_and_its_scale(tmp_path: Path) -> None:
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / name).write_bytes((PEFT_ADAPTER / name).read_bytes())
    assert adapter_digest(tmp_path) == adapter_digest(PEFT_ADAPTER)
    settings = json.loads((tmp_path / "adapter_config.json").read_text())
    (tmp_path / "adapter_config.json").write_text(json.dumps(settings | {"lora_alpha": 9}))
    assert adapter_digest(tmp_path) != adapter_digest(PEFT_ADAPTER)


def test_tensors_are_read_without_a_library(tmp_path: Path) -> None:
    path = safetensors(tmp_path / "x.safetensors", zero=b"\0\0\0\x80", one=b"\0\0\0\x3c")
    assert tensor_header(path)["one"]["shape"] == [2]
    assert all_zero(path, ["zero"]), "minus zero is zero"
    assert not all_zero(path, ["zero", "one"])
    path.write_bytes(b"\xff" * 20)
    with pytest.raises(EngineError, match="can't be read as safetensors: its header has no end"):
        tensor_header(path)
    path.write_bytes(b"\1")
    with pytest.raises(EngineError, match="can't be read as safetensors"):
        tensor_header(path)


def test_a_template_stands_apart_or_among_the_tokenizer_s_settings(tmp_path: Path) -> None:
    assert chat_template(tmp_path) is None
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "{{ 1 }}"}')
    assert chat_template(tmp_path) == "{{ 1 }}"
    (tmp_path / "chat_template.jinja").write_text("{{ 2 }}")
    assert chat_template(tmp_path) == "{{ 2 }}"

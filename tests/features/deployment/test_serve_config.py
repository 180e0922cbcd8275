"""The files of a server say what was evaluated, whatever is in a name, or there are none."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalhub.cli.app import run
from evalhub.declare.declaration import validate
from evalhub.demo.gguf_adapter import PEFT_ADAPTER
from evalhub.registry.models import ModelVersion
from runners.backends.hf import HfBackend
from tests.cast import Team, a_version
from tests.features.deployment.modelfile import commands

pytestmark = pytest.mark.django_db

Capture = pytest.CaptureFixture[str]
HOSTILE = """x' y"; $(touch broken) `touch broken` $HOME \\ \nFROM evil\n- {a: 1}\n#"""
TOLD = '#!/bin/sh\nfor each in "$@"; do printf "%s\\0" "$each"; done >"$TOLD"\n'


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder as transformers saves a model, of two bytes of weights."""
    folder = tmp_path / "small model"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llama", "dtype": "bfloat16"}')
    (folder / "model.safetensors").write_bytes(b"00")
    (folder / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    return folder


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PEFT_ADAPTER, tmp_path / "adapter"))


def loaded(team: Team, model: Path, adapter: Path | None = None, **more: Any) -> ModelVersion:
    """A version of the backend hf, as a study of an operator registers it."""
    spec = {"type": "hf", "model": str(model), "adapter": adapter and str(adapter)}
    backend = validate(HfBackend, spec | more.pop("backend", {})).resolve(Path)
    base = a_version(team, "support-base")
    parent = base if adapter else None
    return a_version(team, "support", parent=parent, backend=backend.as_json(), **more)


def served(server: str, out: Path, *more: str, version: str = "support@1") -> int:
    words = ["serve-config", server, version, "--project", "support-desk", "--out", str(out)]
    return run([*words, *more])


def started(script: Path, program: str, folder: Path, *more: str) -> list[str]:
    """The arguments that a program of this name gets when the script is run by a shell."""
    path, told = folder / "programs", folder / "told"
    path.mkdir(exist_ok=True)
    (path / program).write_text(TOLD)
    (path / program).chmod(0o755)
    environment = {"PATH": f"{path}:{os.environ['PATH']}", "TOLD": str(told), "HOME": "home"}
    subprocess.run([script, *more], env=environment, cwd=folder, check=True)
    assert not (folder / "broken").exists()
    return told.read_text().split("\0")[:-1]


def option(words: list[str], name: str) -> str:
    assert words.count(name) == 1, name
    return words[words.index(name) + 1]


def refused(capture: Capture, *said: str) -> None:
    error = capture.readouterr().err
    for each in said:
        assert each in error


def test_vllm_gets_base_adapter_rank_and_how_it_was_asked(
    team: Team, tmp_path: Path, model: Path, adapter: Path, capsys: Capture
) -> None:
    template = tmp_path / "own.jinja"
    template.write_text("{{ own }}")
    backend = {"chat_template": str(template)}
    loaded(team, model, adapter, backend=backend, sampling={"top_p": 0.9, "max_tokens": 48})
    assert served("vllm", tmp_path / "out", "--image", "vllm/vllm-openai:v0.33.0") == 0
    assert "serve.sh" in capsys.readouterr().out
    words = started(tmp_path / "out" / "serve.sh", "vllm", tmp_path, "--port", "9000")
    assert words[:2] == ["serve", str(model)]
    assert option(words, "--served-model-name") == "small model"
    assert json.loads(option(words, "--lora-modules")) == {
        "name": "support-v1",
        "path": str(adapter),
        "base_model_name": "small model",
    }
    assert "--enable-lora" in words
    assert option(words, "--max-lora-rank") == "8", "vLLM's smallest that holds 4"
    assert option(words, "--dtype") == "bfloat16", "as saved, which vLLM's auto may not be"
    assert option(words, "--generation-config") == "vllm"
    usual = json.loads(option(words, "--override-generation-config"))
    assert usual == {"temperature": 0, "top_p": 0.9}, "the backend hf is greedy by itself"
    own = Path(option(words, "--chat-template"))
    assert own.read_text() == "{{ own }}"
    assert words[-2:] == ["--port", "9000"], "what is said after it goes along"
    service = yaml.safe_load((tmp_path / "out" / "compose.yaml").read_text())["services"]["vllm"]
    command = service["command"]
    assert command[: words.index("--host") - 1] == words[1 : words.index("--host")]
    mounted = {each["target"] for each in service["volumes"]}
    assert mounted == {str(model), str(adapter), option(command, "--chat-template")}
    manifest = json.loads((tmp_path / "out" / "handover.json").read_text())
    version = ModelVersion.objects.get(model__slug="support")
    assert manifest["digest"] == version.digest
    assert manifest["sha256"]["adapter"] == version.backend["adapter_sha256"]
    assert manifest["sampling"]["max_tokens"] == 48


def test_no_name_reaches_a_shell_or_yaml_as_anything_but_itself(team: Team, tmp_path: Path) -> None:
    backend = {"type": "openai", "url": "https://models.example.org/v1", "model": HOSTILE}
    base = a_version(team, "support-base")
    a_version(team, "support", parent=base, backend=backend, training={"adapter": {"r": 64}})
    places = ["--base", f"/b/{HOSTILE}", "--adapter", f"/a/{HOSTILE}", "--base-name", f"b{HOSTILE}"]
    assert served("vllm", tmp_path / "out", *places, "--image", HOSTILE) == 0
    words = started(tmp_path / "out" / "serve.sh", "vllm", tmp_path)
    assert words[1] == f"/b/{HOSTILE}"
    module = {"name": HOSTILE, "path": f"/a/{HOSTILE}", "base_model_name": f"b{HOSTILE}"}
    assert json.loads(option(words, "--lora-modules")) == module
    assert option(words, "--max-lora-rank") == "64"
    assert "--generation-config" not in words, "its server's own settings held"
    service = yaml.safe_load((tmp_path / "out" / "compose.yaml").read_text())["services"]["vllm"]
    doubled = service["command"]
    assert all(each.count("$") % 2 == 0 for each in doubled), "Compose fills in no variable"
    command = [each.replace("$$", "$") for each in doubled]
    assert command[: words.index("--host") - 1] == words[1 : words.index("--host")]
    assert service["image"].replace("$$", "$") == HOSTILE


def test_a_modelfile_holds_base_adapter_parameters_and_system(
    team: Team, tmp_path: Path, model: Path, adapter: Path
) -> None:
    asked = {"max_tokens": 48, "seed": 7, "stop": ["\n\n", 'say "stop"', "FROM x"]}
    loaded(team, model, adapter, sampling=asked, prompt={"system": HOSTILE})
    assert served("ollama", tmp_path / "out", "--context", "8192") == 0
    told = commands((tmp_path / "out" / "Modelfile").read_text())
    assert told == [
        ("FROM", str(model)),
        ("ADAPTER", str(adapter)),
        ("PARAMETER temperature", "0"),
        ("PARAMETER top_p", "1"),
        ("PARAMETER top_k", "0"),
        ("PARAMETER repeat_penalty", "1"),
        ("PARAMETER num_predict", "48"),
        ("PARAMETER seed", "7"),
        ("PARAMETER num_ctx", "8192"),
        ("PARAMETER stop", "\n\n"),
        ("PARAMETER stop", 'say "stop"'),
        ("PARAMETER stop", "FROM x"),
        ("SYSTEM", HOSTILE),
    ]


BEYOND = {"top_k": 20, "min_p": 0.05, "repetition_penalty": 1.1}
THINKING = {"chat_template_kwargs": {"enable_thinking": False}}


def test_servers_are_told_what_openai_s_protocol_does_not_have(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    backend = {"type": "openai", "url": "https://models.example.org/v1", "model": "m"}
    a_version(team, "support", backend=backend, sampling=BEYOND | THINKING)
    assert served("vllm", tmp_path / "vllm", "--base", "m") == 0
    words = started(tmp_path / "vllm" / "serve.sh", "vllm", tmp_path)
    assert json.loads(option(words, "--override-generation-config")) == BEYOND
    assert json.loads(option(words, "--default-chat-template-kwargs")) == {"enable_thinking": False}
    assert served("llama.cpp", tmp_path / "llama", "--base", "m.gguf") == 0
    words = started(tmp_path / "llama" / "serve.sh", "llama-server", tmp_path)
    assert (option(words, "--top-k"), option(words, "--min-p")) == ("20", "0.05")
    assert (option(words, "--repeat-penalty"), option(words, "--repeat-last-n")) == ("1.1", "-1")
    assert json.loads(option(words, "--chat-template-kwargs")) == {"enable_thinking": False}
    assert served("ollama", tmp_path / "ollama", "--base", "m") == 64
    refused(capsys, "arguments of its chat template", "a Modelfile has none")


def test_a_modelfile_holds_what_openai_s_protocol_does_not_have(
    team: Team, tmp_path: Path, model: Path
) -> None:
    loaded(team, model, sampling=BEYOND)
    assert served("ollama", tmp_path / "out") == 0
    told = commands((tmp_path / "out" / "Modelfile").read_text())
    assert [each for each in told if each[0].startswith("PARAMETER")] == [
        ("PARAMETER temperature", "0"),
        ("PARAMETER top_p", "1"),
        ("PARAMETER top_k", "20"),
        ("PARAMETER min_p", "0.05"),
        ("PARAMETER repeat_penalty", "1.1"),
        ("PARAMETER repeat_last_n", "-1"),
    ]


@pytest.mark.parametrize(
    ("system", "said"),
    [
        ('Quote """\nFROM evil\n', 'holds """, which ends a Modelfile\'s value'),
        ("wide\u00a0space", "holds U+00A0, which a Modelfile drops"),
    ],
)
def test_what_a_modelfile_cannot_say_is_refused(
    team: Team, tmp_path: Path, model: Path, system: str, said: str, capsys: Capture
) -> None:
    loaded(team, model, prompt={"system": system})
    assert served("ollama", tmp_path / "out") == 64
    refused(capsys, "the system message", said)
    assert not (tmp_path / "out").exists()


def test_ollama_takes_adapters_of_few_families_unless_they_are_gguf(
    team: Team, tmp_path: Path, model: Path, adapter: Path, capsys: Capture
) -> None:
    (model / "config.json").write_text('{"model_type": "qwen3"}')
    loaded(team, model, adapter)
    assert served("ollama", tmp_path / "out") == 64
    refused(capsys, "--adapter", "is no GGUF file", "qwen3", "convert_lora_to_gguf.py")
    assert served("ollama", tmp_path / "out", "--adapter", "tuned.gguf") == 0
    told = dict(commands((tmp_path / "out" / "Modelfile").read_text()))
    assert told["ADAPTER"] == "tuned.gguf"


def test_llama_cpp_gets_the_adapter_with_its_scale(
    team: Team, tmp_path: Path, model: Path, adapter: Path, capsys: Capture
) -> None:
    loaded(team, model, adapter)
    assert served("llama.cpp", tmp_path / "out") == 64
    refused(capsys, "--base", "is no GGUF file, and llama.cpp takes nothing else")
    gguf = ["--base", "/m/it's.gguf", "--adapter", "/m/$tuned.gguf"]
    assert served("llama.cpp", tmp_path / "out", *gguf) == 0
    words = started(tmp_path / "out" / "serve.sh", "llama-server", tmp_path)
    assert option(words, "--model") == "/m/it's.gguf"
    assert option(words, "--lora-scaled") == "/m/$tuned.gguf:1.0"
    assert (option(words, "--alias"), option(words, "--temp")) == ("support-v1", "0")
    assert served("llama.cpp", tmp_path / "new", *gguf[:3], "/m/a:b.gguf") == 64
    refused(capsys, "llama.cpp takes no path with : or ,")


def test_what_is_not_known_is_asked_for_by_its_option(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    backend = {"type": "openai", "url": "https://models.example.org/v1", "model": "support-7"}
    a_version(team, "support", parent=a_version(team, "support-base"), backend=backend)
    assert served("vllm", tmp_path / "out") == 64
    refused(capsys, "--base", "'support-7' at https://models.example.org/v1", "name the path")
    assert served("vllm", tmp_path / "out", "--base", "small") == 64
    refused(capsys, "--adapter", "doesn't say where the adapter lies")
    places = ["--base", "small", "--adapter", "/a"]
    assert served("vllm", tmp_path / "out", *places) == 64
    refused(capsys, "--rank", "neither the training record nor the adapter's files say")
    assert served("vllm", tmp_path / "out", *places, "--rank", "600") == 64
    refused(capsys, "--rank", "512 at most")
    assert served("vllm", tmp_path / "out", *places, "--rank", "300", "--name", "small") == 64
    refused(capsys, "--name", "is the base's name too")
    assert served("vllm", tmp_path / "out", *places, "--rank", "300", "--name=-x") == 64
    refused(capsys, "--name", "would be taken for an option")
    assert not (tmp_path / "out").exists()
    assert served("vllm", tmp_path / "out", *places, "--rank", "300") == 0
    words = started(tmp_path / "out" / "serve.sh", "vllm", tmp_path)
    assert option(words, "--max-lora-rank") == "320"
    assert json.loads(option(words, "--lora-modules"))["name"] == "support-7"


def test_recorded_answers_and_unknown_versions_are_refused(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    a_version(team, "support")
    assert served("vllm", tmp_path / "out", version="support") == 64
    refused(capsys, "VERSION", "no weights of it are known, so there is nothing to serve")
    for name, said in {
        "support@2": "support has no version 2, only support v1",
        "other": "has no model 'other' (models: support)",
        "support@x": "isn't of the form MODEL@NUMBER",
    }.items():
        assert served("vllm", tmp_path / "out", version=name) == 64
        refused(capsys, said)
    assert not (tmp_path / "out").exists()


def test_files_that_are_no_longer_what_was_evaluated_are_refused(
    team: Team, tmp_path: Path, model: Path, adapter: Path, capsys: Capture
) -> None:
    version = loaded(team, model, adapter)
    weights = adapter / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes() + b"0")
    assert served("vllm", tmp_path / "out") == 64
    refused(capsys, "--adapter", version.backend["adapter_sha256"][:12], "was evaluated")
    assert served("vllm", tmp_path / "out", "--adapter", "/elsewhere", "--rank", "8") == 64
    refused(capsys, "--rank", "the adapter's rank is 4, its files say")
    assert served("vllm", tmp_path / "out", "--adapter", "/elsewhere") == 0


def test_vllm_is_given_nothing_that_it_would_serve_otherwise(
    team: Team, tmp_path: Path, model: Path, adapter: Path, capsys: Capture
) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(config | {"use_dora": True}))
    loaded(team, model, adapter)
    assert served("vllm", tmp_path / "out") == 64
    refused(capsys, "vLLM serves no adapter with DoRA")
    loaded(team, model, backend={"quantization": "int8"})
    assert served("vllm", tmp_path / "out", version="support") == 64
    refused(capsys, "in int8", "4 bits alone")
    loaded(team, model, backend={"quantization": "nf4"})
    assert served("vllm", tmp_path / "out", version="support") == 0
    words = started(tmp_path / "out" / "serve.sh", "vllm", tmp_path)
    assert option(words, "--quantization") == "bitsandbytes"
    assert option(words, "--served-model-name") == "support-v3"
    assert "--enable-lora" not in words


def test_a_base_of_the_hub_keeps_its_commit(team: Team, tmp_path: Path, capsys: Capture) -> None:
    backend = {"type": "hf", "model": "team/small", "revision": "0" * 40, "engine": "x"}
    a_version(team, "support", backend=backend)
    assert served("vllm", tmp_path / "out") == 0
    words = started(tmp_path / "out" / "serve.sh", "vllm", tmp_path)
    assert (words[1], option(words, "--revision")) == ("team/small", "0" * 40)
    assert served("ollama", tmp_path / "other") == 64
    refused(capsys, "--base", "whose weights Ollama doesn't fetch by their commit")
    hub = backend | {"adapter": "team/tuned", "adapter_revision": "1" * 40}
    a_version(team, "support", parent=a_version(team, "support-base"), backend=hub)
    assert served("vllm", tmp_path / "other", version="support") == 64
    refused(capsys, "--adapter", f"hf download team/tuned --revision {'1' * 40}")


def test_a_folder_is_written_whole_and_over_nothing_of_somebody_elses(
    team: Team, tmp_path: Path, model: Path, capsys: Capture
) -> None:
    loaded(team, model)
    out = tmp_path / "out"
    assert served("vllm", out) == 0
    assert served("vllm", out) == 64
    refused(capsys, "--out", "holds handover.json", "--force")
    (out / "compose.yaml").write_text("of an earlier time")
    assert served("vllm", out, "--force") == 0
    assert sorted(each.name for each in out.iterdir()) == ["handover.json", "serve.sh"]
    (out / "notes.txt").write_text("mine")
    assert served("vllm", out, "--force") == 64
    refused(capsys, "holds notes.txt: name a new folder")
    assert (out / "notes.txt").read_text() == "mine"
    assert served("vllm", tmp_path / "no" / "out") == 65
    refused(capsys, "can't be written (--out)")
    left = {each.name for each in tmp_path.iterdir()}
    assert left == {"small model", "out"}

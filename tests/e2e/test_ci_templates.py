"""The ready CI files install Evalhub from a pinned source alone, and then run their step.

The commands are taken out of the files. tests/e2e/test_training_pipeline.py runs them at a site.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / "docs" / "how-to/ci"
SHA256, COMMIT = "0123456789abcdef" * 4, "0123456789" * 4
WHEEL = "evalhub_gate-0.1.0-py3-none-any.whl"
PINNED = [
    f"https://files.example.org/{WHEEL}#sha256={SHA256}",
    f"file:///builds/{WHEEL}#sha256={SHA256}",
    f"git+https://git.example.org/team/evalhub.git@{COMMIT}",
]
NOT_PINNED = [
    "",
    "evalhub-gate",
    "evalhub-gate==0.1.0",
    WHEEL,
    f"https://files.example.org/{WHEEL}",
    f"https://files.example.org/{WHEEL}#sha256={SHA256[1:]}",
    f"https://files.example.org/{WHEEL}#sha256={SHA256}0",
    f"https://files.example.org/{WHEEL}#md5={SHA256[:32]}",
    f"http://files.example.org/{WHEEL}#sha256={SHA256}",
    "git+https://git.example.org/team/evalhub.git",
    "git+https://git.example.org/team/evalhub.git@main",
    f"git+https://git.example.org/team/evalhub.git@{COMMIT[:12]}",
    f"git+http://git.example.org/team/evalhub.git@{COMMIT}",
    f"https://files.example.org/{WHEEL}#sha256={SHA256} --index-url https://evil.example",
]
STUDY = """\
schema: evalhub.study/1
project: support
name: May the new adapter answer?
baseline: old
arms:
  old: {kind: base, backend: {recorded: old.jsonl}}
  tuned: {kind: lora, backend: {recorded: old.jsonl}}
test_sets:
  tickets: {file: tickets.jsonl, role: primary, metric: {name: contains}}
"""
TRAIN = """\
import json
from pathlib import Path
from evalhub.trainer_callback import RegisterVersions

Path("out").mkdir()
rows = [{"id": f"t{n}", "output": "billing"} for n in range(40)]
Path("out/answers.jsonl").write_text("".join(json.dumps(row) + "\\n" for row in rows))
Path("out/evalhub-training.json").write_text('{"method": "lora", "learning_rate": 1e-4}')
"""


def github() -> list[str]:
    """The steps that install, train and ask."""
    document = yaml.safe_load((CI / "github-actions.yml").read_text())
    return [step["run"] for step in document["jobs"]["gate"]["steps"] if "run" in step][:3]


def gitlab() -> list[str]:
    """The lines of the script, which one shell runs."""
    document = yaml.safe_load((CI / "gitlab-ci.yml").read_text())
    return ["\n".join(document["train-and-gate"]["script"])]


TEMPLATES = {"github": github, "gitlab": gitlab}


def run(
    command: str, *, at: Path, path: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """A step as the runner runs it; `path` comes first on PATH."""
    ours = ("EVALHUB_", "DJANGO_", "PYTHON", "VIRTUAL_ENV", "GITHUB_", "PIP_")
    shell = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", command],
        cwd=at,
        env=shell | {"PATH": f"{path}{os.pathsep}{os.environ['PATH']}"} | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def installing(template: str) -> str:
    """The commands up to `pip install`."""
    command = TEMPLATES[template]()[0]
    return command[: command.index("pip install")] + re.findall(r"pip install .*", command)[0]


@pytest.mark.parametrize("template", TEMPLATES)
def test_only_a_pinned_source_reaches_pip(template: str, tmp_path: Path) -> None:
    """A stand-in for pip notes what it was called with."""
    called = tmp_path / "called.txt"
    (tmp_path / "pip").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {called}\n')
    (tmp_path / "pip").chmod(0o755)
    command = installing(template)
    for source in NOT_PINNED:
        done = run(command, at=tmp_path, path=tmp_path, EVALHUB_SOURCE=source)
        assert done.returncode == 64, source
        assert "EVALHUB_SOURCE isn't pinned" in done.stderr
    assert not called.exists()
    for source in PINNED:
        done = run(command, at=tmp_path, path=tmp_path, EVALHUB_SOURCE=source)
        assert done.returncode == 0, done.stderr
        assert called.read_text().splitlines() == ["install", f"evalhub-gate @ {source}"]
        called.unlink()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--quiet", "--wheel", "--out-dir", folder, ROOT, at=folder)
    [built] = folder.glob("evalhub_gate-*.whl")
    return built


def uv(*command: str | Path, at: Path) -> None:
    program = shutil.which("uv")
    assert program, "uv builds the wheel"
    done = subprocess.run(
        [program, *command], cwd=at, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.heavy
@pytest.mark.parametrize("template", TEMPLATES)
def test_the_wheel_is_installed_as_the_file_says_and_the_step_runs(
    template: str, wheel: Path, tmp_path: Path
) -> None:
    """In an environment with nothing but pip and, from the cache, what the wheel's lock names."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True, timeout=120)
    python, commands = environment / "bin" / "python", environment / "bin"
    # the lock names all: nothing is resolved, for which a cache may lack what it didn't ask for
    locked = ("--no-deps", "--require-hashes", "--requirement", ROOT / ".ci" / "requirements.txt")
    uv("pip", "install", "--quiet", "--python", python, "--offline", *locked, at=tmp_path)

    repository = tmp_path / "repository"
    (repository / "evals").mkdir(parents=True)
    (repository / "evals" / "study.yaml").write_text(STUDY)
    items = [{"id": f"t{n}", "input": f"Ticket {n}?", "reference": "billing"} for n in range(40)]
    write(repository / "evals" / "tickets.jsonl", items)
    answers = [{"id": f"t{n}", "output": "shipping"} for n in range(40)]
    write(repository / "evals" / "old.jsonl", answers)
    (repository / "train.py").write_text(TRAIN)
    given = {
        "EVALHUB_HOME": str(tmp_path / "home"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "outputs.txt"),
        "PIP_NO_INDEX": "1",
    }
    right = hashlib.sha256(wheel.read_bytes()).hexdigest()

    wrong = f"{wheel.as_uri()}#sha256={SHA256}"
    done = run(installing(template), at=repository, path=commands, EVALHUB_SOURCE=wrong, **given)
    assert done.returncode != 0, "another file than the one that was pinned"
    assert not (commands / "evalhub").exists()

    source = f"{wheel.as_uri()}#sha256={right}"
    for command in TEMPLATES[template]():
        done = run(command, at=repository, path=commands, EVALHUB_SOURCE=source, **given)
        assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((repository / "verdict.json").read_text())["verdict"] == "ship"
    assert (repository / "evalhub.xml").exists()
    assert (repository / "evalhub.md").read_text()


def write(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

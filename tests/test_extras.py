"""Messages that miss an extra name the command for this very installation."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evalhub.extras import how_to_install

HEX, COMMIT = "ab" * 32, "cd" * 20


@pytest.fixture
def installed_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Pretends that Evalhub was installed from an address, as an installer writes it down."""

    def write(source: object) -> None:
        folder = tmp_path / "evalhub_gate-9.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: evalhub-gate\nVersion: 9.0\n"
        )
        if source:
            (folder / "direct_url.json").write_text(json.dumps(source))
        monkeypatch.syspath_prepend(tmp_path)

    return write


@pytest.mark.parametrize(
    ("source", "command"),
    [
        (
            {"url": "file:///checkout", "dir_info": {"editable": True}},
            "uv sync --extra hf, in the checkout",
        ),
        (
            {"url": "file:///e.whl", "archive_info": {"hashes": {"sha256": HEX}}},
            f"pip install 'evalhub-gate[hf] @ file:///e.whl#sha256={HEX}'",
        ),
        (
            {"url": f"https://x.example/e.whl#sha256={HEX}", "archive_info": {}},
            f"pip install 'evalhub-gate[hf] @ https://x.example/e.whl#sha256={HEX}'",
        ),
        (
            {"url": "https://x.example/e.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"pip install 'evalhub-gate[hf] @ git+https://x.example/e.git@{COMMIT}'",
        ),
        (None, "pip install 'evalhub-gate[hf]'"),
    ],
)
def test_the_source_that_it_was_installed_from_is_named_again(
    installed_from: Callable[[object], None], source: object, command: str
) -> None:
    installed_from(source)
    assert how_to_install("hf") == command

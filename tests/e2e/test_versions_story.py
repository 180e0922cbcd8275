"""The second tutorial, as it stands: real trainings of a real model, and every door on the way.

Nothing is answered by hand: what holds and what ships is what the two adapters say, which are
trained here by the page's own script, from fixed seeds, on one thread.
"""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.docs.test_tutorial import steps
from tests.services import a_free_port
from tests.serving.site import BIN
from tests.small_models import needs_torch

pytestmark = [pytest.mark.hf, pytest.mark.local, pytest.mark.heavy]

PAGE = "tutorials/life-of-a-version.md"
QUIET = {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
PATIENCE_S = 900


class Reader:
    """Somebody at a shell in an empty folder, who leaves nothing running."""

    def __init__(self, folder: Path) -> None:
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("EVALHUB_", "DJANGO_"))}
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        self.folder, self.groups = folder, list[int]()
        self.environment = plain | QUIET | {"PATH": path, "COLUMNS": "200"}

    def types(self, commands: str) -> str:
        """What is printed on standard output. What is begun with & has files of its own."""
        with subprocess.Popen(
            ["bash", "-c", commands],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as shell:
            self.groups.append(shell.pid)
            out, err = shell.communicate(timeout=PATIENCE_S)
        self.said = err
        return out

    def leaves(self) -> None:
        for group in self.groups:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


@contextmanager
def reader(folder: Path) -> Iterator[Reader]:
    somebody = Reader(folder)
    try:
        yield somebody
    finally:
        somebody.leaves()


def test_the_story_ends_as_the_page_tells_it(tmp_path: Path) -> None:
    """A verdict, an exit code or a sentence that the page has and the program hasn't fails."""
    needs_torch()
    port, compared = a_free_port(), 0
    with reader(tmp_path) as olga:
        for commands, expected in steps(PAGE):
            printed = olga.types(re.sub(r"(:|--port )8000\b", rf"\g<1>{port}", commands))
            lines = [line.strip() for line in printed.splitlines()]
            for line in expected:
                assert any(each.startswith(line.strip()) for each in lines), (
                    f"the page says {line!r}; printed was:\n{printed}\n{olga.said}"
                )
                compared += 1
        moves = json.loads(olga.types("evalhub history tuned --project desk --json"))
        losses = json.loads((tmp_path / "mixed" / "evalhub-training.json").read_text())["losses"]
    assert compared > 30
    assert [each["stage"] for each in moves] == ["retired", "champion"]
    assert losses[-1][1] < losses[0][1] / 10, "it was trained in earnest"

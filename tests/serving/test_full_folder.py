"""An upload that finds no room on the disk, at a real server and on a real file system."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALONE = ["unshare", "--map-root-user", "--mount"]


@pytest.mark.heavy
def test_a_body_that_the_server_can_t_put_aside_is_507(tmp_path: Path) -> None:
    if subprocess.run([*ALONE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not mount anything (unshare --map-root-user --mount)")
    done = subprocess.run(
        [*ALONE, sys.executable, "-m", "tests.serving.full_folder", tmp_path / "small", tmp_path],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    program, browser, after = json.loads(done.stdout)
    assert program == browser == {"status": 507, "says": True}
    assert after == {"status": 200, "says": True}

"""Settings as other environments give them, each read by a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PRINT = "from evalhub import settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)"


@pytest.mark.parametrize(
    ("origins", "secure"), [("", "False False"), ("https://evals.example.org", "True True")]
)
def test_cookies_are_for_https_alone_behind_a_proxy_that_speaks_it(
    origins: str, secure: str, tmp_path: Path
) -> None:
    environment = os.environ | {
        "EVALHUB_HOME": str(tmp_path),
        "EVALHUB_TRUSTED_ORIGINS": origins,
    }
    printed = subprocess.check_output([sys.executable, "-c", PRINT], env=environment, text=True)
    assert printed.strip() == secure


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    environment = os.environ | {"EVALHUB_HOME": str(tmp_path)}
    code = "from evalhub import settings as s; print(s.SECRET_KEY)"
    keys = {
        subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
        for _ in range(2)
    }
    assert len(keys) == 1
    assert len(keys.pop().strip()) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600

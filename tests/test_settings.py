"""Settings as other environments give them, each read by a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PRINT = (
    "from evalhub import settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, "
    "s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS > 0, s.CSRF_TRUSTED_ORIGINS, s.ALLOWED_HOSTS[3:])"
)


@pytest.mark.parametrize(
    ("url", "follows"),
    [
        ("", "False False False False [] ['localhost']"),
        (
            "https://evals.example.org/",
            "True True True True ['https://evals.example.org'] ['evals.example.org']",
        ),
        (
            "http://evals.example.org:8000",
            "False False False False ['http://evals.example.org:8000'] ['evals.example.org']",
        ),
        (  # as browsers write it: what a scheme's own port and large letters add is left out
            "HTTPS://Evals.example.org:443",
            "True True True True ['https://evals.example.org'] ['evals.example.org']",
        ),
        (
            "https://bücher.example.org:8443/",
            "True True True True ['https://xn--bcher-kva.example.org:8443'] "
            "['xn--bcher-kva.example.org']",
        ),
        ("https://[fd00::7]:8443", "True True True True ['https://[fd00::7]:8443'] ['[fd00::7]']"),
    ],
)
def test_what_https_needs_follows_from_the_address(url: str, follows: str, tmp_path: Path) -> None:
    environment = os.environ | {"EVALHUB_HOME": str(tmp_path), "EVALHUB_URL": url}
    printed = subprocess.check_output([sys.executable, "-c", PRINT], env=environment, text=True)
    assert printed.strip() == follows


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"EVALHUB_URL": "evals.example.org"}, "EVALHUB_URL is a scheme and a host"),
        ({"EVALHUB_URL": "https://e.example.org/evals"}, "without a path"),
        ({"EVALHUB_URL": "https://eva:secret@e.example.org"}, "EVALHUB_URL is a scheme and a host"),
        ({"EVALHUB_URL": "https://e.example.org:99999"}, "EVALHUB_URL is a scheme and a host"),
        ({"EVALHUB_URL": "https://*"}, "EVALHUB_URL is a scheme and a host"),
        ({"EVALHUB_TRUSTED_PROXY": "proxy"}, "EVALHUB_TRUSTED_PROXY: 'proxy' is no IP address"),
        ({"EVALHUB_TRUSTED_ORIGINS": "https://e.example.org"}, "as EVALHUB_URL"),
        ({"EVALHUB_MAIL_URL": "imap://eva:secret@e.example.org"}, "EVALHUB_MAIL_URL isn't of the"),
        ({"EVALHUB_DEBUG": "1", "EVALHUB_URL": "https://e.example.org"}, "this machine alone"),
    ],
)
def test_a_variable_that_cannot_be_is_named_in_one_sentence(
    variables: dict[str, str], said: str, tmp_path: Path
) -> None:
    ended = subprocess.run(
        [Path(sys.executable).parent / "evalhub", "doctor"],
        env=os.environ | {"EVALHUB_HOME": str(tmp_path)} | variables,
        text=True,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 64
    assert said in " ".join(ended.stderr.split())
    assert "secret" not in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.heavy
def test_errors_are_not_shown_to_other_machines(tmp_path: Path) -> None:
    ended = subprocess.run(
        [Path(sys.executable).parent / "evalhub", "up", "--host", "0.0.0.0", "--port", "0"],
        env=os.environ | {"EVALHUB_HOME": str(tmp_path), "EVALHUB_DEBUG": "1"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 64
    assert "other machines can: unset it" in ended.stderr


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    environment = os.environ | {"EVALHUB_HOME": str(tmp_path)}
    code = "from evalhub import settings as s; print(s.SECRET_KEY)"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environment, text=True, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    keys = {process.communicate()[0] for process in started}
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert len(keys.pop().strip()) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


MAIL = "from evalhub import settings as s; print(s.MAILERS['default'])"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "{'BACKEND': 'django.core.mail.backends.dummy.EmailBackend'}"),
        (
            "smtps://eva%40example.org:p%2Fw@mail.example.org",
            "'host': 'mail.example.org', 'port': 465, 'username': 'eva@example.org', "
            "'password': 'p/w', 'use_tls': False, 'use_ssl': True",
        ),
        ("smtp+tls://mail.example.org", "'port': 587, 'username': '', 'password': '', 'use_tls'"),
        ("smtp://localhost:2525", "'port': 2525"),
    ],
)
def test_mail_goes_by_one_url(url: str, said: str, tmp_path: Path) -> None:
    environment = os.environ | {"EVALHUB_HOME": str(tmp_path), "EVALHUB_MAIL_URL": url}
    command = [sys.executable, "-c", MAIL]
    assert said in subprocess.check_output(command, env=environment, text=True)


def test_a_mail_url_that_cannot_be_is_refused_without_repeating_its_password(
    tmp_path: Path,
) -> None:
    environment = os.environ | {
        "EVALHUB_HOME": str(tmp_path),
        "EVALHUB_MAIL_URL": "imap://eva:secret@mail.example.org",
    }
    command = [sys.executable, "-c", MAIL]
    ended = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    assert ended.returncode != 0
    assert "EVALHUB_MAIL_URL isn't of the form" in ended.stderr
    assert "secret" not in ended.stderr

"""A site whose pages fail, with secrets all around: none is in a page, in the log, in a report."""

import json
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.services import a_free_port
from tests.serving.site import BIN, PATIENCE_S, Site, ask, environment, up

SECRETS = {
    "the session's key": "signing-key-0123456789-0123456789-0123456789-abcdef",
    "the mail's password": "mail-password-1",
    "a model's key": "sk-of-the-model-server",
    "the token for metrics": "metrics-token-1",
    "a token for signing in": "A-token-that-signs-in",
    "a cookie": "cookie-of-somebody",
    "a bearer": "bearer-of-somebody",
    "what was asked": "asked-for-with-a-code",
    "what was typed": "typed-in-a-form",
}
ENVIRONMENT = {
    "EVALHUB_SECRET_KEY": SECRETS["the session's key"],
    "EVALHUB_MAIL_URL": "smtps://eva:mail-password-1@mail.example.org",
    "EVALHUB_METRICS_TOKEN": SECRETS["the token for metrics"],
    "OPENAI_API_KEY": SECRETS["a model's key"],
}
HEADERS = {
    "Cookie": "sessionid=cookie-of-somebody; csrftoken=cookie-of-somebody-else",
    "Authorization": "Bearer bearer-of-somebody",
}


@pytest.fixture(scope="module", params=["text", "json"])
def broken(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site in debug mode whose table of sign-in links was dropped under its feet."""
    more = {"EVALHUB_DEBUG": "1", "EVALHUB_LOG": request.param}
    with up(tmp_path_factory.mktemp("broken"), **ENVIRONMENT | more) as site:
        with closing(sqlite3.connect(site.home / "evalhub.sqlite3")) as database:
            database.execute("DROP TABLE accounts_signinlink")
        yield site


def holds_none(text: str) -> bool:
    found = [name for name, secret in SECRETS.items() if secret in text]
    assert found == []
    return True


@pytest.mark.heavy
@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
def test_the_page_of_an_error_shows_where_it_happened_and_no_secret(
    broken: Site, accept: str
) -> None:
    path = f"/accounts/sign-in/{SECRETS['a token for signing in']}/?code=asked-for-with-a-code"
    page = ask(broken.port, path, Accept=accept, **HEADERS)
    assert page.status == 500
    assert "no such table: accounts_signinlink" in page.text
    assert "user_of" in page.text  # the function, and its lines
    assert holds_none(page.text)
    assert holds_none(broken.log.read_text())
    assert "no such table" in broken.log.read_text()


@pytest.mark.heavy
def test_a_form_that_fails_repeats_nothing_of_what_was_typed(broken: Site) -> None:
    page = ask(
        broken.port,
        f"/accounts/sign-in/{SECRETS['a token for signing in']}/",
        method="POST",
        body="password=typed-in-a-form",
        Content_Type="application/x-www-form-urlencoded",
        **HEADERS,
    )
    assert page.status in (403, 500)
    assert holds_none(page.text)
    assert holds_none(broken.log.read_text())


@pytest.mark.heavy
def test_what_a_command_reports_in_debug_mode_has_no_secret(broken: Site) -> None:
    """`user link` meets the missing table; the doctor says what is configured."""
    with pytest.raises(AssertionError) as failed:
        broken.command("user", "link", "nobody")
    assert holds_none(str(failed.value))
    with pytest.raises(AssertionError) as damaged:  # the doctor says so, and ends with 69
        broken.command("doctor", "--json")
    assert "it has no table accounts_signinlink" in str(damaged.value)
    assert holds_none(str(damaged.value))


@pytest.mark.heavy
def test_a_worker_s_log_has_no_secret_when_its_queue_does_not_answer(tmp_path: Path) -> None:
    log = tmp_path / "log"
    address = f"redis://:queue-password-1@127.0.0.1:{a_free_port()}/0"
    given = environment(
        tmp_path / "home", ENVIRONMENT | {"EVALHUB_LOG": "json", "EVALHUB_REDIS_URL": address}
    )
    with (
        log.open("w") as errors,
        subprocess.Popen([BIN / "evalhub", "worker"], env=given, stderr=errors) as process,
    ):
        try:
            until = time.monotonic() + PATIENCE_S
            while "the queue can't be used" not in log.read_text() and time.monotonic() < until:
                time.sleep(0.2)
        finally:
            process.kill()
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert {"celery.worker.consumer.consumer", "runners.outages"} <= {
        line["logger"] for line in lines
    }
    assert "queue-password-1" not in log.read_text()
    assert holds_none(log.read_text())

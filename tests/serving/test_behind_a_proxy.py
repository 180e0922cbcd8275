"""One EVALHUB_URL, and every link, cookie and header follows, behind a real proxy process."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.architecture.test_containers import ROOT, filled_in
from tests.fakes.proxy import proxy_to
from tests.migrated import a_migrated_database
from tests.serving.site import BIN, Site, ask, environment, up

HOST = "evalhub.example.org"
URL = f"https://{HOST}"
READY = {"ready": True, "reasons": [], "warnings": [], "queue": "inside"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with up(tmp_path_factory.mktemp("proxied"), EVALHUB_URL=URL) as running:
        yield running


@pytest.mark.heavy
def test_the_printed_lines_and_the_commands_links_lead_to_the_address(site: Site) -> None:
    assert f"Evalhub is at {URL}, by a proxy that speaks to http://localhost:" in site.printed
    assert f"  {URL}/accounts/" in site.printed
    made = site.command("user", "add", "nour", "--project", "support", "--role", "owner")
    assert f"  {URL}/accounts/" in made
    assert f"  {URL}/accounts/" in site.command("user", "link", "nour")


def test_what_comes_by_https_is_answered_with_cookies_and_headers_for_it(site: Site) -> None:
    with proxy_to(site.url) as port:
        page = ask(port, "/accounts/login/", host=HOST)
    assert page.status == 200
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert all("; Secure" in cookie for cookie in page.headers.get_all("Set-Cookie") or [])
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert page.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "camera=()" in page.headers["Permissions-Policy"]


def test_what_comes_without_https_is_sent_there(site: Site) -> None:
    with proxy_to(site.url, scheme="http") as port:
        page = ask(port, "/accounts/login/?next=/x", host=HOST)
    assert page.status == 301
    assert page.headers["Location"] == f"{URL}/accounts/login/?next=/x"


@pytest.mark.heavy
def test_a_form_signs_in_over_the_proxy_and_the_redirect_stays_on_https(site: Site) -> None:
    made = site.command("user", "add", "sami", "--project", "support", "--role", "owner")
    link = re.search(rf"{URL}(/\S+)", made)
    assert link
    with proxy_to(site.url) as port:
        shown = ask(port, link[1], host=HOST)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown.text)
        assert token
        cookies = "; ".join(
            each.partition(";")[0] for each in shown.headers.get_all("Set-Cookie") or []
        )
        signed_in = ask(
            port,
            link[1],
            method="POST",
            host=HOST,
            body=f"csrfmiddlewaretoken={token[1]}",
            Content_Type="application/x-www-form-urlencoded",
            Cookie=cookies,
            Origin=URL,
            Referer=URL + link[1],
        )
    assert signed_in.status == 302, signed_in.text
    assert signed_in.headers["Location"].startswith(("/", URL))
    [session] = [
        each for each in signed_in.headers.get_all("Set-Cookie") or [] if "sessionid" in each
    ]
    assert "; Secure" in session
    assert "; HttpOnly" in session


@pytest.mark.heavy
def test_nobody_else_is_believed_about_https_or_an_address(tmp_path: Path) -> None:
    """The proxy is declared to be elsewhere: what comes from here speaks for itself."""
    with up(tmp_path, EVALHUB_URL=URL, EVALHUB_TRUSTED_PROXY="192.0.2.7") as site:
        page = ask(
            site.port,
            "/accounts/login/",
            host=HOST,
            X_Forwarded_Proto="https",
            X_Forwarded_For="203.0.113.9",
            Forwarded="proto=https;for=203.0.113.9",
        )
    assert page.status == 301


@pytest.mark.heavy
def test_a_proxy_anywhere_in_a_declared_network_is_believed(tmp_path: Path) -> None:
    with (
        up(tmp_path, EVALHUB_URL=URL, EVALHUB_TRUSTED_PROXY="192.0.2.7, 127.0.0.0/8") as site,
        proxy_to(site.url) as port,
    ):
        assert ask(port, "/accounts/login/", host=HOST).status == 200


def test_another_name_is_not_answered_to(site: Site) -> None:
    with proxy_to(site.url) as port:
        assert ask(port, "/accounts/login/", host="evil.example.org").status == 400


@pytest.mark.heavy
def test_static_files_may_be_kept(site: Site) -> None:
    with proxy_to(site.url) as port:
        page = ask(port, "/accounts/login/", host=HOST)
        sheet = re.search(r'href="(/static/[^"]+\.css[^"]*)"', page.text)
        assert sheet
        file = ask(port, sheet[1], host=HOST)
    assert file.status == 200
    assert "public" in file.headers["Cache-Control"]


@pytest.mark.heavy
@pytest.mark.services
def test_the_grown_set_up_without_containers(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    """Two processes, PostgreSQL, Redis and a worker, in the environment of docker-compose.yml."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    url = a_migrated_database(postgres_url, "behind_a_proxy")
    here = {"EVALHUB_DATABASE_URL": url, "EVALHUB_REDIS_URL": redis_url}
    web, worker = (filled_in(services[name]["environment"]) | here for name in ("web", "worker"))
    with (
        up(tmp_path, "--processes", "2", **web | {"EVALHUB_TRUSTED_PROXY": "127.0.0.1"}) as site,
        a_worker(environment(tmp_path / "worker", worker)) as working,
    ):
        made = site.command("user", "add", "nour", "--project", "support", "--role", "owner")
        assert f"  {URL}/accounts/" in made
        with proxy_to(site.url) as port:
            page = ask(port, "/accounts/login/", host=HOST)
            assert page.headers["Strict-Transport-Security"]
            assert ask(port, "/metrics", host=HOST).status == 401
        ready = ask(site.port, "/readyz")
        assert ready.status == 200
        said = json.loads(ready.text)
        assert (said["reasons"], said["queue"]) == ([], "answers")
        assert working.poll() is None
    lines = [json.loads(line) for line in site.log.read_text().splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*map(set, lines))
    assert not (tmp_path / "worker" / "secret_key").exists()


@contextmanager
def a_worker(variables: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([BIN / "evalhub", "worker"], env=variables) as process:
        try:
            yield process
        finally:
            process.terminate()

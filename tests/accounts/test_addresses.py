"""The site's one address: where it is known from, and that nothing else makes absolute ones."""

import ast
import fcntl
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from evalhub.accounts import addresses
from evalhub.accounts.adapters import Passkeys, SiteAccounts
from evalhub.accounts.addresses import LOCALLY, RECORD, OneAddress, absolute, announce

ROOT = Path(addresses.__file__).resolve().parents[2]  # also where a wheel was installed
TEXTS = {
    path: path.read_text(encoding="utf-8")
    for room in ("evalhub", "reviews", "runners")
    for path in (ROOT / room).rglob("*.py")
}
URL = "https://evalhub.example.org:8443"


@pytest.fixture
def home(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home in which nothing runs; what is announced in it is forgotten at the end."""
    settings.HOME = tmp_path
    monkeypatch.setattr(addresses, "_own", "")
    monkeypatch.setattr(addresses, "_lock", None)
    yield tmp_path
    if addresses._lock is not None:
        addresses._lock.close()


def built(path: str, location: str | None = None) -> str:
    """What a library gets that asks a forged request for an absolute address."""
    got = []

    def view(request: HttpRequest) -> HttpResponse:
        got.append(request.build_absolute_uri(location))
        return HttpResponse()

    OneAddress(view)(RequestFactory().get(path, headers={"Host": "evil.test"}))
    return got[0]


@pytest.mark.parametrize(
    ("path", "location", "address"),
    [
        ("/a/b/?c=d", None, "/a/b/?c=d"),
        ("/a/b/?c=d", "/x/?y=ü", "/x/?y=%C3%BC"),
        ("/a/b/?c=d", "x/", "/a/b/x/"),
        ("/a/b/?c=d", "../x/", "/a/x/"),
        ("/a/b/?c=d", "?x=y", "/a/b/?x=y"),
    ],
)
def test_a_forged_request_has_the_sites_addresses(
    settings: Settings, path: str, location: str | None, address: str
) -> None:
    settings.SITE_URL = URL
    assert built(path, location) == URL + address


def test_an_address_that_is_whole_stays_as_it_is(settings: Settings) -> None:
    settings.SITE_URL = URL
    assert built("/a/", "https://login.example.org/x") == "https://login.example.org/x"


def test_the_environment_goes_before_what_listens(settings: Settings, home: Path) -> None:
    assert absolute("/x/") == f"{LOCALLY}/x/"
    announce("http://localhost:9000")
    assert absolute("/x/") == "http://localhost:9000/x/"
    settings.SITE_URL = URL
    assert absolute("/x/") == f"{URL}/x/"


def test_another_process_of_the_home_knows_where_the_site_listens_while_it_does(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce("http://localhost:9000")
    monkeypatch.setattr(addresses, "_own", "")  # as if this were another process
    assert absolute("/") == "http://localhost:9000/"
    assert (home / RECORD).stat().st_mode & 0o077 == 0
    assert addresses._lock is not None
    addresses._lock.close()  # as when it is killed: the record stays, unlocked
    assert (home / RECORD).read_text() == "http://localhost:9000"
    assert absolute("/") == f"{LOCALLY}/"
    announce("http://localhost:91")
    monkeypatch.setattr(addresses, "_own", "")
    assert absolute("/") == "http://localhost:91/"


def test_of_two_sites_of_a_home_the_first_one_is_known(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(addresses, "PAUSE_S", 0)
    with (home / RECORD).open("w") as first:
        first.write("http://localhost:9000")
        first.flush()
        fcntl.flock(first, fcntl.LOCK_EX)
        announce("http://localhost:9001")
        assert absolute("/") == "http://localhost:9001/"
        assert caplog.messages == [
            f"another site runs from {home}: commands print its address, http://localhost:9000"
        ]
        monkeypatch.setattr(addresses, "_own", "")
        assert absolute("/") == "http://localhost:9000/"


def test_passkeys_are_bound_to_the_sites_host(settings: Settings) -> None:
    settings.SITE_URL = URL
    rp = Passkeys().get_public_key_credential_rp_entity()
    assert rp == {"id": "evalhub.example.org", "name": "Evalhub"}


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("/studies/", True),
        (f"{URL}/studies/", True),
        ("https://evalhub.example.org/studies/", False),
        ("http://evalhub.example.org:8443/", False),
        ("https://evil.test/", False),
        ("//evil.test/", False),
        ("http://localhost:8000/", False),
    ],
)
def test_nobody_is_sent_on_to_another_site(settings: Settings, address: str, allowed: bool) -> None:
    settings.SITE_URL, settings.HTTPS = URL, True
    settings.ALLOWED_HOSTS = ["*", "localhost"]
    assert SiteAccounts().is_safe_url(address) is allowed


def names(path: Path) -> set[str]:
    """The names of this file's attributes, called or not, and of what it imports."""
    tree = ast.parse(TEXTS[path])
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imports = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return attributes | imports


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("build_absolute_uri", {"evalhub/accounts/addresses.py"}),
        ("SITE_URL", {"evalhub/accounts/addresses.py", "evalhub/accounts/passkeys.py"}),
        ("LOCALLY", {"evalhub/cli/links.py"}),
        # whose page a form is, where CSRF's own check looks at the host too: no address is made
        ("get_host", {"evalhub/accounts/draft_recovery.py", "evalhub/frames/page/read_from.py"}),
        ("_current_scheme_host", set()),
        ("get_current_site", set()),
    ],
)
def test_one_file_makes_absolute_addresses(name: str, files: set[str]) -> None:
    printed = {"evalhub/cli/site.py", "evalhub/cli/deploy_checks.py"}  # what is configured, said
    having = [path for path, text in TEXTS.items() if name in text]
    using = {str(path.relative_to(ROOT)) for path in having if name in names(path)}
    assert using - (printed if name == "SITE_URL" else set()) == files


def test_no_template_and_no_other_file_has_an_address_of_its_own() -> None:
    templates = [
        path
        for room in ("evalhub", "reviews")
        for path in (ROOT / room).rglob("templates/**/*")
        if path.suffix in (".html", ".txt")
    ]
    assert len(templates) > 100
    own = re.compile(r"build_absolute_uri|get_host|current_site|site\.domain|localhost:8000")
    assert [str(path) for path in templates if own.search(path.read_text(encoding="utf-8"))] == []
    using = [path for path, text in TEXTS.items() if "localhost:8000" in text]
    assert using == [ROOT / "evalhub" / "accounts" / "addresses.py"]

"""docs/how-to/laptop-to-thirty.md followed from its first line to its last, by the wheel."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, expect

from tests.e2e.browser import FLAGS
from tests.e2e.machine import SYSTEM_PATH, Block, Machine, blocks, until_it_answers
from tests.e2e.test_growing_up import STUDY
from tests.e2e.test_signing_in import with_authenticator
from tests.e2e.test_wheel import ROOT, call
from tests.fakes.oidc_server import OIDCServer
from tests.fakes.smtp_server import SMTPServer
from tests.services import a_free_port

pytestmark = [pytest.mark.heavy, pytest.mark.services, pytest.mark.browser]

PAGE = "how-to/laptop-to-thirty.md"
SITE = "https://evalhub.example.org"
RUTH = {
    "sub": "7",
    "preferred_username": "ruth",
    "email": "ruth@example.org",
    "email_verified": True,
    "groups": ["support"],
}


def a_study(folder: Path, name: str) -> None:
    """A study file NAME.yaml of a candidate that is right on 160 of 200 items of its own."""
    shift = len(name)
    items = [{"id": str(i), "input": f"{i} + {shift} =", "reference": f"{i}"} for i in range(200)]
    rows = {f"{name}-sums": items} | {
        f"{name}-{arm}": [{"id": f"{i}", "output": f"{i if i < right else -1}"} for i in range(200)]
        for arm, right in {"base": 120, "tuned": 160}.items()
    }
    for file, lines in rows.items():
        (folder / f"{file}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in lines))
    text = STUDY.replace("project: sums", "project: desk").replace("Shall we", f"Shall {name}")
    text = re.sub(r"(base|tuned|sums)\.jsonl", rf"{name}-\1.jsonl", text)
    (folder / f"{name}.yaml").write_text(text)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    call(shutil.which("uv") or "uv", "build", "--wheel", "--out-dir", folder, ROOT, at=folder)
    [built] = folder.glob("evalhub_gate-*.whl")
    return built


@pytest.fixture
def mail_server() -> Iterator[SMTPServer]:
    with SMTPServer() as server:
        yield server


@pytest.fixture
def provider() -> Iterator[OIDCServer]:
    with OIDCServer(person=RUTH) as server:
        yield server


@pytest.fixture
def machine(
    tmp_path: Path, postgres_url: str, redis_url: str, mail_server: SMTPServer, provider: OIDCServer
) -> Iterator[Machine]:
    if shutil.which("nginx", path=SYSTEM_PATH) is None:
        missing = "nginx not found: install it (Debian: apt-get install nginx-light)"
        if os.environ.get("TESTS_IN_CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    database = postgres_url.replace("postgres@/postgres", "evalhub:correcthorse@/evalhub")
    site = a_free_port()
    machine = Machine(
        tmp_path,
        {
            "postgresql://evalhub:correcthorse@localhost:5432/evalhub": database,
            "redis://localhost:6379/0": f"{redis_url}/6",
            "smtp://mail.example.org": mail_server.url,
            "https://login.example.org": provider.url,
            "--port 8000": f"--port {site}",
            "127.0.0.1:8000": f"127.0.0.1:{site}",
            "listen 443 ssl": f"listen 127.0.0.1:{a_free_port()} ssl",
            "listen 80": f"listen 127.0.0.1:{a_free_port()}",
        },
        postgres_url,
    )
    yield machine
    for process in machine.services.values():
        process.kill()
        process.wait()


def port(machine: Machine, listens: str) -> int:
    """The port of this machine that stands for one of the page."""
    return int(re.findall(r"\d+", machine.replaced[listens].replace("127.0.0.1", ""))[0])


@pytest.fixture
def chromium(
    machine: Machine, browser_type: BrowserType, browser_type_launch_args: dict[str, Any]
) -> Iterator[Callable[[], Browser]]:
    """Starts a browser that finds the site at its own name and trusts its certificate."""
    started: list[Browser] = []

    def start() -> Browser:
        pem = (machine.root / "etc/evalhub/tls/site.crt").read_bytes()
        key = x509.load_pem_x509_certificate(pem).public_key()
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        digest = base64.b64encode(hashlib.sha256(der).digest()).decode()
        name = SITE.removeprefix("https://")
        flags = [
            f"--host-resolver-rules=MAP {name}:443 127.0.0.1:{port(machine, 'listen 443 ssl')}",
            f"--ignore-certificate-errors-spki-list={digest}",
        ]
        browser = browser_type.launch(**browser_type_launch_args | {"args": [*FLAGS, *flags]})
        started.append(browser)
        return browser

    yield start
    for browser in started:
        browser.close()


def signed_in_by_passkey(browser: Browser, link: str) -> Page:
    """Olga opens the operator's link, adds a passkey, and comes back by it."""
    page = browser.new_context().new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "sign-in" not in address)
    with_authenticator(page)
    page.goto(f"{SITE}/accounts/")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("What you call it").fill("Laptop")
    page.get_by_role("button", name="Make it on this device").click()
    expect(page.locator("strong", has_text="Laptop")).to_be_visible()
    page.get_by_role("button", name="Menu of olga").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("button", name="Menu of olga")).to_be_visible()
    return page


def joined_by_mail(olga: Page, browser: Browser, mail_server: SMTPServer) -> Page:
    """Olga invites Nora, whom the provider doesn't know; Nora opens the link of the mail."""
    olga.goto(f"{SITE}/projects/desk/members/")
    olga.get_by_label("Mail address, or name").fill("nora@example.org")
    olga.get_by_role("button", name="Invite").click()
    expect(olga.get_by_text("nora@example.org is invited by mail.")).to_be_visible()
    mail = mail_server.newest(to="nora@example.org")
    assert mail["From"] == "evalhub@example.org"
    link = re.search(r"https?://\S+", mail.get_content())
    assert link
    assert link[0].startswith(f"{SITE}/")
    page = browser.new_context().new_page()
    page.goto(link[0])
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
    return page


def signed_in_by_provider(context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto(f"{SITE}/accounts/login/")
    page.get_by_role("button", name="Sign in with Example ID").click()
    expect(page.get_by_role("banner")).to_contain_text("ruth")
    return page


def laptop(machine: Machine, wheel: Path, steps: list[Block]) -> None:
    """The first section, in a folder of its own; `evalhub up` until it is interrupted."""
    folder = machine.root / "laptop"
    folder.mkdir()
    a_study(folder, "study")
    uv = shutil.which("uv") or "uv"
    call(uv, "venv", "--quiet", "--python", sys.executable, folder / "env", at=folder)
    call(uv, "pip", "install", "--quiet", "--python", folder / "env", wheel, at=folder)
    evalhub = folder / "env" / "bin" / "evalhub"
    first, second = steps
    assert first.text.splitlines() == ["evalhub study run study.yaml", "evalhub up"]
    assert "ship" in call(evalhub, *first.text.splitlines()[0].split()[1:], at=folder)
    with subprocess.Popen(
        [evalhub, "up", "--port", "0"], cwd=folder, stdout=subprocess.PIPE, text=True,
        env={"PATH": SYSTEM_PATH, "HOME": str(folder)},
    ) as up:  # fmt: skip
        assert up.stdout
        until_it_answers(re.findall(r"http://\S+", up.stdout.readline())[0] + "/accounts/login/")
        up.terminate()
    assert up.returncode == 0
    call(evalhub, *second.text.split()[1:], at=folder)
    shutil.copy(folder / "laptop.jsonl.gz", machine.root / "srv/incoming")
    shutil.copy(wheel, machine.root / "srv/incoming")


def test_the_page_is_gone_from_its_first_line_to_its_last(
    machine: Machine, wheel: Path, mail_server: SMTPServer, chromium: Callable[[], Browser]
) -> None:
    whole = blocks(PAGE)
    laptop(machine, wheel, [block for block in whole if block.heading == "1. The laptop"])
    a_study(machine.root / "srv/evalhub", "next")
    printed: dict[str, list[str]] = {}
    browser: Browser | None = None
    for block in whole:
        if block.heading == "1. The laptop":
            continue
        if block.language != "sh":
            machine.write(block)
            continue
        if block.text.startswith("evalhub-admin user deactivate nora"):
            assert browser
            olga = signed_in_by_passkey(browser, printed["6. The first owner"][0].split()[-1])
            nora = joined_by_mail(olga, browser, mail_server)
            signed_in_by_provider(browser.new_context())
            users = machine.run("evalhub-admin user list")
            nora_is = re.search(r"^(.*nora.*): reviewer of desk$", users, re.MULTILINE)
            assert nora_is, users
            assert "olga: owner of desk" in users
            assert "ruth: reviewer of desk" in users
            machine.run(block.text.replace("nora", nora_is[1]))
            nora.reload()
            expect(nora.get_by_role("heading", name="Sign in")).to_be_visible()
            olga.goto(f"{SITE}/studies/")
            expect(olga.get_by_text("Shall next ship?")).to_be_visible()
            expect(olga.get_by_text("Shall study ship?")).to_be_visible()
            continue
        if "doctor --deploy" in block.text:
            *before, doctor = block.text.strip().splitlines()
            machine.run("\n".join(before))
            until_it_answers(f"http://127.0.0.1:{port(machine, '--port 8000')}/readyz")
            machine.run(doctor)
            browser = chromium()
            continue
        printed.setdefault(block.heading, []).append(machine.run(block.text))

    assert "Ship tuned gains" in printed["8. Work"][0]
    assert re.search(r"evalhub-\d{8}T\d{6}Z\.jsonl\.gz", printed["9. Nights and weeks"][0])
    assert "Restored: " in machine.log("evalhub-trial")
    assert redirected(machine) == f"{SITE}/studies/"
    assert '"request"' in machine.log("evalhub"), "EVALHUB_LOG=json"
    machine.stop()


def redirected(machine: Machine) -> str:
    """Where nginx sends whoever comes without https."""

    class Stays(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    address = f"http://127.0.0.1:{port(machine, 'listen 80')}/studies/"
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.build_opener(Stays).open(address, timeout=10)
    assert answer.value.code == 301
    return str(answer.value.headers["Location"])

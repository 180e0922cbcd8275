"""Production without a text: a site as it comes, on SQLite, that NDJSON is sent to."""

import datetime
import gzip
import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.features.traffic.test_pages import read
from tests.serving.site import BIN, Site, up

pytestmark = pytest.mark.heavy

REQUESTS, BATCH = 2_000, 500
OF = ("--project", "desk")
SECRET = "My address is nora@example.org, between the two churches."
PAGES = ("", "slices/", "requests/", "signals/", "not-taken/", "keeping/", "sending/")
BAD_USAGE, BAD_DATA = 64, 65


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with up(tmp_path) as site:
        site.command("user", "add", "olga", *OF, "--role", "owner")
        yield site


def a_row(n: int, now: datetime.datetime) -> dict[str, Any]:
    """One in forty failed; half of the messages are German; each has a text that isn't kept."""
    return {
        "id": f"r{n}",
        "time": (now - datetime.timedelta(seconds=20 * n)).isoformat(),
        "model": "support-v7",
        "user": f"user-{n % 300}",
        "conversation": f"c{n // 2}",
        "turn": n % 2,
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "latency_ms": 400 + n % 100,
        "error_type": "Timeout" if n % 40 == 0 else "",
        "route": "billing" if n % 4 == 0 else "returns",
        "language": "de" if n % 2 else "en",
        "messages": [{"role": "user", "content": SECRET}],
    }


def send(site: Site, secret: str, kind: str, rows: Sequence[dict[str, Any]]) -> Any:
    body = gzip.compress("".join(f"{json.dumps(row)}\n" for row in rows).encode())
    headers = {
        "Authorization": f"Bearer {secret}",
        "Content-Type": "application/x-ndjson",
        "Content-Encoding": "gzip",
    }
    address = f"{site.url}/api/v1/projects/desk/{kind}"
    with urllib.request.urlopen(urllib.request.Request(address, body, headers)) as answer:
        return json.load(answer)


def signed_in(site: Site) -> urllib.request.OpenerDirector:
    """A browser of Olga's, who has opened the link that the command prints."""
    [link] = re.findall(r"http://\S+", site.command("user", "link", "olga"))
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    address = site.url + urlsplit(link).path
    with opener.open(address) as page:
        [token] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    opener.open(address, urlencode({"csrfmiddlewaretoken": token}).encode()).close()
    return opener


def refusal(site: Site, *words: str, code: int) -> str:
    """What `evalhub …` says as it ends with this code."""
    done = subprocess.run(
        [BIN / "evalhub", *words],
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr


def test_all_but_a_sample_works(site: Site) -> None:
    now = datetime.datetime.now(datetime.UTC)
    sent_once_whatever_is_sent_again(site, now)
    status = json.loads(site.command("traffic", "status", *OF, "--json"))
    assert status["served"] == [{"name": "support-v7", "requests": REQUESTS, "version": None}]
    assert status["text_share"] == 0
    pages_show_it(site)
    sample = refusal(site, "traffic", "sample", *OF, "--since", "7d", "--n", "100", code=BAD_DATA)
    assert sample == (
        f"evalhub: field 'since': {REQUESTS:,} requests came in this time, and no texts are "
        "stored: are they kept (`evalhub traffic settings`)?\n"
    )
    study = refusal(site, "study", "init", "shadow", "--from-traffic", *OF, code=BAD_USAGE)
    assert "has no sample: `evalhub traffic sample` draws one" in study
    stored = b"".join(path.read_bytes() for path in site.home.rglob("*") if path.is_file())
    for text in (SECRET, "nora@", "user-7", "two churches"):
        assert text.encode() not in stored


def sent_once_whatever_is_sent_again(site: Site, now: datetime.datetime) -> None:
    """All requests, after signals about some of them; a batch twice, with a row that is wrong."""
    secret = site.command("token", "add", "gateway", *OF, "--scope", "traffic").strip()
    rows = [a_row(n, now) for n in range(REQUESTS)]
    thumbs = [
        {
            "id": f"s{n}",
            "time": now.isoformat(),
            "name": "thumb",
            "value": n % 2,
            "request": f"r{n}",
        }
        for n in range(REQUESTS - 100, REQUESTS + 1)
    ]
    waiting = send(site, secret, "signals", thumbs)
    assert (waiting["signals"], waiting["waiting"]) == (101, 101)
    for first in range(0, REQUESTS, BATCH):
        assert send(site, secret, "requests", rows[first:][:BATCH])["requests"] == BATCH
    again = send(site, secret, "requests", [*rows[:BATCH], rows[0] | {"id": "x", "turn": -1}])
    assert (again["requests"], again["there_already"]) == (0, BATCH)
    assert again["refused"] == {"a number is negative": 1}


def pages_show_it(site: Site) -> None:
    browser = signed_in(site)
    address = f"{site.url}/projects/desk/production/"
    pages = {}
    for name in PAGES:
        with browser.open(f"{address}{name}?days=7") as page:
            pages[name] = read(page.read().decode())
    assert f"Requests {REQUESTS:,} Errors 50 (2.5%)" in pages[""]
    assert "Tokens in 200,000 (100 a request)" in pages[""]
    with browser.open(f"{address}?days=7&slice=route%3Abilling") as page:
        assert "Requests 500 Errors 50 (10%)" in read(page.read().decode())
    assert "A number is negative rest 1" in pages["not-taken/"]
    assert "1 signal waits for the request that it is about" in pages["not-taken/"]
    assert "thumb by person support-v7 unknown 100 0.50" in pages["signals/"]
    assert "at 0 no text is ever stored" in pages["keeping/"]

"""Nothing that strangers send keeps the real server from answering others."""

import http.client
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest

from evalhub.serving.server import ServerLimits
from evalhub.serving.strangers import AT_ONCE
from tests.serving.site import Reply, Site, ask, up

MIB = 1024**2
HALF = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Le"
SOON_S = 30  # on a machine that does other things too; unbounded it took two minutes, or for ever


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with up(tmp_path_factory.mktemp("limited")) as running:
        yield running


def half_sent(site: Site, held: ExitStack, sent: bytes = HALF) -> socket.socket:
    """A connection on which a request was begun, held open."""
    connection = held.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=60))
    connection.sendall(sent)
    return connection


def is_answered_soon(site: Site) -> bool:
    began = time.monotonic()
    page = ask(site.port, "/accounts/login/")
    return page.status == 200 and time.monotonic() - began < SOON_S


@pytest.mark.parametrize("connections", [120, 700])
def test_others_are_answered_while_requests_hang_half_sent(site: Site, connections: int) -> None:
    with ExitStack() as held:
        for _ in range(connections):
            half_sent(site, held)
        assert is_answered_soon(site)


@pytest.mark.heavy
@pytest.mark.alone
def test_a_request_that_comes_a_byte_at_a_time_is_cut_off(site: Site) -> None:
    with ExitStack() as held:
        header = half_sent(site, held)
        known = b"POST /x HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid=x\r\n"
        body = half_sent(site, held, known + b"Content-Length: 90000\r\n\r\n")
        until = time.monotonic() + 60
        cut: set[socket.socket] = set()
        while len(cut) < 2 and time.monotonic() < until:
            time.sleep(0.5)
            for connection in {header, body} - cut:
                try:
                    connection.sendall(b"a")
                except OSError:
                    cut.add(connection)
        assert cut == {header, body}


def post(
    site: Site, path: str, size: int, *, cookie: str = "", chunked: bool = False
) -> tuple[int, int]:
    """Posts so many bytes; the status of the answer, and how many bytes were taken before it."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as connection:
        how = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
        named = f"Cookie: {cookie}\r\n" if cookie else ""
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{named}{how}\r\n\r\n"
        connection.sendall(head.encode())
        block = b"x" * MIB
        piece = b"%x\r\n" % MIB + block + b"\r\n" if chunked else block
        sent = 0
        try:
            while sent < size:
                connection.sendall(piece)
                sent += MIB
        except OSError:
            pass
        return answered(connection), sent


def answered(connection: socket.socket) -> int:
    """The status that came back; 0 where the connection was cut before it could be read."""
    try:
        return int(connection.recv(1024).split()[1])
    except (OSError, IndexError):
        return 0


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("path", "cookie", "most"),
    [
        ("/accounts/login/", "", 0),
        ("/campaigns/upload/", "", 0),
        ("/accounts/login/", "sessionid=made-up", 3),
        ("/campaigns/upload/", "sessionid=made-up", 64),
    ],
)
def test_three_hundred_megabytes_are_refused_before_they_are_stored(
    site: Site, path: str, cookie: str, most: int, chunked: bool
) -> None:
    """What the system buffers on the way is not bounded here: some megabytes either side."""
    status, sent = post(site, path, 300 * MIB, cookie=cookie, chunked=chunked)
    assert status in (413, 0)
    assert sent <= (most + 24) * MIB
    assert is_answered_soon(site)


def test_the_refusal_is_said(site: Site) -> None:
    """To a client that reads what it is told before it sends."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as connection:
        connection.sendall(
            b"POST /campaigns/upload/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 314572800\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert answered(connection) == 413


def test_a_browser_is_told_by_a_page(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as connection:
        connection.sendall(
            b"POST /campaigns/upload/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 314572800\r\n"
            b"Accept: text/html\r\nExpect: 100-continue\r\n\r\n"
        )
        page = connection.makefile("rb").read()
    assert page.startswith(b"HTTP/1.1 413 ")
    assert b"text/html" in page
    assert b"larger than is taken here" in page
    assert b"report/evalhub.css" in page


def test_a_few_large_bodies_at_once_and_no_more(site: Site) -> None:
    begun = (
        b"POST /campaigns/upload/ HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid=x\r\n"
        b"Content-Length: 40000000\r\n\r\nbegun"
    )
    with ExitStack() as held:
        for _ in range(4):
            half_sent(site, held, begun)
        fifth = half_sent(site, held, begun)
        assert answered(fifth) == 503
        assert is_answered_soon(site)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_a_header_is_bounded(site: Site, line: bytes, status: int) -> None:
    with ExitStack() as held:
        assert answered(half_sent(site, held, line)) == status


def test_a_flood_of_passwords_leaves_the_site_to_others(site: Site) -> None:
    form = ask(site.port, "/accounts/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
    cookie = re.search(r"csrftoken=\w+", form.headers["Set-Cookie"] or "")
    assert token
    assert cookie
    over = Event()

    def guess() -> set[int]:
        seen = set()
        while not over.is_set():
            try:
                reply: Reply = ask(
                    site.port,
                    "/accounts/login/",
                    method="POST",
                    body=f"csrfmiddlewaretoken={token[1]}&username=olga&password=guessed",
                    Content_Type="application/x-www-form-urlencoded",
                    Cookie=cookie[0],
                )
            except (OSError, http.client.HTTPException):
                continue
            seen.add(reply.status)
        return seen

    with ThreadPoolExecutor(24) as people:
        guesses = [people.submit(guess) for _ in range(24)]
        try:
            assert all(is_answered_soon(site) for _ in range(5))
        finally:
            over.set()
        assert 429 in set().union(*(each.result() for each in guesses))


def test_the_page_on_the_limits_says_what_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference/limits.md").read_text()
    said = ServerLimits()
    for bound in (
        f"{said.connections}; one more",
        f"{said.header // 1024} KiB, {said.header_s:g} s",
        f"after {said.header_s:g} s, {said.slowest // 1024} KiB a second",
        f"isn't read | {said.idle_s} s",
        f"or a token | {said.strangers_body // 1024} KiB",
        f"any other body | {said.body // MIB} MiB",
        f"{said.upload // MIB} MiB, four at once",
        f"{said.upload * said.uploads // MIB} MiB a process",
        f"{['none', 'one', 'two'][AT_ONCE]} at once, then 429",
    ):
        assert bound in page


@pytest.mark.heavy
def test_who_is_signed_in_may_upload(site: Site, tmp_path: Path) -> None:
    """An upload larger than any other body gets through to the page."""
    printed = site.command("user", "add", "olga", "--project", "support", "--role", "owner")
    path = re.search(r"http://[^/]+(/\S+)", printed)
    assert path
    form = ask(site.port, path[1])
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
    csrf = re.search(r"csrftoken=\w+", form.headers["Set-Cookie"] or "")
    assert token
    assert csrf
    signed_in = ask(
        site.port,
        path[1],
        method="POST",
        body=f"csrfmiddlewaretoken={token[1]}",
        Content_Type="application/x-www-form-urlencoded",
        Cookie=csrf[0],
    )
    cookies = "; ".join(
        each.partition(";")[0] for each in signed_in.headers.get_all("Set-Cookie") or []
    )
    page = ask(site.port, "/campaigns/upload/", Cookie=cookies)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token
    rows = "".join(f'{{"prompt": "p{i}", "left": "{"x" * 60000}"}}\n' for i in range(70))
    body = (
        f'--b\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token[1]}\r\n'
        '--b\r\nContent-Disposition: form-data; name="file"; filename="pairs.jsonl"\r\n\r\n'
        f"{rows}\r\n--b--\r\n"
    )
    assert len(body) > 4 * MIB
    answer = ask(
        site.port,
        "/campaigns/upload/",
        method="POST",
        body=body,
        Content_Type="multipart/form-data; boundary=b",
        Cookie=cookies,
    )
    # a process of its own works on so much: the page says so, and then what the form has to say
    job = urlsplit(answer.headers["Location"] or "").path
    assert (answer.status, job[:6]) == (302, "/jobs/")
    until = time.monotonic() + 60
    while (page := ask(site.port, job, Cookie=cookies)).status == 200:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert page.status == 400  # of the form: the other fields are missing
    assert "<form" in page.text

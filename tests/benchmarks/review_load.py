"""How fast reviews are under load, through the shipped server: `evalhub up`, sessions, HTTP.

python -m tests.benchmarks.review_load [--database sqlite|postgresql] [--pairs 10000] …

Each round trip posts one answer and brings a next comparison, as the page does. Twice: with
reviewers who think for a second on average, then without a pause. PostgreSQL is started for it,
with its own settings: it keeps what it has committed. The load comes from this process, so it
takes part of the same cores.
"""

import argparse
import asyncio
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode, urlsplit

import psutil

BIN = Path(sys.executable).parent
SECRET = "benchmark" * 4
CSRF = "c" * 32
TEXT = "the parcel left our depot on Tuesday and should be with you in three working days"
TOKEN = re.compile(rb'name="nonce" value="([^"]+)"')
ADDRESS = re.compile(rb'action="(/reviews/judge/([0-9a-f-]+)/)"')


@dataclass
class Reviewer:
    """One person's browser: a connection, a session, and what they hold."""

    host: str
    port: int
    campaign: int
    session: str
    seed: int
    took: list[float] = field(default_factory=list)
    failed: int = 0

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)

    async def call(self, method: str, path: str, form: dict[str, str] | None = None) -> bytes:
        body = urlencode(form or {}).encode()
        self.writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nHX-Request: true\r\n"
            f"Cookie: sessionid={self.session}; csrftoken={CSRF}\r\nX-CSRFToken: {CSRF}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        answer = await self.reader.readexactly(int(length[1]) if length else 0)
        if not head.startswith(b"HTTP/1.1 200"):
            self.failed += 1
        return answer

    async def work(self, until: float, think: float) -> None:
        draw = random.Random(self.seed)
        await self.connect()
        await asyncio.sleep(draw.random() * think)
        held = await self.open()
        while time.perf_counter() < until:
            await asyncio.sleep(think * (0.5 + draw.random()))
            now, then = (ADDRESS.search(page) for page in held)
            nonce = TOKEN.search(held[0])
            if not (now and nonce):
                raise RuntimeError(held[0].decode(errors="replace"))
            fields = {
                "nonce": nonce[1].decode(),
                "choice": draw.choice(["left", "right", "tie"]),
                "shown": then[2].decode() if then else "",
                "key": f"{draw.getrandbits(64):x}",
                "visible": "1.0",
            }
            start = time.perf_counter()
            answer = await self.call("POST", now[1].decode(), fields)
            self.took.append(time.perf_counter() - start)
            # at the end of a block there is a pause instead of a next comparison
            held = [held[1], answer] if then else await self.open()
        self.writer.close()

    async def open(self) -> list[bytes]:
        """The comparison at hand and the one after it, as a page gets them when it is opened."""
        paths = [f"/reviews/{self.campaign}/", f"/reviews/{self.campaign}/ahead/"]
        return [await self.call("GET", path) for path in paths]


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--reviewers", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each of the two parts")
    parser.add_argument(
        "up", nargs="*", help="after --, arguments for `evalhub up`; else a process a core, or one"
    )
    arguments = parser.parse_args()
    if arguments.database is None:  # each in a process of its own, as settings are read once
        for name in ("postgresql", "sqlite"):
            subprocess.run(
                [sys.executable, "-m", __spec__.name, "--database", name, *sys.argv[1:]], check=True
            )
        return
    each_core = ["--processes", str(os.cpu_count())] if arguments.database == "postgresql" else []
    up = arguments.up or each_core
    with database(arguments.database) as environment:
        campaign, sessions = prepare(environment, arguments.pairs, arguments.reviewers)
        say(
            f"{arguments.database}, {arguments.pairs:,} pairs, {arguments.reviewers} reviewers, "
            f"{' '.join(['evalhub up', *up])}"
        )
        say(f"  queries a round trip: {count_queries(campaign)}")
        with site(environment, up) as (host, port, process):
            for think in (1.0, 0.0):
                reviewers = [
                    Reviewer(host, port, campaign, session, seed)
                    for seed, session in enumerate(sessions)
                ]
                before, spent = judged(campaign), cpu(process)
                asyncio.run(run(reviewers, arguments.seconds, think))
                kept = judged(campaign) - before
                report(reviewers, think, arguments.seconds, kept)
                each = {
                    name: 1000 * (now - spent[name]) / kept for name, now in cpu(process).items()
                }
                said = ", ".join(f"{name} {ms:.1f} ms" for name, ms in each.items())
                say(f"    processor time a judgment: {said}")


@contextmanager
def database(name: str) -> Iterator[dict[str, str]]:
    """What the environment has to say for a new database of this kind."""
    from tests.services import postgresql_server

    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="evalhub-load-"))
        url = stack.enter_context(postgresql_server()).url if name == "postgresql" else ""
        yield {
            "EVALHUB_HOME": folder,
            "EVALHUB_DATABASE_URL": url,
            "EVALHUB_SECRET_KEY": SECRET,
            "EVALHUB_ALLOWED_HOSTS": "localhost,testserver",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }


def prepare(environment: dict[str, str], pairs: int, people: int) -> tuple[int, list[str]]:
    """A campaign of so many pairs, three reviewers each: its id, and the reviewers' sessions."""
    os.environ |= environment
    from tests.migrated import set_up_migrated

    set_up_migrated()
    from django.db import connection
    from django.test import Client

    from evalhub.accounts.models import Membership, Role, User
    from tests.cast import a_team
    from tests.reviews.conftest import a_campaign

    draw, words = random.Random(1), TEXT.split()
    said = [
        [" ".join(draw.choices(words, k=draw.randint(40, 160))) for _ in range(pairs)]
        for _ in range(2)
    ]
    team = a_team()
    campaign = a_campaign(team, items=pairs, reviewers_per_item=3, answers=(said[0], said[1]))
    sessions = []
    for i in range(people):
        user = User.objects.create(username=f"reviewer-{i}")
        Membership.objects.create(project=team.project, user=user, role=Role.REVIEWER)
        client = Client()
        client.force_login(user)
        sessions.append(client.cookies["sessionid"].value)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return campaign.pk, sessions


def count_queries(campaign: int) -> int:
    """Of one answer with its next page, in this process; BEGIN and COMMIT aren't counted."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from evalhub.accounts.models import User

    client = Client()
    client.force_login(User.objects.get(username="rui"))
    headers = {"HX-Request": "true"}
    held = [
        client.get(f"/reviews/{campaign}/{page}", headers=headers).content
        for page in ("", "ahead/")
    ]
    now, then = (ADDRESS.search(page) for page in held)
    nonce = TOKEN.search(held[0])
    assert now
    assert then
    assert nonce
    fields = {"nonce": nonce[1].decode(), "choice": "left", "shown": then[2].decode()}
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(now[1].decode(), fields, headers=headers)
    assert ADDRESS.search(answer.content), answer.content
    return sum(
        not query["sql"].startswith(("BEGIN", "COMMIT")) for query in queries.captured_queries
    )


@contextmanager
def site(
    environment: dict[str, str], extra: list[str]
) -> Iterator[tuple[str, int, psutil.Process]]:
    """`evalhub up` in a process of its own: its host, its port and the process."""
    process = subprocess.Popen(
        [BIN / "evalhub", "up", "--port", "0", *extra],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        address = urlsplit(found[0])
        yield "127.0.0.1", address.port or 80, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def cpu(site: psutil.Process) -> dict[str, float]:
    """Seconds of processor time that the site, PostgreSQL and this process have taken so far."""
    parts = {"site": [site, *site.children(recursive=True)], "load": [psutil.Process()]}
    if folder := os.environ["EVALHUB_DATABASE_URL"].partition("host=")[2]:
        pid = (Path(folder) / "data" / "postmaster.pid").read_text().split()[0]
        server = psutil.Process(int(pid))
        parts["database"] = [server, *server.children()]
    return {
        name: sum(sum(each.cpu_times()[:2]) for each in processes)
        for name, processes in parts.items()
    }


def judged(campaign: int) -> int:
    from reviews.models import Judgment

    return Judgment.objects.filter(assignment__reviewer__campaign=campaign).count()


async def run(reviewers: list[Reviewer], seconds: float, think: float) -> None:
    until = time.perf_counter() + seconds
    await asyncio.gather(*(each.work(until, think) for each in reviewers))


def report(reviewers: list[Reviewer], think: float, seconds: float, kept: int) -> None:
    took = sorted(1000 * each for reviewer in reviewers for each in reviewer.took)
    p95 = quantiles(took, n=20)[-1]
    name = f"thinking {think:g} s" if think else "without a pause"
    failed = sum(each.failed for each in reviewers)
    say(
        f"  {name:<16} {len(took) / seconds:6.1f} judgments/s, median {median(took):6.1f} ms, "
        f"95th percentile {p95:6.1f} ms, most {took[-1]:7.1f} ms; {failed} failed, "
        f"{kept} kept of {len(took)}; load of the machine {os.getloadavg()[0]:.1f} "
        f"on {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    main()

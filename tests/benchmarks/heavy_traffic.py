"""The evaluator who sends the flood, and the traffic that it stands on."""

import hashlib
import http.client
import itertools
import json
import os
import random
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from evalhub.features.traffic.files.reading import MOST_ROWS

PROJECT = "/api/v1/projects/support-desk"
JOB_ROWS = 6_000


@dataclass
class Caller:
    """The evaluator: a token, and a connection for each thread."""

    host: str
    port: int
    secret: str
    _own: threading.local = field(default_factory=threading.local)
    _keys: Iterator[int] = field(default_factory=itertools.count)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPConnection(self.host, self.port, timeout=600)
        sent = {
            "Authorization": f"Bearer {self.secret}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"flood-{os.getpid()}-{next(self._keys)}",
            "Host": "localhost",
        }
        try:
            self._own.connection.request(method, PROJECT + path, body, sent | headers)
            answer = self._own.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            del self._own.connection
            return 0, b""

    def got(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a request that must succeed; a job's answer once it has ended."""
        content = b"" if body is None else json.dumps(body).encode()
        status, answer = self.ask(method, path, content)
        found = json.loads(answer)
        if status == 202 and "/jobs/" in str(found.get("url")):
            while found["state"] != "ended":
                time.sleep(0.5)
                found = json.loads(self.ask("GET", found["url"].removeprefix(PROJECT))[1])
            status, found = found["status"], found["answer"]
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {found}")
        return found

    def upload(self, content: bytes) -> str:
        name = f"sha256:{hashlib.sha256(content).hexdigest()}"
        status, said = self.ask("PUT", f"/files/{name}", content)
        if status != 200:
            raise RuntimeError(said)
        return name


def an_input(i: int) -> str:
    draw = random.Random(i)
    return f"{i}: " + " ".join(draw.choices(("where", "is", "my", "parcel", "now", "lost"), k=7))


def send_questions(caller: Caller, rows: int) -> None:
    """Requests with texts, of which samples are drawn: each asks something else."""
    now = datetime.now(UTC).isoformat()
    answered = {"time": now, "model": "asked", "language": "en", "output": "x" * 300}
    unlike = range(JOB_ROWS, JOB_ROWS + rows)  # the items of any test set
    _send(caller, (answered | {"id": f"a-{i}", "messages": _asking(i)} for i in unlike))


def _asking(i: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": an_input(i)}]


def _send(caller: Caller, requests: Iterable[dict[str, Any]]) -> None:
    for batch in itertools.batched(requests, MOST_ROWS):
        body = b"".join(json.dumps(row).encode() + b"\n" for row in batch)
        status, said = caller.ask(
            "POST", "/requests", body, **{"Content-Type": "application/x-ndjson"}
        )
        if status != 200:
            raise RuntimeError(said)


def an_experiment(caller: Caller, users: int) -> int:
    """The number of one that runs, with a long answer to each of so many users, who came on the day
    before, too: a plan reads whole days."""
    from tests.features.experiments.experiments_of import CHAMPION
    from tests.features.experiments.plan_form import EXPERIMENT, PLAN

    other = {"kind": "base", "sampling": {"temperature": 0.5}}
    caller.got("POST", "/models/other/versions", other)
    caller.got("POST", "/models/recorded/versions/1/override", {"reason": "It runs."})
    body = EXPERIMENT | {"name": "The flood", "challenger": "other@1", "plan": PLAN, "share": 0.5}
    number = int(caller.got("POST", "/experiments", body)["id"])

    def visits(day: datetime, prefix: str, **fields: Any) -> Iterator[dict[str, Any]]:
        for i in range(users):
            error = "timeout" if i % 50 == 0 else ""
            names = {"id": f"{prefix}-{i}", "user": f"u-{i}", "model": CHAMPION}
            yield names | {"time": day.isoformat(), "error_type": error} | fields

    now = datetime.now(UTC)
    _send(caller, visits(now - timedelta(days=1), "yesterday"))
    _send(caller, visits(now, "today", messages=_asking(1), output="x" * 2_500))
    return number


def drawn_answers(caller: Caller, experiment: int) -> list[dict[str, Any]]:
    """A blind sample, once its users are counted."""
    from evalhub.features.experiments.judged.drawing import MOST

    until = time.monotonic() + 120
    while True:
        status, answer = caller.ask(
            "POST", f"/experiments/{experiment}/answers", json.dumps({"n": MOST}).encode()
        )
        if status == 201:
            return list(json.loads(answer)["answers"])
        if time.monotonic() > until:
            raise RuntimeError(answer)
        time.sleep(1)

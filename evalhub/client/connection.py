"""A connection to a site: requests, retried while it is away; problems become errors."""

import http.client
import json
import random
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO

import evalhub
from evalhub.client.server import Server, ServerError

TIMEOUT_S = 60.0
"""Of one read: longer than the site keeps a request that waits."""
FIRST_PATIENCE_S = 30.0
"""How long a site is tried that never answered: its address may be wrong."""
PATIENCE_S = 120.0
"""How long one is tried that did."""
LONGEST_WAIT_S = 15.0
LARGEST_ANSWER = 64 * 1024**2
AWAY = frozenset({429, 502, 503, 504})
IN_FLIGHT = 409
TAKEN_UP = 202
JOB = re.compile(r"/api/v1/projects/[^/]+/jobs/\d+$")
JOB_WAIT_S = 20
JOB_PAUSE_S = 1.0
"""Between two looks at a job, where the site holds no answer back."""
NO_ACCESS = frozenset({401, 403, 404})


class AwayError(Exception):
    """The site didn't answer, or answered with errors, during all attempts."""


class RefusedError(Exception):
    """The site refuses a request, and says why.

    Attributes:
        errors: `{field, message, file?, line?}` of each flaw.
        problem: the whole of application/problem+json.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.status, self.problem, self.headers = status, problem, headers
        errors = problem.get("errors")
        self.errors: list[dict[str, Any]] = [
            error for error in errors or () if isinstance(error, dict) and "message" in error
        ]
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        detail = " ".join(
            str(self.problem.get("detail") or self.problem.get("title") or "").split()
        )
        sentence = f"the site refuses it (HTTP {self.status})"
        return f"{sentence}: {detail}" if detail else sentence


class NoAccessError(RefusedError):
    """The token isn't known, hasn't the scope, or is of another project."""


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """An answer of the site, with its JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


type Expected = Callable[[RefusedError], bool]
"""Whether a refusal is an answer like others."""


def missing(refused: RefusedError) -> bool:
    """Whether the site answered that the object doesn't exist."""
    return refused.status == 404


@dataclass(slots=True)
class Connection:
    """A project of a site, with retries of requests.

    Attributes:
        until: moment, by `clock`, up to which a site that answered before is tried; None: for
            `PATIENCE_S` after each answer.
        say: called with a sentence where a request is tried again.
        on_job: called with a job, as the site tells it, whenever it has been looked at: a heavy
            request, which the site answers with one, is followed to its answer.
    """

    server: Server
    project: str
    until: float | None = None
    say: Callable[[str], None] = lambda _: None
    on_job: Callable[[Mapping[str, Any]], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _reached: bool = field(default=False, init=False)

    def get(self, path: str, *, expected: Expected | None = None) -> SiteAnswer:
        """Below the project, or what the site gave as an address below its root."""
        return self.ask("GET", path, expected=expected)

    def rows(self, path: str) -> Iterator[dict[str, Any]]:
        """The rows of a list, page after page. Raises as `ask`."""
        page: str | None = path
        while page is not None:
            body = self.get(page).body
            yield from body["results"]
            page = _below_root(body["next"])

    def post(self, path: str, document: Mapping[str, Any], *, key: str) -> SiteAnswer:
        """`key` is this request's alone: a second try with it does nothing twice."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return self.ask("POST", path, json.dumps(document).encode(), headers)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        expected: Expected | None = None,
    ) -> SiteAnswer:
        """An answer below 400, or a refusal that is `expected`; tried again while the site is away.

        Raises RefusedError, AwayError, and ServerError where another answers at the address.
        """
        answer = self._try(lambda: self._once(method, path, body, headers or {}), expected)
        location = _header(answer.headers, "location") or ""
        if method == "POST" and answer.status == TAKEN_UP and JOB.search(location):
            return self._answer_of_job(location, expected)
        return answer

    def download(self, path: str, to: BinaryIO) -> None:
        """Writes what a GET answers, which need not be JSON, into an empty file.

        Raises RefusedError and AwayError.
        """

        def once() -> SiteAnswer:
            to.seek(0)
            to.truncate()
            with self._open("GET", path, None, {"Accept": "*/*"}) as response:
                shutil.copyfileobj(response, to)
                return SiteAnswer(response.status, dict(response.headers.items()), None)

        self._try(once, None)

    def _answer_of_job(self, location: str, expected: Expected | None) -> SiteAnswer:
        """The answer to a request that became a job at the site, once that has ended.

        Raises what the request itself would have been refused with, and AwayError where `until`
        comes first: the job goes on, and the same request is answered by it.
        """
        path = location[location.index("/api/v1/") :]
        while True:
            began = self.clock()
            answer = self.get(f"{path}?wait={JOB_WAIT_S}")
            job = answer.body
            self.on_job(job)
            if answer.status != TAKEN_UP:
                break
            if self.until is not None and self.clock() > self.until:
                raise AwayError(f"the site is still at it: {job['title']} (job {job['id']})")
            self.sleep(max(0.0, JOB_PAUSE_S - (self.clock() - began)))
        headers = {} if job["location"] is None else {"Location": job["location"]}
        if job["status"] >= 400:
            kind = NoAccessError if job["status"] in NO_ACCESS else RefusedError
            refused = kind(job["status"], job["answer"] or {}, headers)
            if expected is None or not expected(refused):
                raise refused
        return SiteAnswer(job["status"], headers, job["answer"])

    def _try(self, once: Callable[[], SiteAnswer], expected: Expected | None) -> SiteAnswer:
        began, attempt = self.clock(), 0
        while True:
            wait: float | None = None
            try:
                return once()
            except RefusedError as refused:
                self._reached = True
                if expected is not None and expected(refused):
                    return SiteAnswer(refused.status, refused.headers, refused.problem)
                wait = _retry_after(refused.headers)
                again = refused.status in AWAY or (refused.status == IN_FLIGHT and wait is not None)
                if not again:
                    raise
                why = str(refused)
            except (OSError, http.client.HTTPException) as error:
                why = f"{self.server.address} doesn't answer: {_reason(error)}"
            pause = min(LONGEST_WAIT_S, 0.5 * 2**attempt) * random.uniform(0.5, 1.0)
            pause = pause if wait is None else wait + random.uniform(0.0, 0.5)
            if self.clock() + pause > self._last_moment(began):
                raise AwayError(why)
            if attempt == 0:
                self.say(f"{why}; trying again")
            attempt += 1
            self.sleep(pause)

    def _last_moment(self, began: float) -> float:
        if not self._reached:
            return began + FIRST_PATIENCE_S
        return began + PATIENCE_S if self.until is None else max(self.until, began)

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> SiteAnswer:
        with self._open(method, path, body, headers) as response:
            document = _json(response.read(LARGEST_ANSWER))
            if not isinstance(document, dict):
                raise ServerError(
                    f"{self.server.address} answers, but not as Evalhub does: is the address right?"
                )
            return SiteAnswer(response.status, dict(response.headers.items()), document)

    @contextmanager
    def _open(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        """One answer below 400, to be read within the block."""
        opener = urllib.request.build_opener(_StaysThere)
        request = urllib.request.Request(
            self._url(path),
            data=body,
            method=method,
            headers={
                "Authorization": f"Bearer {self.server.token}",
                "Accept": "application/json",
                "User-Agent": f"evalhub/{evalhub.__version__}",
                "Content-Type": "application/octet-stream",
                **headers,
            },
        )
        try:
            with opener.open(request, timeout=TIMEOUT_S) as response:
                self._reached = True
                yield response
        except urllib.error.HTTPError as error:
            with error:
                content = _json(error.read(LARGEST_ANSWER))
            problem = content if isinstance(content, dict) else {"title": error.reason}
            if error.code == 404 and not path.startswith("/api/"):
                where = f"Is {self.project} the project of the token?"
                problem = problem | {"detail": f"{problem.get('detail', 'Not found.')} {where}"}
            kind = NoAccessError if error.code in NO_ACCESS else RefusedError
            raise kind(error.code, problem, dict(error.headers.items())) from None
        except urllib.error.URLError as error:
            raise OSError(_reason(error)) from None

    def _url(self, path: str) -> str:
        if path.startswith("/api/"):
            return self.server.address + path
        return f"{self.server.address}/api/v1/projects/{self.project}{path}"


class _StaysThere(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the token is for one server."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _json(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return None


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return {each.lower(): value for each, value in headers.items()}.get(name)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    header = _header(headers, "retry-after")
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), 4 * LONGEST_WAIT_S)


def _reason(error: BaseException) -> str:
    inner = getattr(error, "reason", None)
    if isinstance(inner, OSError):
        return inner.strerror or str(inner)
    return str(inner or error) or type(error).__name__


def _below_root(address: str | None) -> str | None:
    """A page's address without scheme and host, which a proxy may name otherwise."""
    return None if address is None else address[address.index("/api/v1/") :]

"""The server: waitress, with a bound on what one connection may take, and what all may together.

waitress closes what is silent for long and refuses what is too large at all. What it doesn't bound:
a request that comes a byte at a time, connections that are opened and left, a large body of
somebody who may upload nothing, and an answer that nobody reads.
"""

import copy
import logging
import re
import select
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask
from waitress.utilities import Error
from waitress.wasyncore import loop

from evalhub.io.full_disk import is_full_disk
from evalhub.serving.draining import Drain, refuse_new
from evalhub.serving.lanes import CostlyRequests, LanedDispatcher, at_once
from evalhub.serving.proxies import Networks, believing
from runners.outages import tell_full_disk

KIB, MIB = 1024, 1024**2

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Limits of a server process. Sizes in bytes, times in seconds.

    Attributes:
        connections: open at once. One more closes the one that has waited longest.
        header: of a request.
        strangers_body: of a request without a session or a token.
        body: of any other.
        upload: of one to an address where files are uploaded.
        uploads: bodies larger than `body` that are received or worked on at once.
        header_s: for a request's header, from its first byte.
        slowest: bytes a second that a body comes by, once `header_s` are over.
        idle_s: for which a connection may be silent, or an answer unread.
        last_s: for which connections that had begun are accepted after the others are refused.
        first_s: for the first byte of a connection, once the server stops.
        end_s: for all requests that run, once the server stops.
    """

    connections: int = 480
    header: int = 32 * KIB
    strangers_body: int = 64 * KIB
    body: int = 3 * MIB
    upload: int = 64 * MIB
    uploads: int = 4
    header_s: float = 15.0
    slowest: int = 16 * KIB
    idle_s: int = 60
    last_s: float = 0.3
    first_s: float = 2.0
    end_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Callers:
    """How a request's header says who may send more than a stranger. Nothing is looked up.

    Attributes:
        session_cookie: the name of the cookie that people who are signed in send.
        uploads: matches the whole of an address where files are uploaded.
        small: matches addresses where nobody may send more than a stranger.
    """

    session_cookie: str
    uploads: re.Pattern[str]
    small: re.Pattern[str]


class _Busy(Error):  # type: ignore[misc]
    code = 503
    reason = "Service Unavailable"


class _Full(Error):  # type: ignore[misc]
    code = 507
    reason = "Insufficient Storage"


class _Request(HTTPRequestParser):  # type: ignore[misc]
    """A request with its start time and its limit on the body."""

    completed: bool

    def __init__(self, adjustments: Adjustments, server: "BoundedServer") -> None:
        super().__init__(adjustments)
        self.began = time.time()
        self.large = False
        self._server = server

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        may_send_more = self._may_send_more()
        if may_send_more and self._server.callers.uploads.fullmatch(self.path):
            self.large = self.chunked or self.content_length > self._server.limits.body
            self.adj = self._server.for_uploads if self.large else self._server.for_known
        elif may_send_more:
            self.adj = self._server.for_known

    def received(self, data: bytes) -> int:
        at_header = self.body_rcv is None
        try:
            consumed: int = super().received(data)
        except OSError as error:  # a large body waits in a file for its end
            if not is_full_disk(error):
                raise
            tell_full_disk(error)
            self.error, self.completed, consumed = (
                _Full("The site's disk is full."),
                True,
                len(data),
            )
        if at_header and self.large and not self.completed and self._server.is_full_of_uploads():
            self.error = _Busy("Others are uploading just now. Try again in a minute.")
            self.completed = True
        if self.error is not None:
            self.expect_continue = False  # else the channel asks for the body and forgets this
        return consumed

    def is_late(self, now: float) -> bool:
        """Whether it should have come by now."""
        limits, elapsed = self._server.limits, now - self.began
        body: int = self.body_bytes_received if self.headers_finished else 0
        return elapsed > limits.header_s + body / limits.slowest

    def _may_send_more(self) -> bool:
        cookie = rf"(?:^|;)\s*{re.escape(self._server.callers.session_cookie)}="
        if self._server.callers.small.match(self.path):
            return False
        return "AUTHORIZATION" in self.headers or bool(
            re.search(cookie, self.headers.get("COOKIE", ""))
        )


class _Refusal(ErrorTask):  # type: ignore[misc]
    """What is said to a request that the site never sees: a page to a browser, else a line."""

    def execute(self) -> None:
        error = self.request.error
        asks = "text/html" in self.request.headers.get("ACCEPT", "")
        page = self.channel.server.page(error.code, error.body) if asks else None
        if page is None:
            super().execute()
            return
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "text/html; charset=utf-8"))
        self.set_close_on_finish()
        body = page.encode()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection."""

    error_task_class = _Refusal

    def __init__(
        self,
        server: "BoundedServer",
        connection: socket.socket,
        caller: tuple[Any, ...],
        *rest: Any,
        **options: Any,
    ) -> None:
        self.parser_class = lambda adjustments: _Request(adjustments, server)
        self.answered = False
        # an IPv4 address at a socket for both families: the one by which proxies are trusted
        caller = (caller[0].removeprefix("::ffff:"), *caller[1:])
        super().__init__(server, connection, caller, *rest, **options)

    def service(self) -> None:
        if self.server.drain.has_begun and len(self.requests) == 1:
            self.requests[0].headers["CONNECTION"] = "close"  # as if its sender had wished it so
        super().service()
        self.answered = True

    def bodies(self) -> Iterator[_Request]:
        """The requests that are coming or wait for their answer."""
        coming = self.request
        yield from [*self.requests, *([coming] if coming else [])]

    def waits(self) -> tuple[int, float] | None:
        """Priority of closing the connection to make room, lowest first; None while answering."""
        if self.requests or self.total_outbufs_len:
            return None
        if self.request is not None and self.request.headers_finished:
            return 2, self.request.began
        return int(self.answered), self.last_activity

    def is_over(self, now: float) -> bool:
        """Whether nobody waits for an answer here, once the server stops."""
        if self.requests or self.request is not None or self.total_outbufs_len:
            return False
        return self.answered or now - self.creation_time > self.server.limits.first_s


class BoundedServer(TcpWSGIServer):  # type: ignore[misc]
    """waitress on a socket that listens, within limits."""

    channel_class = _Channel

    def __init__(
        self,
        application: Callable[..., Any],
        listener: socket.socket,
        *,
        callers: Callers,
        costly: CostlyRequests,
        limits: ServerLimits,
        page: Callable[[int, str], str | None],
        threads: int,
        proxies: Networks,
        drain: Drain,
        **adjustments: Any,
    ) -> None:
        self.callers, self.limits, self.page, self.drain = callers, limits, page, drain
        settled = Adjustments(
            sockets=[listener],
            threads=threads,
            ident=None,
            connection_limit=limits.connections + 16,  # `_make_room` keeps below it
            channel_timeout=limits.idle_s,
            cleanup_interval=3,
            max_request_header_size=limits.header,
            max_request_body_size=limits.strangers_body + 1,
            inbuf_overflow=64 * KIB,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=False,  # `believing` does it
            **adjustments,
        )
        self.for_known = _with_body(settled, limits.body)
        self.for_uploads = _with_body(settled, limits.upload)
        socket_info = (listener.family, listener.type, listener.proto, listener.getsockname())
        dispatcher = LanedDispatcher(costly, at_once(threads))
        dispatcher.set_thread_count(threads)
        super().__init__(
            believing(application, proxies),
            _sock=listener,
            adj=settled,
            sockinfo=socket_info,
            bind_socket=False,
            dispatcher=dispatcher,
        )

    def run(self) -> None:
        """Serves until the drain is over, and then until what had begun is answered.

        Raises KeyboardInterrupt where that is interrupted.
        """
        while left := self.drain.left_s:
            self._step(left)
        self._refuse_new()
        self._step(0)  # reads what they have sent who were accepted last
        until = time.monotonic() + self.limits.end_s
        while self._close_idle() and (left := until - time.monotonic()) > 0:
            self._step(min(left, 0.1))
        if self.active_channels:
            logger.warning(
                "%d requests took longer than %g s after the site was stopped, and were cut off",
                len(self.active_channels),
                self.limits.end_s,
            )
        self.task_dispatcher.shutdown(timeout=1)

    def stop(self, seconds: float) -> None:
        """Begins to stop: not ready from now on, no new connections after so many seconds. It may
        be called by a signal's handler."""
        self.drain.begin(seconds)
        self.pull_trigger()

    def _step(self, longest_s: float) -> None:
        """Serves what comes, or waits for so long."""
        loop(timeout=min(longest_s, 1.0), use_poll=True, map=self._map, count=1)

    def _refuse_new(self) -> None:
        """Accepts who has connected already, and nobody else from then on."""
        refuse_new(self.socket)
        until = time.monotonic() + self.limits.last_s
        while (left := until - time.monotonic()) > 0 or self._is_waited_at():
            self._step(max(left, 0))
        self.accepting = False
        self.del_channel()
        self.socket.close()

    def _is_waited_at(self) -> bool:
        """Whether somebody has connected and wasn't accepted yet."""
        waiting = select.poll()
        waiting.register(self.socket, select.POLLIN)
        return bool(waiting.poll(0))

    def _close_idle(self) -> bool:
        """Closes connections on which nobody waits for an answer. Whether there are others."""
        now = time.time()
        for channel in list(self.active_channels.values()):
            if channel.is_over(now):
                channel.handle_close()
        return bool(self.active_channels)

    def handle_accept(self) -> None:
        super().handle_accept()
        if len(self.active_channels) > self.limits.connections:
            self._make_room()

    def maintenance(self, now: float) -> None:
        """Closes what is late besides what is silent. It is called every few seconds."""
        super().maintenance(now)
        for channel in list(self.active_channels.values()):
            unread = channel.total_outbufs_len and channel.last_activity < now - self.limits.idle_s
            coming = channel.request
            if unread or (not channel.requests and coming is not None and coming.is_late(now)):
                channel.will_close = True

    def is_full_of_uploads(self) -> bool:
        """Whether as many large bodies as may be are here, the one that asks among them."""
        channels = list(self.active_channels.values())
        large = [body for channel in channels for body in channel.bodies() if body.large]
        return len(large) > self.limits.uploads

    def _make_room(self) -> None:
        waiting = [
            (waits, channel)
            for channel in self.active_channels.values()
            if (waits := channel.waits()) is not None and not channel.will_close
        ]
        if waiting:
            _, longest = min(waiting, key=lambda channel: channel[0])
            longest.handle_close()


def _with_body(adjustments: Adjustments, most: int) -> Adjustments:
    changed = copy.copy(adjustments)
    changed.max_request_body_size = most + 1
    return changed

"""How a process of the site stops: not ready first, then no new connections, then no requests.

| phase | `/readyz` | new connections | answers |
| --- | --- | --- | --- |
| draining, for EVALHUB_DRAIN_S | 503 | accepted | as ever, each the last of its connection |
| ending, until all are answered | - | refused | those of requests that had begun |

A proxy or a cluster that looks at `/readyz` sends nothing any more when the second phase begins.
"""

import ctypes
import socket
import struct
from contextlib import suppress
from math import inf
from time import monotonic

_SO_ATTACH_FILTER = 26
_FLAGS_AT, _SYN, _ACK = 13, 0x02, 0x10  # in a TCP header


class Drain:
    """Whether this process is being stopped, and for how long it takes new connections."""

    def __init__(self) -> None:
        self._until = inf

    def begin(self, seconds: float) -> None:
        """Begins to stop. Where it has begun already, this can only shorten what is left."""
        self._until = min(self._until, monotonic() + seconds)

    @property
    def has_begun(self) -> bool:
        return self._until != inf

    @property
    def is_over(self) -> bool:
        return self.left_s == 0

    @property
    def left_s(self) -> float:
        """Seconds for which connections are still accepted; infinite before it begins."""
        return max(0.0, self._until - monotonic())


drain = Drain()
"""This process's own."""


def refuse_new(listener: socket.socket) -> None:
    """Lets the system begin no more connections to a TCP socket that listens; what it has begun is
    still to be accepted.

    Without this, who connects between the last `accept` and `close` is connected and then reset,
    with the request that was sent. Now a connection's first packet has no answer, and is sent again
    by the client's system a second later. Linux has such filters; elsewhere that moment remains.
    """
    accept, drop = 0xFFFFFFFF, 0
    program = [  # of classic BPF: code, where to go on if true, if false, operand
        (0x30, 0, 0, _FLAGS_AT),  # load the byte of flags
        (0x54, 0, 0, _SYN | _ACK),
        (0x15, 0, 1, _SYN),  # SYN without ACK: the first packet
        (0x06, 0, 0, drop),
        (0x06, 0, 0, accept),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    option = struct.pack("HP", len(program), ctypes.addressof(code))
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, option)

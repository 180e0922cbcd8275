"""How many requests an endpoint is given at a time: as many as it takes well. Pure.

It starts at what the version allows. Where the endpoint says that it is too much (429, 503), less
follows; where answers take much longer and no more of them come, somewhat less; else one more for
each round of answers, up to what is allowed. After Jacobson 1988 (SIGCOMM 18, 314–329): increased
by addition, decreased by multiplication, at most once a round.
"""

from dataclasses import dataclass, field
from statistics import median

REFUSED = 0.7
SLOWED = 0.85
SLOW = 2.0
"""Times the latency of the best round, from which on an endpoint may be congested."""
MORE = 1.1
"""Times the answers a second of the best round, which more at once should bring to be worth it."""
ROUND = 32
"""Answers, at least, by which a latency is told."""


@dataclass(slots=True)
class Throttle:
    """The limit at present, from 1 to `most`."""

    most: int
    limit: float = field(init=False)
    _latencies: list[float] = field(default_factory=list, init=False)
    _round: int = field(default=0, init=False)
    _lowered_in: int = field(default=-1, init=False)
    _best: tuple[float, float] | None = field(default=None, init=False)
    """Of the round with the lowest latency: that, and the answers a second that it stood for."""

    def __post_init__(self) -> None:
        self.limit = self.most

    @property
    def now(self) -> int:
        """Requests that may be under way."""
        return max(1, int(self.limit))

    def refused(self) -> None:
        """The endpoint took a request for too much. Many refusals of one round count once."""
        if self._lowered_in != self._round:
            self._lowered_in = self._round
            self._lower(REFUSED)

    def answered(self, latency_s: float) -> None:
        """A request was answered after so many seconds."""
        self._latencies.append(latency_s)
        if len(self._latencies) < max(ROUND, self.now):
            return
        typical = max(median(self._latencies), 1e-6)
        a_second = self.now / typical  # Little's law
        self._latencies.clear()
        self._round += 1
        if self._best is None or typical <= self._best[0]:
            self._best = (typical, a_second)
        elif typical > SLOW * self._best[0] and a_second < MORE * self._best[1]:
            self._lower(SLOWED)
            return
        self.limit = min(self.most, self.limit + max(1.0, 0.05 * self.limit))

    def _lower(self, by: float) -> None:
        self.limit = max(1.0, self.limit * by)
        self._latencies.clear()

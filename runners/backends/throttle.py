"""The limit of an endpoint's concurrent requests, adapted to its replies. Pure.

It starts at what the version allows, and falls where the endpoint says that it is too much (429,
503) or doesn't answer in time. Each answer raises it again. How long answers take changes nothing:
longer ones are no congestion (docs/explanation/decisions/request-limit.md).

After Jacobson 1988 (SIGCOMM 18, 314–329): increased by addition, decreased by multiplication, at
most once a round; quickly up to where refusals that followed each other began.
"""

from dataclasses import dataclass, field

LOWERED = 0.8
"""Times the limit, after a refusal."""
LOWERED_AGAIN = 0.5
"""Times the limit, where nothing was answered since it was lowered last."""
TIMED_OUT = 0.3
"""Of a request, by which each that isn't answered in time lowers it: a round of them by as much."""
RAISED = 0.05
"""Of the limit, for each round of answers; one at least."""
CHANCE = 0.1
"""Refusals for each answer that say nothing of how much it takes: some servers refuse at random."""
MOST_BY_CHANCE = 3.0
"""Refusals that follow each other."""
ROUND_S = 0.25
"""Seconds in which refusals count once where nothing is answered: retries come no sooner."""


@dataclass(slots=True)
class Throttle:
    """The limit at present, from 1 to `most`.

    Attributes:
        limit: requests that may be under way; a fraction adds up over answers.
        lowered: how often it was lowered by refusals. A request that was sent before the last
            time says nothing about the limit of now.
        reason: why it is below `most`; empty where it isn't.
    """

    most: int
    limit: float = field(init=False)
    lowered: int = field(default=0, init=False)
    reason: str = field(default="", init=False)
    _lowered_s: float = field(default=float("-inf"), init=False)
    _answered: bool = field(default=True, init=False)
    """Whether something was answered that was sent since it was last lowered by a refusal."""
    _by_chance: float = field(default=0.0, init=False)
    """Refusals that would be chance by now."""
    _threshold: float = field(default=0.0, init=False)
    """Up to here each answer raises it by one."""

    def __post_init__(self) -> None:
        self.limit = self.most

    @property
    def now(self) -> int:
        """Requests that may be under way."""
        return max(1, int(self.limit))

    def __str__(self) -> str:
        return f"{self.now} of {self.most}" + (f", after {self.reason}" if self.reason else "")

    def note_refusal(
        self, at_s: float, *, sent_in: int, reason: str, certain: bool = False
    ) -> None:
        """The endpoint took a request for too much, which was sent when `lowered` was `sent_in`.

        Args:
            at_s: seconds of any steady clock.
            certain: it is none by chance.
        """
        if self._by_chance >= 1 and not certain:
            self._by_chance -= 1
            return
        soon = not self._answered and at_s - self._lowered_s < ROUND_S
        if sent_in != self.lowered or soon:
            return
        self.lowered, self._lowered_s, self.reason = self.lowered + 1, at_s, reason
        self.limit = max(1.0, self.limit * (LOWERED if self._answered else LOWERED_AGAIN))
        if self._answered:
            self._threshold, self._answered = self.limit, False

    def note_timeout(self, reason: str) -> None:
        """A request wasn't answered in time. A few of many are long answers and no congestion."""
        self.limit, self.reason = max(1.0, self.limit - TIMED_OUT), reason

    def note_answer(self, *, sent_in: int) -> None:
        """A request was answered, which was sent when `lowered` was `sent_in`."""
        self._by_chance = min(MOST_BY_CHANCE, self._by_chance + CHANCE)
        if sent_in != self.lowered or self.limit == self.most:
            return
        self._answered = True
        step = 1.0 if self.limit < self._threshold else max(1 / self.limit, RAISED)
        self.limit = min(self.most, self.limit + step)
        if self.limit == self.most:
            self.reason = ""

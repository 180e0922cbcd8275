"""How many requests a token may send: a bucket for each, in this process's memory."""

import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BucketState:
    """What a bucket says to one request.

    Attributes:
        left: requests that may come at once after it.
        wait_s: seconds until one more may come; 0 where this one may.
        full_s: seconds until the bucket is full again.
    """

    allowed: bool
    left: int
    wait_s: float
    full_s: float


class Buckets:
    """Buckets that fill evenly: `most` requests at once, then as they come back in `window_s`."""

    def __init__(self, most: int, window_s: int) -> None:
        self.most, self.window_s = most, window_s
        self._lock = threading.Lock()
        self._buckets: dict[int, tuple[float, float]] = {}

    def take(self, token: int) -> BucketState:
        """Takes a request out of the token's bucket, if there is one left."""
        most, now = float(self.most), time.monotonic()
        with self._lock:
            left, at = self._buckets.get(token, (most, now))
            left = min(most, left + (now - at) * most / self.window_s)
            allowed = left >= 1
            rest = left - allowed
            self._buckets[token] = (rest, now)
        seconds = self.window_s / most
        wait_s = 0.0 if allowed else (1 - left) * seconds
        return BucketState(allowed, int(rest), wait_s, (most - rest) * seconds)

"""The limit of a token's requests a minute, and its response headers.

Counted in each process of the site by itself: to count for all together would cost a write at each
request. The headers are those of the IETF's draft on RateLimit fields.
"""

import threading
import time

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

REQUESTS = 30_000
WINDOW_S = 60


class TokenLimit(BaseThrottle):
    """A bucket that fills evenly: a minute's requests at once, then as they come back."""

    _lock = threading.Lock()
    _buckets: dict[int, tuple[float, float]] = {}

    def allow_request(self, request: Request, view: APIView) -> bool:
        most = REQUESTS
        now, token = time.monotonic(), request.auth.pk
        with self._lock:
            left, at = self._buckets.get(token, (float(most), now))
            left = min(float(most), left + (now - at) * most / WINDOW_S)
            allowed = left >= 1
            self._buckets[token] = (left - allowed, now)
        self._wait = 0.0 if allowed else (1 - left) * WINDOW_S / most
        full = round((most - left + allowed) * WINDOW_S / most)
        request.limit_headers = {
            "RateLimit-Policy": f'"token";q={most};w={WINDOW_S}',
            "RateLimit": f'"token";r={int(left - allowed)};t={full}',
        }
        return allowed

    def wait(self) -> float:
        return self._wait

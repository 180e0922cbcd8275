"""Which workers are alive, as the site's own pages for watching say it."""

from collections import Counter

from django.conf import settings

from evalhub.serving.counting import worker_inside_is_alive
from runners.models import KINDS, Worker

NONE = "no worker is alive: runs wait until one is started"


def workers_alive() -> tuple[int, Counter[str]]:
    """How many worker processes are alive, and how many of them take runs of each kind. Without
    Redis it is the one inside this site. One query where there is Redis."""
    if not settings.REDIS_URL:
        inside = int(worker_inside_is_alive())
        return inside, Counter(dict.fromkeys(KINDS, inside))
    kinds = list(Worker.objects.alive().values_list("kinds", flat=True))
    return len(kinds), Counter(kind for worker in kinds for kind in worker)

"""Ask a monitored champion now and wait for its answers. Without Redis this process is the
worker."""

import time
from contextlib import nullcontext

from django.conf import settings

from evalhub.features.monitoring.answers.asking import ask, conclude, usable
from evalhub.features.monitoring.errors import MonitorError
from evalhub.features.monitoring.models import Asking, Watch
from evalhub.registry.models import Run
from evalhub.registry.models.runs import RunState
from evalhub.workers.embedded import embedded_worker
from runners.outcome import RunUnreachable

POLL_SECONDS = 0.2


def ask_and_conclude(watch: Watch) -> Asking:
    """The asking, concluded.

    Raises:
        MonitorError: its monitor has ended.
        RunUnreachable: what it is compared with got no answers this time.
    """
    with nullcontext() if settings.REDIS_URL else embedded_worker():
        while (asking := ask(watch)) is None:
            _wait_for_second_run(watch)
        while conclude(asking).concluded is None:
            time.sleep(POLL_SECONDS)
    return asking


def _wait_for_second_run(watch: Watch) -> None:
    watch.refresh_from_db()
    watch.monitor.refresh_from_db()
    if watch.monitor.ended:
        raise MonitorError(f"monitor {watch.monitor_id} has ended: {watch.monitor.why}")
    while Run.objects.unfinished().filter(pk=watch.second_run_id).exists():
        time.sleep(POLL_SECONDS)
    run = Run.objects.get(pk=watch.second_run_id)
    if run.state == RunState.FAILED and not usable(run):
        raise RunUnreachable(f"nothing to compare with yet: {run}: {run.error}")

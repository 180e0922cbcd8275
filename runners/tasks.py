"""The one task: a ring of the bell for a run."""

import threading

from runners.celery import app
from runners.execute import work_on

stopping = threading.Event()


@app.task(name="evalhub.work")
def work(run_id: int) -> None:
    """Works on one shard of the run and rings again while there may be more.

    So runs take turns, and a message lost or delivered twice changes nothing.
    """
    if work_on(run_id, stopping=stopping.is_set):
        work.delay(run_id)

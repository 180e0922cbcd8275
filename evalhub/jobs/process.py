"""`python -m evalhub.jobs.process JOB`: one job worked on, at low priority, until its end.

It ends too when its standard input does, which its site holds open as long as it lives.
"""

import os
import signal
import sys
import threading
import time

NICE = 5
"""Not more: a process that holds SQLite's only writer must get on also where cores are busy."""
REPORT_S = 1.0


def main(pk: int) -> None:
    """Works on a job that the site has claimed for this process."""
    os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the site, which ends this too
    threading.Thread(target=_end_with_site, daemon=True).start()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")
    import django

    django.setup()
    from evalhub.jobs.models import Job
    from evalhub.jobs.replay import work_or_fail
    from evalhub.logs import about

    job = Job.objects.select_related("project", "by", "token").get(pk=pk)
    threading.Thread(target=_report, args=(job,), daemon=True).start()
    with about(job=pk):
        work_or_fail(job)


def _end_with_site() -> None:
    while os.read(sys.stdin.fileno(), 1):  # not `sys.stdin`, whose lock Python's end waits for
        pass
    os._exit(1)


def _report(job: object) -> None:
    """Says every second how far the job is; ends the process once the job is no longer its own."""
    from django.db import DatabaseError, connection

    from evalhub.jobs.models import Job
    from evalhub.jobs.queue import report_progress

    assert isinstance(job, Job)
    while True:
        time.sleep(REPORT_S)
        try:
            if not report_progress(job):
                os._exit(0)
        except DatabaseError:  # away or locked: the next second says it
            connection.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))

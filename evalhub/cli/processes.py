"""Several equal processes, for machines with more than one core."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from evalhub.frames.command.exits import OUR_FAULT

AGAIN_S = 1.0

logger = logging.getLogger(__name__)


def run_processes(
    serve: Callable[[int], int], count: int, *, stopping: Callable[[], None] = lambda: None
) -> None:
    """Runs serve(0), serve(1), … each in its own process, which exits with the returned code, until
    KeyboardInterrupt or an exception from a signal handler.

    A process that ends before is started again, and the log says so. The processes end with this
    one, however it ends. Call it before there are threads or open connections: they wouldn't
    survive the fork. `stopping` is called when they are about to be ended.
    """
    children: dict[int, int] = {}
    try:
        for number in range(count):
            children[_fork(serve, number)] = number
        while True:
            ended, status = os.wait()
            number = children.pop(ended)
            code = os.waitstatus_to_exitcode(status)
            logger.warning("process %d of %d ended (%d); it starts again", number + 1, count, code)
            time.sleep(AGAIN_S)
            children[_fork(serve, number)] = number
    except KeyboardInterrupt:
        pass
    finally:
        for again in (signal.SIGTERM, signal.SIGINT):  # which would leave the children running
            signal.signal(again, signal.SIG_IGN)
        stopping()
        for child in children:
            with suppress(ProcessLookupError):  # it ended just when the exception came
                os.kill(child, signal.SIGTERM)
        for child in children:
            with suppress(ChildProcessError):
                os.waitpid(child, 0)


def _fork(serve: Callable[[int], int], number: int) -> int:
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    code = OUR_FAULT
    try:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
        code = serve(number)
    except KeyboardInterrupt:
        code = 0
    except Exception:
        logger.exception("process %d failed", number + 1)
    finally:
        os._exit(code)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(AGAIN_S)
    os._exit(OUR_FAULT)

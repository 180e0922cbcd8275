"""The engine `tests.watched_sqlite`."""

import json
import os
import statistics
import sys
import time
from typing import Any

from django.db.backends.sqlite3 import base


def _a_piece_of_work() -> float:
    """CPU seconds that a fixed piece of Python takes just now, about .00135 on an idle machine.

    A second is worth more on one machine than on another, and less beside others' work.
    """
    began = time.thread_time()
    sum(len(str((number, number))) for number in range(10_000))
    return time.thread_time() - began


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    """Writes to the file WRITER_LOG what each transaction took while no other process could write:
    CPU time of its thread, in seconds and in pieces of work, and the modules that were imported
    meanwhile."""

    _began: tuple[float, set[str]] | None = None

    def _start_transaction_under_autocommit(self) -> None:
        super()._start_transaction_under_autocommit()
        if self.transaction_mode == "IMMEDIATE":
            self._began = time.thread_time(), set(sys.modules)

    def _commit(self) -> Any:
        try:
            return super()._commit()
        finally:
            self._ended()

    def _rollback(self) -> Any:
        try:
            return super()._rollback()
        finally:
            self._ended()

    def _ended(self) -> None:
        if self._began is None:
            return
        (began, before), self._began = self._began, None
        took = time.thread_time() - began
        row = {
            "cpu_s": took,
            "pieces": took / statistics.median(_a_piece_of_work() for _ in range(3)),
            "imported": sorted(set(sys.modules) - before),
        }
        with open(os.environ["WRITER_LOG"], "a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")

"""The engine `tests.watched_sqlite`."""

import json
import os
import sys
import time
from typing import Any

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    """Writes to the file WRITER_LOG what each transaction took while no other process could write:
    CPU seconds of its thread, and the modules that were imported meanwhile."""

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
        row = {
            "cpu_s": time.thread_time() - began,
            "imported": sorted(set(sys.modules) - before),
        }
        with open(os.environ["WRITER_LOG"], "a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")

"""The heavy test modules that a change needs, within the minutes that there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.selection.record import Record, matters

CORE = (
    "tests/architecture/test_checks.py",
    "tests/e2e/test_demo_study.py",
    "tests/e2e/test_growing_up.py",
    "tests/e2e/test_review_page.py",
    "tests/runners/test_worker_processes.py",
)
"""Run whatever changed: types, the demo, studies on PostgreSQL and Redis, killed workers, a review
in a browser. (`.ci/run` tries a wheel besides.)"""
AT_ONCE = {"beside": 2, "paired": 3, "alone": 1}
UNKNOWN = {"beside": 30.0}
"""The seconds of a module that no record knows."""


@dataclass(frozen=True)
class Choice:
    """`why` tells for what each module is chosen, or would be; `minutes` are an estimate."""

    chosen: list[str]
    left_out: list[str]
    why: Mapping[str, str]
    minutes: float


def choose(
    record: Record, files: Mapping[str, str], heavy: Iterable[str], minutes: float
) -> Choice:
    """Choose among the modules `heavy` for a checkout of `files` (path to digest).

    A module is needed when a file that it used has changed or is gone, when it isn't in the record,
    or when some file isn't. The core comes first, then the shortest; what would take longer than
    `minutes` is left out.
    """
    changed = [name for name, digest in record.files.items() if files.get(name) != digest]
    unknown = [name for name in files if name not in record.files and matters(name)]
    why: dict[str, str] = {}
    for module in heavy:
        known = record.modules.get(module)
        used = [name for name in changed if known and name in known.used]
        if module in CORE:
            why[module] = "core"
        elif known is None or not known.used:
            why[module] = "the record has no pass of it"
        elif used:
            why[module] = ", ".join(used[:3]) + (", …" if used[3:] else "")
        elif unknown:
            why[module] = f"{unknown[0]} isn't in the record"
    chosen, left_out, total = [], [], 0.0
    for module in sorted(why, key=lambda name: (name not in CORE, _minutes(record, name), name)):
        took = _minutes(record, module)
        if module in CORE or total + took <= minutes:
            chosen.append(module)
            total += took
        else:
            left_out.append(module)
    return Choice(chosen, left_out, why, total)


def _minutes(record: Record, module: str) -> float:
    known = record.modules.get(module)
    seconds = known.seconds if known else UNKNOWN
    return sum(took / AT_ONCE[kind] for kind, took in seconds.items()) / 60

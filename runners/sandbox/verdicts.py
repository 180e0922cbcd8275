"""The verdicts of sandboxed programs that say whether an answer passes."""

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from runners.sandbox.availability import why_no_sandbox
from runners.sandbox.bounds import Bounds
from runners.sandbox.running import Ended, program_source, run_program

STATES = {"passed": True, "failed": False, "unfit": None}


@dataclass(frozen=True, slots=True)
class SandboxVerdict:
    """Whether an answer passes; None where that can't be said. `reason` says why it doesn't."""

    passed: bool | None
    reason: str = ""


def run_at_a_time() -> int:
    """How many sandboxed programs are run beside each other: one a core."""
    return len(os.sched_getaffinity(0))


def verdicts(program: str, tasks: Sequence[dict[str, Any]], bounds: Bounds) -> list[SandboxVerdict]:
    """A verdict for each task by one of `runners.sandbox.programs`: each in a sandbox of its own,
    as many at a time as there are cores.

    A program says "begun" before anything of the answer runs. What ends it later is the answer's
    failure; what ends it earlier says nothing of the answer, which then has no verdict.
    """
    if why := why_no_sandbox():
        return [SandboxVerdict(None, f"no sandbox: {why}")] * len(tasks)
    source = program_source("answering")

    def verdict(task: dict[str, Any]) -> SandboxVerdict:
        try:
            return _verdict(run_program(program, {**task, "source": source}, bounds))
        except OSError as error:
            return SandboxVerdict(None, f"the sandbox can't be started: {error}")

    with ThreadPoolExecutor(max_workers=run_at_a_time()) as pool:
        return list(pool.map(verdict, tasks))


def _storable(reason: str) -> str:
    """A reason without what a database can't keep: an answer chooses the text of its errors."""
    return reason.encode(errors="replace").decode().replace("\0", "?")


def _verdict(ended: Ended) -> SandboxVerdict:
    lines = [json.loads(line) for line in ended.output.splitlines() if line.endswith(b"}")]
    last = lines[-1] if lines else {"state": "", "reason": ""}
    if last["state"] in STATES:
        return SandboxVerdict(STATES[last["state"]], _storable(last["reason"]))
    if ended.killed:
        return SandboxVerdict(None, "its sandbox was killed from outside")
    if last["state"] == "begun":
        return SandboxVerdict(False, ended.stopped or "ended the program that runs its tests")
    why = ended.stopped or (ended.errors.splitlines() or ["it said nothing"])[-1]
    return SandboxVerdict(None, f"the item's own part can't be run: {why}")

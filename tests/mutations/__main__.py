import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.mutations import SHARES
from tests.mutations import __doc__ as usage
from tests.mutations.faults import Fault, drawn, faults, found_again
from tests.mutations.reached import Reached

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("record.json")
AS_COPIED = ("uv", "run", "--no-sync", "pytest", "-q", "-x", "-p", "no:cacheprovider")
TOO_LONG = 300
FOUND = re.compile(r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$", re.MULTILINE)


def draw(folder: str) -> None:
    """Write the record anew: no fault has been tried."""
    reached = Reached(Path(folder))
    record = []
    for area, number in SHARES.items():
        candidates = []
        for path in sorted(path for path in reached.files if path.startswith(f"{area}/")):
            if "/migrations/" not in path and (lines := reached.lines(path)):
                for fault in faults(path, (ROOT / path).read_text()):
                    if fault.line in lines or not fault.in_function:
                        candidates.append(fault)
        record += [_row(fault) for fault in drawn(candidates, number, area)]
    write(record)


def _row(fault: Fault) -> dict[str, Any]:
    names = ("path", "line", "text", "before", "after")
    return {name: getattr(fault, name) for name in names} | {"found_by": None}


def write(record: Iterable[dict[str, Any]]) -> None:
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in record)
    RECORD.write_text(f"[\n{rows}\n]\n")


def run(folder: str, copy: str, *numbers: str) -> None:
    """Try the faults, or those of these numbers, and note who found them."""
    reached, place = Reached(Path(folder)), copied(Path(copy))
    record = json.loads(RECORD.read_text())
    for number, row in enumerate(record, start=1):
        if numbers and str(number) not in numbers:
            continue
        source = (ROOT / row["path"]).read_text()
        fault = found_again(row, row["line"], faults(row["path"], source))
        if fault is None:
            told(number, row["path"], row["text"], "is gone")
            continue
        tests = reached.tests(fault, reached.lines(fault.path))
        row["line"], row["found_by"] = fault.line, found_by(fault, source, tests, place)
        told(number, f"{fault.path}:{fault.line}", fault.before, "->", fault.after)
        told("   ", row["found_by"], f"({len(tests)} tests)")
        write(record)
    told(sum(bool(row["found_by"]) for row in record), "of", len(record), "are found")


def told(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def copied(place: Path) -> Path:
    """The checkout, as it is now, in a folder of its own with an environment of its own."""
    if not place.exists():
        subprocess.run(["git", "clone", "-q", str(ROOT), str(place)], check=True)
    for area in (*SHARES, "tests"):
        shutil.rmtree(place / area)
        shutil.copytree(ROOT / area, place / area)
    extras = ("--extra", "hf", "--extra", "lm-eval")
    subprocess.run(["uv", "sync", "-q", *extras], cwd=place, check=True)
    return place


def found_by(fault: Fault, source: str, tests: list[str], place: Path) -> str | None:
    """The test that fails for this fault, what else went wrong, or nothing."""
    file = place / fault.path
    file.write_text(fault.put_into(source))
    try:
        done = subprocess.run(
            [*AS_COPIED, *tests], cwd=place, capture_output=True, text=True, timeout=TOO_LONG
        )
    except subprocess.TimeoutExpired:
        return f"no end in {TOO_LONG} s"
    finally:
        file.write_text(source)
    if done.returncode == 0:
        return None
    failed = FOUND.search(done.stdout)
    return failed[1] if failed else "nothing starts"


if __name__ == "__main__":
    commands: dict[str, Callable[..., None]] = {"draw": draw, "run": run}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        raise SystemExit(str(usage))
    commands[sys.argv[1]](*sys.argv[2:])

"""How long commands take as whole processes, from a fresh home and from one with nothing to do.

python -m tests.benchmarks.start_up

Medians of RUNS with bytecode cached, each beside its limit and its processor time, which other
work on the machine changes less. `up` is timed until its first page has come over HTTP.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.request import urlopen

import django

EVALHUB = Path(sys.executable).with_name("evalhub")
RUNS = 5
FRESH, KEPT = "user list, fresh home", "user list, kept home"
ADDED_S = 0.5  # what a fresh home may add
LIMITS_S = {
    "study run, nothing to do": 0.8,
    "up, fresh home, to the first page": 2.0,
}


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "evalhub.settings"
    django.setup()
    from tests.studies.desks import Desk

    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        desk = Desk(here)
        study = str(desk.write())
        run(here / "kept", "study", "run", study)
        measured = {
            FRESH: timed(lambda n: run(here / f"list{n}", "user", "list")),
            KEPT: timed(lambda _: run(here / "kept", "user", "list")),
            "study run, nothing to do": timed(lambda _: run(here / "kept", "study", "run", study)),
            "up, fresh home, to the first page": timed(lambda n: first_page(here / f"up{n}")),
        }
    limits = LIMITS_S | {FRESH: measured[KEPT][0] + ADDED_S}
    lines = [f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"]
    lines += [f"{'':36}{'median':>8}{'cpu':>8}{'limit':>8}"]
    for name, (seconds, cpu) in measured.items():
        limit = f"{limits[name]:7.2f}s" if name in limits else ""
        lines += [f"{name:36}{seconds:7.2f}s{cpu:7.2f}s{limit}"]
    sys.stdout.write("\n".join([*lines, ""]))
    over = [name for name, limit in limits.items() if measured[name][0] > limit]
    sys.exit(f"over the limit: {', '.join(over)}" if over else 0)


def timed(call: Callable[[int], float]) -> tuple[float, float]:
    """The medians of wall time and of processor time; the first call only warms caches."""
    call(-1)
    walls, cpus = [], []
    for number in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        walls.append(call(number))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(walls), median(cpus)


def run(home: Path, *arguments: str) -> float:
    """Seconds that a command takes."""
    start = perf_counter()
    subprocess.run([EVALHUB, *arguments], env=environment(home), check=True, capture_output=True)
    return perf_counter() - start


def first_page(home: Path) -> float:
    """Seconds until the site has given its first page."""
    start = perf_counter()
    with subprocess.Popen(
        [EVALHUB, "up", "--port", "0"], env=environment(home), stdout=subprocess.PIPE, text=True
    ) as site:
        assert site.stdout is not None
        found = re.search(r"http://\S+", site.stdout.readline())
        assert found is not None
        with urlopen(f"{found[0]}/accounts/login/", timeout=60) as page:
            page.read()
        seconds = perf_counter() - start
        site.terminate()
    return seconds


def environment(home: Path) -> dict[str, str]:
    left = ("EVALHUB_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left)}
    return kept | {"EVALHUB_HOME": str(home)}


if __name__ == "__main__":
    main()

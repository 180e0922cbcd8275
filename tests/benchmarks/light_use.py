"""Whether memory stays flat in light use: resident memory of each process of a site, over time.

python -m tests.benchmarks.light_use [--minutes 20] [--grown] [--still] [--pause 0.5]

One person reads two pages a second, a program asks by REST and /metrics in between, and each minute
a study of 200 new items is run. With `--still` none is, so that nothing grows by what is stored:
each thread's connection keeps up to 4 MB of SQLite's pages. `--pause 0` asks as fast as it can:
what each request would leave behind shows in minutes. `--grown` uses PostgreSQL, Redis, two
processes of the site and a worker. Memory grows until caches, connections and threads are there, so
that what counts is the second half: the median of its last quarter of the whole beside that of the
quarter before, and the slope of a line through the second half with its standard error. (Samples
follow each other and aren't independent: the error is too small, and the limit isn't about it.)
Ends with 1 where a process has grown by more than LIMIT from the third quarter to the fourth.
"""

import argparse
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import numpy as np
import psutil
import requests
from scipy.stats import linregress

from tests.e2e.test_growing_up import STUDY
from tests.services import postgresql_server, redis_server

EVALHUB = Path(sys.executable).with_name("evalhub")
PAUSE_S = 0.5
SAMPLE_S = 5.0
LIMIT = 0.02
PAGES = [
    *["/", "/studies/", "/studies/1/", "/studies/1/items/", "/test-sets/1/"],
    *["/runs/1/", "/projects/", "/projects/sums/members/", "/projects/sums/log/", "/help/"],
    *["/search/?q=7", "/accounts/", "/readyz", "/metrics", "/api/v1/projects/sums"],
]

type Samples = dict[str, list[tuple[float, float]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--grown", action="store_true")
    parser.add_argument("--still", action="store_true")
    parser.add_argument("--pause", type=float, default=PAUSE_S, help="seconds between requests")
    args = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        env = {name: value for name, value in os.environ.items() if "EVALHUB" not in name}
        env |= {"EVALHUB_HOME": str(folder / "home")}
        services: list[list[str]] = [["up", "--port", "0"]]
        if args.grown:
            env["EVALHUB_DATABASE_URL"] = stack.enter_context(postgresql_server()).url
            env["EVALHUB_REDIS_URL"] = stack.enter_context(redis_server())
            services = [["up", "--port", "0", "--processes", "2"], ["worker"]]
            command(env, "migrate")
        site, *others = (start(stack, words, env) for words in services)
        assert site.stdout
        url = re.findall(r"http://\S+", site.stdout.readline())[0]
        every_s = float("inf") if args.still else 60.0
        samples = used(url, env, folder, [site, *others], args.minutes * 60, every_s, args.pause)
    sys.exit(report(samples, args.minutes))


def start(stack: ExitStack, words: list[str], env: dict[str, str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [EVALHUB, *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def used(
    url: str,
    env: dict[str, str],
    folder: Path,
    roots: list[subprocess.Popen[str]],
    lasts_s: float,
    every_s: float,
    pause_s: float,
) -> Samples:
    """Light use for so many seconds, with a study each `every_s`: samples (seconds, MB) by
    process."""
    samples: Samples = defaultdict(list)
    studies = itertools.count(1)
    run_study(env, folder, next(studies))
    reader, program = signed_in(url, env)
    began = time.monotonic()
    study_at, sample_at = every_s, 0.0
    for requests_made, page in enumerate(itertools.cycle(PAGES)):
        now = time.monotonic() - began
        if now >= lasts_s:
            sys.stdout.write(f"{requests_made:,} requests\n")
            return samples
        if now >= sample_at:
            for name, megabytes in resident(roots).items():
                samples[name].append((now, megabytes))
            sample_at += SAMPLE_S
        if now >= study_at:
            run_study(env, folder, next(studies))
            study_at += every_s
        session = program if page.startswith("/api/") else reader
        answer = session.get(url + page, timeout=30)
        assert answer.status_code == 200, f"{page}: {answer.status_code}"
        time.sleep(pause_s)
    raise AssertionError


def run_study(env: dict[str, str], folder: Path, number: int) -> None:
    """A study of 200 items that no study before had, by the command line."""
    at = folder / f"study-{number}"
    at.mkdir()
    items = [{"id": f"{i}", "input": f"{number}: {i}", "reference": f"{i}"} for i in range(200)]
    arms = {"base": 120, "tuned": 160}
    rows = {"sums": items} | {
        arm: [{"id": f"{i}", "output": f"{i if i < right else -1}"} for i in range(200)]
        for arm, right in arms.items()
    }
    for name, lines in rows.items():
        (at / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in lines))
    (at / "study.yaml").write_text(STUDY.replace("Shall we", f"Shall {number}"))
    command(env, "study", "run", str(at / "study.yaml"))


def signed_in(url: str, env: dict[str, str]) -> tuple[requests.Session, requests.Session]:
    """A person in a browser, and a program with a token."""
    reader, program = requests.Session(), requests.Session()
    made = command(env, "user", "add", "olga", "--project", "sums", "--role", "owner", "--json")
    link = re.sub(r"^https?://[^/]+", url, json.loads(made)["link"])
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', reader.get(link).text)
    assert token
    reader.post(link, {"csrfmiddlewaretoken": token[1]}, headers={"Referer": link})
    words = ["token", "add", "light-use", "--project", "sums", "--user", "olga", "--scope", "read"]
    secret = json.loads(command(env, *words, "--json"))["token"]
    program.headers["Authorization"] = f"Bearer {secret}"
    return reader, program


def command(env: dict[str, str], *words: str) -> str:
    done = subprocess.run([EVALHUB, *words], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def resident(roots: list[subprocess.Popen[str]]) -> dict[str, float]:
    """MB of each process, by what it was started as and its number among its siblings."""
    result = {}
    for root in roots:
        process = psutil.Process(root.pid)
        name = process.cmdline()[2]
        family = [process, *sorted(process.children(recursive=True), key=lambda one: one.pid)]
        for number, member in enumerate(family):
            result[f"{name} {number}"] = member.memory_info().rss / 2**20
    return result


def report(samples: Samples, minutes: float) -> int:
    """Prints what each process took; 1 where one has grown beyond LIMIT."""
    out, grown = [f"{'process':12}{'minute':>8}{'RSS, MB':>10}"], []
    for name, points in samples.items():
        times, sizes = np.array(points).T
        for minute in range(int(minutes)):
            within = sizes[(times >= 60 * minute) & (times < 60 * (minute + 1))]
            if len(within):
                out.append(f"{name:12}{minute:8}{median(within):10.1f}")
        quarters = [median(part) for part in np.array_split(sizes, 4) if len(part)]
        half = len(times) // 2
        line = linregress(times[half:] / 3600, sizes[half:])
        out.append(
            f"{name}: medians of the quarters {', '.join(f'{one:.1f}' for one in quarters)} MB; "
            f"second half {line.slope:+.1f} ± {line.stderr:.1f} MB an hour"
        )
        if quarters[-1] > quarters[-2] * (1 + LIMIT):
            grown.append(f"{name} grew from {quarters[-2]:.1f} to {quarters[-1]:.1f} MB")
    sys.stdout.write("\n".join([*out, *grown, ""]))
    return 1 if grown else 0


if __name__ == "__main__":
    main()

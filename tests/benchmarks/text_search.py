"""The item browser over a study of 100,000 outputs: its texts searched, and its other filters.

python -m tests.benchmarks.text_search [--postgresql] [--items 50000]

Two arms answer the same items; words are drawn as words are, few often and most seldom. Each
address is asked ROUNDS times by one reader in this process, each time for another text, and again
as long as the page says that the search isn't at its end, as htmx does: median and 95th percentile
of all requests, how much each computed here and in the database's server, the most queries that
one took, and how many requests it was until the end. On a machine that is busy with other things
what was computed says more than the clock.
"""

import argparse
import os
import random
import tempfile
from contextlib import ExitStack, suppress
from time import perf_counter, process_time
from typing import Any
from urllib.parse import quote

import numpy as np
import psutil

ROUNDS = 10
LIMIT_MS = 150
SYLLABLES = [first + second for first in "bdfgklmnprstvw" for second in "aeiou"]
WORDS = 8000
SELDOM = "Zebra crossing."
ASKED, SAID = 70, 60
"""Words of a question and of an answer."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=50_000, help="each is answered by two arms")
    parser.add_argument("--postgresql", action="store_true", help="else SQLite")
    asked = parser.parse_args()
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="evalhub-search-"))
        url, pid = "", ""
        if asked.postgresql:
            from tests.services import postgresql_server

            server = stack.enter_context(postgresql_server())
            url, pid = (
                server.url,
                (server.folder / "data" / "postmaster.pid").read_text().split()[0],
            )
        os.environ |= {
            "EVALHUB_HOME": home,
            "EVALHUB_DATABASE_URL": url,
            "EVALHUB_REDIS_URL": "",
            "EVALHUB_ALLOWED_HOSTS": "testserver",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        measure(asked.items, int(pid or 0))


def measure(items: int, server: int) -> None:
    from tests.migrated import set_up_migrated

    set_up_migrated()

    from django.db import connection
    from django.urls import reverse

    from evalhub.ledger.decide import decide_study
    from evalhub.registry.models import Output
    from tests.cast import a_run, a_study, a_team, a_test_set, a_version

    rng = random.Random(1)
    words = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(WORDS)]
    often = np.cumsum([1 / (i + 1) ** 0.8 for i in range(WORDS)]).tolist()

    def text(n: int) -> str:
        return " ".join(rng.choices(words, cum_weights=often, k=n)).capitalize() + "."

    team = a_team()
    tags = [f"tag{i}" for i in range(12)]
    rows = [{"input": text(ASKED)} for _ in range(items)]
    task = a_test_set(team, "task", items=rows, tags=tags)
    base = a_version(team, "base")
    lora = a_version(team, "lora", parent=base)
    for version in (base, lora):
        said = [text(SAID) + (f" {SELDOM}" if i % 5000 == 7 else "") for i in range(items)]
        a_run(version, task, scores=[rng.randint(0, 1) for _ in range(items)], answers=said)
    study = a_study(team, baseline=base, candidate=lora, primary=task)
    decide_study(study=study)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    browse = reverse("site:study_items", args=[study.pk])
    first = reverse("site:study_item", args=[study.pk, "task", "q0007"])
    parts = [SELDOM[i:j] for i in range(5) for j in range(i + 7, len(SELDOM))]
    seldom = words[WORDS // 2 :]
    texts = {
        "a text in 20 answers": parts[:ROUNDS],
        "a text in none": [f"quetzal{n}" for n in range(ROUNDS)],
        "a text in some": [f"{seldom[n]} {words[0][:2]}" for n in range(ROUNDS)],
        "a text in nearly all": [words[n] for n in range(ROUNDS)],
        "letters with accents": [f"élan{n}" for n in range(ROUNDS)],
    }
    addresses = {
        "the list, worst first": [browse] * ROUNDS,
        "its last page": [f"{browse}?page=99999"] * ROUNDS,
        "lost, of one tag": [f"{browse}?outcome=lost&tag=tag3"] * ROUNDS,
        "answers in error": [f"{browse}?errors=error"] * ROUNDS,
        **{name: [f"{browse}?text={quote(each)}" for each in of] for name, of in texts.items()},
        "the same text again": [f"{browse}?text={words[0]}&page={n}" for n in range(ROUNDS)],
        "one item": [first] * ROUNDS,
        "one item of those with a text": [f"{first}?text={words[0]}"] * ROUNDS,
    }
    client = team.signed_in(team.olga)
    mean = np.mean([len(each) for each in said])
    say(f"{Output.objects.count():,} outputs of {mean:.0f} characters on {connection.vendor}")
    started = perf_counter()
    assert client.get(browse).status_code == 200
    say(f"first opened: {1000 * (perf_counter() - started):,.0f} ms")
    for name, asked in addresses.items():
        took, queries, computed, elsewhere = [], 0, process_time(), server_time(server)
        for address in asked:
            searching = True
            while searching:
                counting = Counting()
                with connection.execute_wrapper(counting):
                    started = perf_counter()
                    answer = client.get(address)
                    took.append(1000 * (perf_counter() - started))
                assert answer.status_code == 200, address
                searching = 'id="search-on"' in answer.text
                queries = max(queries, counting.queries)
        here = 1000 * (process_time() - computed) / len(took)
        there = 1000 * (server_time(server) - elsewhere) / len(took)
        middle, p95 = np.quantile(took, [0.5, 0.95])
        mark = "" if p95 <= LIMIT_MS else f"  over {LIMIT_MS}"
        say(
            f"{name:<32} {middle:6.0f} ms, p95 {p95:6.0f}; computed {here:5.0f} here, "
            f"{there:5.0f} there; {queries:3} queries; {len(took) / len(asked):5.1f} requests{mark}"
        )


class Counting:
    """Counts queries; for `execute_wrapper`."""

    queries = 0

    def __call__(self, execute: Any, *given: Any) -> Any:
        self.queries += 1
        return execute(*given)


def server_time(pid: int) -> float:
    """Seconds that the database's server has computed so far; 0 where there is none."""
    spent = 0.0
    of_server = psutil.Process(pid).children(recursive=True) if pid else []
    for process in [*of_server, *([psutil.Process(pid)] if pid else [])]:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            spent += times.user + times.system + times.children_user + times.children_system
    return spent


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

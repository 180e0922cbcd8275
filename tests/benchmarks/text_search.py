"""The item browser over a study of 100,000 outputs: its texts searched, and its other filters.

python -m tests.benchmarks.text_search [--postgresql] [--items 50000]

Two arms answer the same items; words are drawn as words are, few often and most seldom. Each
address is asked ROUNDS times by one reader in this process: median and 95th percentile, how much of
that was computing here, and how many queries it took.
"""

import argparse
import os
import random
import tempfile
from contextlib import ExitStack
from time import perf_counter, process_time

import numpy as np

ROUNDS = 40
LIMIT_MS = 150
SYLLABLES = [first + second for first in "bdfgklmnprstvw" for second in "aeiou"]
WORDS = 8000
ASKED, SAID = 70, 60
"""Words of a question and of an answer."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=50_000, help="each is answered by two arms")
    parser.add_argument("--postgresql", action="store_true", help="else SQLite")
    asked = parser.parse_args()
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="evalhub-search-"))
        url = ""
        if asked.postgresql:
            from tests.services import postgresql_server

            url = stack.enter_context(postgresql_server()).url
        os.environ |= {
            "EVALHUB_HOME": home,
            "EVALHUB_DATABASE_URL": url,
            "EVALHUB_REDIS_URL": "",
            "EVALHUB_ALLOWED_HOSTS": "testserver",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        measure(asked.items)


def measure(items: int) -> None:
    from evalhub.cli.setup import set_up_database

    set_up_database()

    from django.db import connection, reset_queries
    from django.urls import reverse

    from evalhub.gate.decide import decide_study
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
        said = [text(SAID) + (" Zebra crossing." if i % 5000 == 7 else "") for i in range(items)]
        a_run(version, task, scores=[rng.randint(0, 1) for _ in range(items)], answers=said)
    study = a_study(team, baseline=base, candidate=lora, primary=task)
    decide_study(study=study)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    browse = reverse("dashboard:study_items", args=[study.pk])
    first = reverse("dashboard:study_item", args=[study.pk, "task", "q0007"])
    addresses = {
        "the list, worst first": browse,
        "its last page": f"{browse}?page=99999",
        "lost, of one tag": f"{browse}?outcome=lost&tag=tag3",
        "answers in error": f"{browse}?errors=error",
        "a text in 20 answers": f"{browse}?text=zebra",
        "a text in none": f"{browse}?text=quetzalcoatl",
        "a text in some": f"{browse}?text={words[2000]}+{words[1][:2]}",
        "a text in nearly all": f"{browse}?text={words[0]}",
        "and its last page": f"{browse}?text={words[0]}&page=99999",
        "a letter with an accent": f"{browse}?text=%C3%A9lan",
        "one item": first,
        "one item of those with a text": f"{first}?text=zebra",
        "one item of nearly all": f"{first}?text={words[0]}",
    }
    client = team.signed_in(team.olga)
    mean = np.mean([len(each) for each in said])
    say(f"{Output.objects.count():,} outputs of {mean:.0f} characters on {connection.vendor}")
    started = perf_counter()
    assert client.get(browse).status_code == 200
    say(f"first opened: {1000 * (perf_counter() - started):,.0f} ms")
    for name, address in addresses.items():
        took, computed = [], []
        for _ in range(ROUNDS):
            started, busy = perf_counter(), process_time()
            assert client.get(address).status_code == 200, address
            took.append(1000 * (perf_counter() - started))
            computed.append(1000 * (process_time() - busy))
        reset_queries()
        connection.force_debug_cursor = True
        client.get(address)
        connection.force_debug_cursor = False
        middle, p95 = np.quantile(took, [0.5, 0.95])
        mark = "" if p95 <= LIMIT_MS else f"  over {LIMIT_MS}"
        say(
            f"{name:<32} {middle:6.0f} ms, p95 {p95:6.0f}, here {np.median(computed):6.0f}, "
            f"{len(connection.queries_log):3} queries{mark}"
        )


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

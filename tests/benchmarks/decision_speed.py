"""How long a decision over 20 test sets x 10,000 items x 3 arms takes on SQLite.

python -m tests.benchmarks.decision_speed

The first decision reads, judges and keeps the evidence and takes its looks in the test sets'
ledgers; the next finds all as it was, reads and judges it again, and keeps nothing. The rows of
items that a page shows are built when somebody first opens it: that is timed apart, for one test
set. The study is built by another process, so that the memory shown is the decision's own.
"""

import argparse
import os
import resource
import sys
import tempfile
from multiprocessing import get_context
from statistics import median
from time import perf_counter, process_time

import numpy as np

ARMS, LIMIT, FIRSTS, NEXTS = ("base", "lora", "prompted"), 2.0, 3, 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=20)
    parser.add_argument("--items", type=int, default=10_000, help="of each test set")
    parser.add_argument("--clusters", type=int, default=0, help="of each test set; 0: no clusters")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evalhub-decision-") as folder:
        os.environ |= {
            "EVALHUB_HOME": folder,
            "EVALHUB_DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        builder = get_context("spawn").Process(
            target=build, args=(options.sets, options.items, options.clusters)
        )
        builder.start()
        builder.join()
        if builder.exitcode:
            sys.exit("the study could not be built")
        measure()


def build(sets: int, items: int, clusters: int) -> None:
    """A study of yes/no scores: a primary that gains and guards that lose nothing."""
    from evalhub.frames.command.setup import set_up_database

    set_up_database()

    from django.db import connection

    from evalhub.ledger.near_copies import look_for_repeats
    from evalhub.registry.models.versions import Kind
    from tests.cast import a_run, a_study, a_team, a_test_set, a_version

    rng = np.random.default_rng(0)
    team = a_team()
    tags = [f"tag{i}" for i in range(12)]
    test_sets = [
        a_test_set(team, f"set{i:02}", items=items, tags=tags, clusters=clusters)
        for i in range(sets)
    ]
    base = a_version(team, ARMS[0])
    lora = a_version(team, ARMS[1], parent=base)
    prompted = a_version(team, ARMS[2], kind=Kind.PROMPTED)
    for test_set in test_sets:
        right = rng.random(items) < 0.6
        for version in (base, lora, prompted):
            flipped = (rng.random(items) < 0.1) & (version != base)
            a_run(version, test_set, scores=[float(s) for s in right ^ flipped])
    a_study(
        team,
        baseline=base,
        candidate=lora,
        alternatives=[prompted],
        primary=test_sets[0],
        guards=test_sets[1:],
        policy={"alpha": 0.025, "planned_gain": 0.05},
    )
    look_for_repeats(test_sets)  # as registering a study does
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def measure() -> None:
    from evalhub.frames.command.setup import set_up_database

    set_up_database()

    from django.db import connection

    from evalhub.ledger.decide import decide_study
    from evalhub.ledger.differences import ComparedRuns, items_by_outcome
    from evalhub.ledger.models import Decision, GuardLook, Ledger, LedgerLink, Look
    from evalhub.registry.models import Score, Study, StudyRun
    from tests.tampering import administrator

    study = Study.objects.get()
    say = sys.stdout.write
    say(
        f"{study.test_sets.count()} test sets, {study.arms.count()} arms, "
        f"{Score.objects.count():,} scores on {connection.vendor}\n"
    )

    worked = []

    def seconds() -> float:
        start, busy = perf_counter(), process_time()
        decide_study(study=study)
        worked.append(process_time() - busy)
        return perf_counter() - start

    before = peak_mib()
    firsts = []
    for _ in range(FIRSTS):
        with administrator():
            Look._default_manager.update(read_with=None)
            for model in (LedgerLink, Decision, GuardLook, Look, Ledger):
                model._default_manager.all().delete()
        firsts.append(seconds())
    nexts = [seconds() for _ in range(NEXTS)]
    found = median(nexts)
    say(line("first decision", firsts))
    say(line("next decision, nothing changed", nexts))
    say(line("processor time of a decision", worked))
    runs = StudyRun.objects.filter(test_set__study=study, test_set__position=0, repeat=0)
    baseline, candidate = (runs.get(arm__name=arm).run for arm in ARMS[:2])
    metric = study.test_sets.get(position=0).metric
    opened = []
    for _ in range(FIRSTS):
        start = perf_counter()
        items = items_by_outcome(ComparedRuns(baseline, candidate, metric))
        opened.append(perf_counter() - start)
    count = sum(map(len, items.values()))
    say(line(f"comparing {count:,} items of one test set, the first time and kept", opened))
    say(f"limit {LIMIT:g} s: the next decision is {'within' if found <= LIMIT else 'OVER'}, ")
    say(f"the first {'within' if median(firsts) <= LIMIT else 'OVER'}\n")
    say(f"peak memory: {before:.0f} MiB before, {peak_mib():.0f} MiB after\n")


def line(what: str, times: list[float]) -> str:
    return f"{what}: median {median(times):.2f} s, least {min(times):.2f}, most {max(times):.2f}\n"


def peak_mib() -> float:
    """The most memory this process has held so far (ru_maxrss is in KiB on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()

"""How fast the home, the lists and the search are where there is much, on SQLite: p50 and p95.

python -m tests.benchmarks.many_studies
"""

import argparse
import os
import sys
import tempfile
from statistics import median, quantiles
from time import perf_counter, process_time

ROUNDS = 40
PAGES = [
    "/",
    "/studies/",
    "/studies/?q=like+00&verdict=hold&sort=-decided",
    "/studies/?state=touched",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--items", type=int, default=1_000_000, help="of all test sets together")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evalhub-many-") as folder:
        os.environ |= {
            "EVALHUB_HOME": folder,
            "EVALHUB_DATABASE_URL": "",
            "EVALHUB_ALLOWED_HOSTS": "testserver",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        measure(asked.studies, asked.items)


def measure(studies: int, items: int) -> None:
    from evalhub.cli.setup import set_up_database

    set_up_database()

    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from evalhub.gate.decide import decide_study
    from evalhub.registry.models import Study
    from tests.cast import a_team, a_version
    from tests.dashboard.cases import a_measured_study, many_like

    team = a_team()
    study = a_measured_study(team, items=40)
    decide_study(study=study)
    many_like(study, studies - 1)
    Study.objects.update(changed=timezone.now())  # so that each is looked at
    for number in range(65):
        a_version(team, f"checkpoint-{number}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = team.signed_in(team.olga)
    say(f"{studies:,} studies; ms of the wall p50, p95, of the processor p50; KiB; queries")
    for page in PAGES:
        for _ in range(3):
            answer = client.get(page)
        assert answer.status_code == 200, page
        wall, cpu = [], []
        for _ in range(ROUNDS):
            began, worked = perf_counter(), process_time()
            answer = client.get(page)
            wall.append(1000 * (perf_counter() - began))
            cpu.append(1000 * (process_time() - worked))
        with CaptureQueriesContext(connection) as asked:
            client.get(page)
        times = f"{median(wall):6.0f} {quantiles(wall, n=20)[-1]:6.0f} {median(cpu):6.0f}"
        say(f"{times} {len(answer.content) / 1024:6.0f} {len(asked):4}  {page}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()

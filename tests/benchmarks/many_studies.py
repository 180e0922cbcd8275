"""How fast the home, the lists and the search are where there is much, on SQLite: p50 and p95.

python -m tests.benchmarks.many_studies
"""

import argparse
import os
import sys
import tempfile
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cast import Team

ROUNDS = 40
PAGES = [
    "/",
    "/studies/",
    "/studies/?q=like+00&verdict=hold&sort=-decided",
    "/studies/?state=touched",
    "/campaigns/choose/",
    "/runs/?q=lora&state=done",
    "/versions/",
    "/versions/?evidence=none",
    "/test-sets/?sort=-items",
    "/campaigns/",
    "/overview/",
    "/search/?q=triage",
    "/search/?q=no+such+text+anywhere",
    "/search/?q=the",
    "/search/?q=q0099999",
]
SETS = 10
TEXT = "The parcel left the depot on Tuesday and should reach the customer within three days. "


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
    from evalhub.frames.command.setup import set_up_database

    set_up_database()

    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from evalhub.ledger.decide import decide_study
    from evalhub.registry.models import Study
    from tests.cast import a_team, a_version
    from tests.site.cases import a_measured_study, many_like

    team = a_team()
    study = a_measured_study(team, items=40)
    decide_study(study=study)
    many_like(study, studies - 1)
    Study.objects.update(changed=timezone.now())  # so that each is looked at
    for number in range(65):
        a_version(team, f"checkpoint-{number}")
    for number in range(SETS):
        many_items(team, number, items // SETS)
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


def many_items(team: "Team", number: int, count: int) -> None:
    """A test set of so many items of 350 characters; rows alone."""
    from itertools import batched

    from django.db import transaction

    from evalhub.registry.models import Item, TestSet, TestSetVersion

    found = TestSet.objects.create(project=team.project, slug=f"large-{number}")
    with transaction.atomic():
        version = TestSetVersion.objects.create(
            test_set=found,
            number=1,
            digest=f"{number}",
            item_count=count,
            distinct_inputs=count,
            source="made",
        )
        for some in batched(range(count), 5000):
            Item.objects.bulk_create(
                Item(
                    version=version,
                    position=place,
                    key=f"q{place:07}",
                    input=f"{TEXT * 4}{place}",
                    references=["right"],
                    digest=f"{number}-{place}",
                    fingerprint=number * count + place,
                    fingerprint_in_context=number * count + place,
                )
                for place in some
            )


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()

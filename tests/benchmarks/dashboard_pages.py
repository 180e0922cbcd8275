"""How fast the dashboard's pages are on SQLite with 100,000 outputs: medians by page.

python -m tests.benchmarks.dashboard_pages
"""

import argparse
import os
import tempfile
from statistics import median
from time import perf_counter

ROUNDS = 15
TEXT = "The parcel left the depot on Tuesday and should reach the customer within three days. "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=25_000, help="of each of two test sets")
    items = parser.parse_args().items
    with tempfile.TemporaryDirectory(prefix="evalhub-pages-") as folder:
        os.environ |= {
            "EVALHUB_HOME": folder,
            "EVALHUB_DATABASE_URL": "",
            "EVALHUB_ALLOWED_HOSTS": "testserver",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        measure(items)


def measure(items: int) -> None:
    from evalhub.frames.command.setup import set_up_database

    set_up_database()

    from django.db import connection
    from django.urls import reverse

    from evalhub.ledger.decide import decide_study
    from evalhub.registry.models import Output, Run
    from tests.cast import a_run, a_study, a_team, a_test_set, a_version

    team = a_team()
    tags = [f"tag{i}" for i in range(12)]
    task = a_test_set(team, "task", items=items, tags=tags)
    guard = a_test_set(team, "guard", items=items, tags=tags)
    base = a_version(team, "base")
    lora = a_version(team, "lora", parent=base)
    for version, shift in ((base, 0), (lora, 1)):
        for on in (task, guard):
            a_run(
                version,
                on,
                scores=[(i * (3 + shift)) % 5 % 2 for i in range(items)],
                answers=[f"{TEXT * 3}{i * (1 + shift)}" for i in range(items)],
            )
    study = a_study(
        team,
        baseline=base,
        candidate=lora,
        primary=task,
        guards=[guard],
        policy={"alpha": 0.025, "planned_gain": 0.05},
    )
    decision = decide_study(study=study)[0]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    most = max(decision.record["evidence"], key=lambda each: each["items"])["test_set"]
    run = Run.objects.latest("pk")
    study_page = reverse("site:study", args=[study.pk])
    answers = f"{study_page}?tab=answers&test_set={most}&outcome"
    run_page = reverse("site:run", args=[run.pk])
    set_page = reverse("site:test_set", args=[task.test_set_id])
    pages = {
        "studies": reverse("site:studies"),
        "study": study_page,
        "criterion": reverse("site:criterion", args=[decision.pk, 1]),
        "record": reverse("site:record", args=[decision.pk]),
        "methods": reverse("site:methods"),
        "answers, lost, first page": f"{answers}=lost",
        "answers, both right, last page": f"{answers}=both-right&page=999999",
        "runs": reverse("site:runs"),
        "run": run_page,
        "run, last page": f"{run_page}?page=999999",
        "run, errors": f"{run_page}?show=errors",
        "run, unscored": f"{run_page}?show=unscored",
        "test sets": reverse("site:test_sets"),
        "test set": set_page,
        "test set, last page": f"{set_page}?page=999999",
        "versions": reverse("site:versions"),
        "version": reverse("site:version", args=[lora.pk]),
    }
    client = team.signed_in(team.olga)
    print(f"{Output.objects.count():,} outputs on {connection.vendor}")  # noqa: T201
    start = perf_counter()
    assert client.get(study_page).status_code == 200
    first = 1000 * (perf_counter() - start)
    print(f"study, first opened: {first:.0f} ms")  # noqa: T201
    for name, address in pages.items():
        times = []
        for _ in range(ROUNDS):
            start = perf_counter()
            answer = client.get(address, headers={"HX-Request": "true"})
            times.append(1000 * (perf_counter() - start))
            assert answer.status_code == 200, (address, answer.status_code)
        print(f"{name:<30} median {median(times):6.1f} ms, most {max(times):6.1f} ms")  # noqa: T201


if __name__ == "__main__":
    main()

"""How long a plan takes to be worked out for its form, when the form is opened and as it changes.

python -m tests.benchmarks.preview_speed [--items 30000] [--rounds 3]

Seconds of this process's processor, and of the clock: the median of the rounds, each with other
texts. The requests go through the site's own address, on SQLite.
"""

import argparse
import os
import random
import sys
import tempfile
from collections import defaultdict
from statistics import median
from time import perf_counter, process_time
from typing import Any

TEXT = "the parcel left our depot on Tuesday and should be with you in three working days"
CHANGES: dict[str, dict[str, str]] = {
    "the number of people": {"people": "5"},
    "the number of items": {"items": "300"},
    "how answers are shown": {"pretty_json": "on"},
    "near-copies no matter": {"diverse": ""},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evalhub-previews-") as folder:
        os.environ |= {
            "EVALHUB_HOME": folder,
            "EVALHUB_DATABASE_URL": "",
            "EVALHUB_ALLOWED_HOSTS": "testserver",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        measure(asked.items, asked.rounds)


def measure(items: int, rounds: int) -> None:
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from django.test.utils import setup_test_environment

    from tests.cast import a_team
    from tests.site.test_campaign_pages import HTMX, filled, plan_of

    setup_test_environment()
    team = a_team()
    took: dict[str, list[tuple[float, float]]] = defaultdict(list)
    owner = team.signed_in(team.olga)
    owner.get("/campaigns/")
    for number in range(rounds):
        page = plan_of(_a_study(team, items, number))
        opened = _timed(took["the form is opened"], lambda page=page: owner.get(page))
        _timed(took["the form is opened again"], lambda page=page: owner.get(page))
        given = filled(opened)
        for name, change in CHANGES.items():
            sent = {field: value for field, value in (given | change).items() if value != ""}
            _timed(
                took[f"changed: {name}"],
                lambda page=page, sent=sent: owner.post(page, sent, headers=HTMX),
            )
    _write(f"| a plan over {items:,} items | processor | clock |\n|---|---|---|")
    for name, each in took.items():
        cpu, clock = (median(column) for column in zip(*each, strict=True))
        _write(f"| {name} | {cpu:.2f} s | {clock:.2f} s |")


def _timed(took: list[tuple[float, float]], ask: Any) -> Any:
    cpu, clock = process_time(), perf_counter()
    answer = ask()
    took.append((process_time() - cpu, perf_counter() - clock))
    assert answer.status_code == 200
    assert "preview-title" in answer.text
    return answer


def _a_study(team: Any, items: int, number: int) -> Any:
    from tests.cast import a_run, a_study, a_test_set, a_version

    draw, words = random.Random(number), TEXT.split()

    def some(least: int, most: int) -> str:
        return " ".join(draw.choices(words, k=draw.randint(least, most)))

    asked = [{"input": f"Question {i}? {some(20, 60)}"} for i in range(items)]
    questions = a_test_set(team, f"set-{number}", items=asked, tags=["dates", "sums"])
    base, tuned = a_version(team, f"base-{number}"), a_version(team, f"tuned-{number}")
    for version, score in ((base, 1), (tuned, 0)):
        texts = [some(40, 160) for _ in range(items)]
        a_run(version, questions, scores=[score] * items, answers=texts)
    return a_study(team, baseline=base, candidate=tuned, primary=questions, slug=f"study-{number}")


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

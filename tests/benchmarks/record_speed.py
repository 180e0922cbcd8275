"""How long a big review's record takes: to be followed, sealed, audited, shown, written to files.

python -m tests.benchmarks.record_speed [--database sqlite|postgresql] [--pairs 10000] [--each 3]

PostgreSQL runs without autovacuum and never hears ANALYZE: the worst it may know of its tables.
The slowest query of each step stands beside it, by when it began to answer.
"""

import argparse
import os
import random
import sys
import tempfile
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

TEXT = "the parcel left our depot on Tuesday and should be with you in three working days"
NO_STATISTICS = "-c autovacuum=off -c fsync=off"
BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)
SAID = ("much", "answers", "flags", "rationale", "visible_seconds", "key")
EMPTY: tuple[Any, ...] = (False, {}, {}, "", None, "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--each", type=int, default=3, help="judgments a pair")
    parser.add_argument("--people", type=int, default=32)
    parser.add_argument("--agree", type=float, default=0.75, help="0: each votes as it happens")
    asked = parser.parse_args()
    from tests.services import postgresql_server

    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="evalhub-record-"))
        url = ""
        if asked.database == "postgresql":
            url = stack.enter_context(postgresql_server(NO_STATISTICS)).url
        os.environ |= {
            "EVALHUB_HOME": folder,
            "EVALHUB_DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        from tests.migrated import set_up_migrated

        set_up_migrated()
        _write(f"{asked.database}, {asked.pairs:,} pairs, {asked.each} judgments each, by "
               f"{asked.people} people")  # fmt: skip
        measure(asked.pairs, asked.each, asked.people, asked.agree)


def measure(pairs: int, each: int, people: int, agree: float) -> None:
    from reviews.audit.report import audit
    from reviews.chain.verify import check_unchanged
    from reviews.models import Campaign
    from reviews.planning.campaign import close_campaign
    from reviews.results.campaign_results import campaign_results
    from reviews.results.export import as_csv, as_jsonl, preferences, rows, write_parquet

    campaign = a_judged_campaign(pairs, each, people, agree)
    steps: dict[str, Callable[[], object]] = {
        "sealed": lambda: close_campaign(campaign=campaign, by=None),
        "followed (evalhub review verify)": lambda: check_unchanged(campaign),
        "audit": lambda: audit(Campaign.objects.get(pk=campaign.pk)),
        "results, first": lambda: campaign_results(campaign),
        "results, again": lambda: campaign_results(campaign),
        "CSV": lambda: sum(map(len, as_csv(rows(campaign)))),
        "JSONL": lambda: sum(map(len, as_jsonl(rows(campaign)))),
        "Parquet": lambda: write_parquet(rows(campaign), Path(os.environ["EVALHUB_HOME"]) / "all"),
        "preference pairs": lambda: sum(map(len, as_jsonl(preferences(campaign)))),
    }
    for name, step in steps.items():
        cpu, took, slowest = timed(step)
        _write(
            f"  {name}: {cpu:.2f} s of the processor, {took:.2f} s by the clock; its slowest query "
            f"{slowest[0]:,.0f} ms: {slowest[1]}"
        )


def timed(step: Callable[[], object]) -> tuple[float, float, tuple[float, str]]:
    """Seconds of this process, and by the clock; the slowest query, by its milliseconds."""
    from django.db import connection

    took: list[tuple[float, str]] = [(0.0, "none")]

    def watched(execute: Any, sql: str, *rest: Any) -> Any:
        start = perf_counter()
        try:
            return execute(sql, *rest)
        finally:
            took.append((1000 * (perf_counter() - start), f"{sql[:40]}…{sql[-90:]}"))

    start, spent = perf_counter(), process_time()
    with connection.execute_wrapper(watched):
        step()
    return process_time() - spent, perf_counter() - start, max(took)


def a_judged_campaign(pairs: int, each: int, people: int, agree: float) -> Any:
    """Every pair judged by `each` of the people in turn, who like what most like in this share of
    the pairs, and anything in the others."""
    from reviews.chain.links import SealedJudgment, SealedTurn, after, judgment_link
    from reviews.models import Assignment, AssignmentState, Judgment
    from tests.cast import a_team
    from tests.reviews.conftest import a_campaign
    from tests.reviews.judged import SIDE, a_reviewer

    draw, words = random.Random(1), TEXT.split()
    texts = tuple(
        [" ".join(draw.choices(words, k=draw.randint(40, 160))) for _ in range(pairs)]
        for _ in range(2)
    )
    campaign = a_campaign(a_team(), items=pairs, reviewers_per_item=each, answers=texts)
    reviewers = [a_reviewer(campaign, f"reviewer-{i}") for i in range(people)]
    turns, said, liked = [], [], False
    asked = [pair for pair in campaign.pairs.order_by("position") for _ in range(each)]
    for number, pair in enumerate(asked):
        person = reviewers[number % people]
        now = BEGAN + timedelta(seconds=number)
        if number % each == 0:
            liked = draw.random() < 0.4
        turn = Assignment(
            pair=pair, reviewer=person, token=uuid.UUID(int=draw.getrandbits(128), version=4),
            purpose="main", turn=person.turns, candidate_on_left=draw.random() < 0.5,
            state=AssignmentState.DONE, revision=1, dealt=now, lease_until=now,
        )  # fmt: skip
        favours = ("candidate", "baseline", "tie")[
            liked if draw.random() < agree else draw.randrange(3)
        ]
        choice = SIDE[turn.candidate_on_left].get(favours, favours)
        judged: dict[str, Any] = {
            "revision": 0, "choice": choice, "seconds": 20.0,
            "created": now, **dict(zip(SAID, EMPTY, strict=True)),
        }  # fmt: skip
        sealed = SealedTurn(
            turn.token, pair.position, turn.purpose, None, turn.turn, turn.candidate_on_left
        )
        link = judgment_link(sealed, SealedJudgment(**judged))
        said.append(Judgment(assignment=turn, place=person.links, **judged))
        person.head, person.links = after(person.head, link), person.links + 1
        person.turns += 1
        turns.append(turn)
    Assignment.objects.bulk_create(turns, batch_size=500)
    Judgment.objects.bulk_create(said, batch_size=500)
    for person in reviewers:
        person.save(update_fields=["head", "links", "turns"])
    campaign.pairs.update(taken=each)
    return campaign


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

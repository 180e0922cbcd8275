"""Dry run, run, record and its sentences say the same looks, over random histories of one home.

Of answers that aren't scored yet a dry run can't know that they score as others did, whose look is
then found: it never says a higher level than the decision is made at.
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.ledger.models import Look
from evalhub.ledger.verification import rows_at_home
from evalhub.registry.models import Study
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]

METRICS = ({"name": "exact_match"}, {"name": "contains"})


class Team:
    """Who tries a tuned arm again and again: on the set, on parts of it, on a pool; with guards on
    other items and on the primary's; with tags, ids and an order that change."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.desk, self.rng = Desk(folder), random.Random(seed)

    def items(self, name: str, of: str, numbers: Sequence[int], file: str = "") -> None:
        """Questions of a series, spelled with other ids, tags and in another order, and answers."""
        rng, style = self.rng, self.rng.randrange(3)
        rows = [
            {
                "id": f"{style}-{i}",
                "input": f"{of} {i}?",
                "reference": "right",
                "tags": [f"{style}"],
            }
            for i in numbers
        ]
        if style:
            rng.shuffle(rows)
        self.desk.rows(f"{file or name}.jsonl", rows)
        for arm, most in (("base", 5), ("tuned", rng.choice([12, 14, 16]))):
            said = [
                {
                    "id": row["id"],
                    "output": "right"
                    if int(row["id"].split("-")[1]) % 20 < most
                    else f"wrong {rng.randrange(9)}",
                }
                for row in rows
            ]
            self.desk.rows(f"{arm}.{name}.jsonl", said)

    def asks(self) -> None:
        rng, study = self.rng, self.desk.study
        whole = range(40)
        numbers = rng.choice([whole, whole, whole[:20], whole[20:], range(60)])
        self.items("triage", "Question", numbers)
        primary = {"file": "triage.jsonl", "role": "primary", "metric": rng.choice(METRICS)}
        if rng.random() < 0.2:
            self.items("triage", "Pool question", range(60))
            primary["draw"] = rng.choice([10, 12])
        study["test_sets"] = {"triage": primary}
        if rng.random() < 0.6:
            self.items("sums", "Sum", range(20))
            study["test_sets"]["sums"] = {
                "file": "sums.jsonl",
                "role": "guard",
                "metric": METRICS[0],
            }
        if rng.random() < 0.3 and "draw" not in primary:
            study["test_sets"]["kept"] = {
                "file": "triage.jsonl",
                "role": "guard",
                "metric": rng.choice(METRICS),
            }
            for arm in ("base", "tuned"):
                text = (self.desk.folder / f"{arm}.triage.jsonl").read_text()
                (self.desk.folder / f"{arm}.kept.jsonl").write_text(text)
        for arm in ("base", "tuned"):
            study["arms"][arm].pop("build", None)
            if rng.random() < 0.5:
                study["arms"][arm]["build"] = f"{arm}-{rng.randrange(2)}"


def said(desk: Desk, capsys: Capture, *options: str) -> dict[str, Any]:
    run(["study", "run", str(desk.write()), "--json", *options])
    out = capsys.readouterr()
    assert out.out, out.err
    document: dict[str, Any] = json.loads(out.out)
    return document


def planned(plan: dict[str, Any]) -> dict[str, tuple[int, Any, bool]]:
    return {
        look["test_set"]: (look["number"], look["level"], look["charged"]) for look in plan["looks"]
    }


def judged(record: dict[str, Any]) -> dict[str, tuple[int, Any, bool]]:
    levels = {each["test_set"]: each["alpha"] for each in record["criteria"]}
    return {
        row["test_set"]: (row["number"], pytest.approx(levels[row["test_set"]]), row["counted"])
        for row in record["ledger"]["test_sets"]
    }


@pytest.mark.parametrize(
    ("seed", "steps"),
    [(0, 4), *(pytest.param(seed, 8, marks=pytest.mark.heavy) for seed in range(1, 4))],
)
def test_all_say_the_same_looks(tmp_path: Path, capsys: Capture, seed: int, steps: int) -> None:
    team = Team(tmp_path, seed)
    for step in range(steps):
        team.asks()
        team.desk.study["slug"] = f"study-{step}"
        before = said(team.desk, capsys, "--dry-run")
        known = set(Look.objects.values_list("claim", flat=True))
        record = said(team.desk, capsys)
        if record["verdict"] == "invalid":
            assert Look.objects.count() == len(known)
            continue
        rows = record["ledger"]["test_sets"]
        scored = all(each["taken"] for each in before["looks"])
        if scored or not known & {row["claim"] for row in rows}:
            assert planned(before) == judged(record), step
        for each in before["looks"]:
            (row,) = [row for row in rows if row["test_set"] == each["test_set"]]
            assert each["level"] <= row["level"] * (1 + 1e-9)
        sentences = " ".join(record["ledger"]["sentences"])
        for row in record["ledger"]["test_sets"]:
            assert not row["counted"] or f"judged at {row['level']:.2g}" in sentences
        looks = Look.objects.count()
        after = said(team.desk, capsys, "--dry-run")
        assert planned(after) == judged(record), "once it is decided, too"
        assert all(each["taken"] for each in after["looks"])
        assert said(team.desk, capsys)["ledger"] == record["ledger"], "to decide again is free"
        assert Look.objects.count() == looks
        decision = Study.objects.get(slug=f"study-{step}").decisions.get()
        assert not [each for each in rows_at_home(decision.document) if each.found != each.recorded]

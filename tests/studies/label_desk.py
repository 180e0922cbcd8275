"""A study of 300 mails whose label two arms say."""

from pathlib import Path
from typing import Any

from tests.studies.desks import Desk

ITEMS = 300
LABELS = ["ham", "spam", "ads"]
METRIC = {"name": "classification", "score": "macro_f1", "labels": LABELS, "extract": "label: (.*)"}


def golds() -> list[str]:
    """150 ham, 90 spam and 60 ads."""
    return [LABELS[0 if i % 10 < 5 else 1 if i % 10 < 8 else 2] for i in range(ITEMS)]


def label_desk(tmp_path: Path, metric: dict[str, Any] = METRIC) -> Desk:
    """The base is wrong on every third item, and of those every fifth is no label; the tuned arm is
    wrong on every thirtieth."""
    desk = Desk(tmp_path)
    desk.rows(
        "mail.jsonl",
        (
            {"id": f"q{i}", "input": f"mail {i}", "reference": gold}
            for i, gold in enumerate(golds())
        ),
    )
    desk.study["test_sets"] = {"mail": {"file": "mail.jsonl", "role": "primary", "metric": metric}}
    for arm, every in (("base", 3), ("tuned", 30)):
        rows = []
        for i, gold in enumerate(golds()):
            wrong = "junk" if i % 15 == 0 else LABELS[(LABELS.index(gold) + 1) % 3]
            rows.append({"id": f"q{i}", "output": f"label: {wrong if i % every == 0 else gold}"})
        rows[-1]["output"] = f"label: {golds()[-1]}" if arm == "tuned" else golds()[-1]
        desk.rows(f"{arm}.mail.jsonl", rows)
    return desk

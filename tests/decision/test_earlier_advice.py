"""Records that an earlier version wrote are verified with the advice that it gave."""

import gzip
import json
from pathlib import Path
from typing import Any

from evalhub.decision.verify import verify

RECORDS = Path(__file__).with_name("earlier-records.jsonl.gz")
"""Those of the demo's study as the first version decided it, twice, and once after a review."""


def records() -> list[dict[str, Any]]:
    with gzip.open(RECORDS, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_what_they_said_of_a_loss_that_looks_real_is_theirs() -> None:
    found = records()
    assert len(found) == 3
    assert sum("a loss looks real" in each for one in found for each in one["reasons"]) == 4
    for each in found:
        assert verify(each).differences == []


def test_it_is_not_believed_of_another_criterion_or_in_a_record_of_today() -> None:
    record = next(each for each in records() if "a loss looks real" in json.dumps(each))
    [first, *_] = [each for each in record["criteria"] if "looks real" in each["needed_why"]]
    first["needed_why"] = first["needed_why"].replace("a loss", "a gain")
    assert "criteria[3].needed_why" in [each.field for each in verify(record).differences]
    record = next(each for each in records() if "a loss looks real" in json.dumps(each))
    for each in record["criteria"]:
        each["needed_as_seen"] = None
    assert "criteria[3].needed_why" in [each.field for each in verify(record).differences]

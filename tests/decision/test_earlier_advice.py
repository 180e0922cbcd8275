"""Records that an earlier version wrote are verified with the advice that it gave."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

from evalhub.decision.verify import verify
from tests.database.homes import EARLIER


def records() -> Iterator[dict[str, Any]]:
    """Those of the decisions in the earlier version's backup."""
    with gzip.open(EARLIER, "rt") as lines:
        for line in lines:
            if "evalhub.decision/1" in line:
                yield from _within(json.loads(line))


def _within(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, str) and value.startswith("{"):
        yield from _within(json.loads(value))
    elif isinstance(value, dict) and value.get("schema") == "evalhub.decision/1":
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _within(each)


def test_what_they_said_of_a_loss_that_looks_real_is_theirs() -> None:
    found = list(records())
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

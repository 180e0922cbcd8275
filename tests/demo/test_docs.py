"""docs/tutorials/demo.md tells the scores of the recorded answers."""

import json
import re
from pathlib import Path

import pytest

from evalhub.demo import record
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from runners.metrics import Answer, Scorer
from tests.demo.training_section import block_due, block_there

DEMO = Path(record.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "tutorials/demo.md"
STUDY = read_study(DEMO / "study.yaml", OperatorFile())
ROWS = re.findall(r"^\| (\w+) \| `(\w+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.M)


def mean_score(arm: str, test_set: str) -> float:
    spec = STUDY.test_sets[test_set]
    score = Scorer(spec.metric)
    lines = (DEMO / spec.file).read_text(encoding="utf-8").splitlines()
    items = [json.loads(line) for line in lines]
    path = DEMO / "answers" / f"{arm}.{test_set}.jsonl"
    answers = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    values = [
        score(Answer(answer["output"]), [item["reference"]]).value
        for answer, item in zip(answers, items, strict=True)
    ]
    return sum(value for value in values if value is not None) / len(values)


def test_the_page_has_a_row_for_every_test_set() -> None:
    assert [row[0] for row in ROWS] == list(STUDY.test_sets)


@pytest.mark.parametrize(("test_set", "metric", "cells"), ROWS)
def test_the_page_s_means_are_those_of_the_answers(test_set: str, metric: str, cells: str) -> None:
    assert metric == STUDY.test_sets[test_set].metric.name
    for arm, told in zip(STUDY.arms, cells.split(" | "), strict=True):
        if told == "as base":
            assert test_set not in STUDY.arms[arm].only
        else:
            assert told == f"{mean_score(arm, test_set):.2f}"


def test_the_report_of_its_training_file_is_what_a_check_of_it_says_now() -> None:
    assert block_there() == block_due(), "python -m tests.demo.training_section writes it"

"""The live demo asks a share of its items: the same ones each time, of a study of its own."""

import json
from pathlib import Path

import pytest

from evalhub.cli.app import run
from evalhub.demo.command import STUDY_LIVE
from evalhub.demo.share import a_share
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study


def test_a_share_is_a_study_of_a_quarter_of_the_items(tmp_path: Path) -> None:
    file = a_share(STUDY_LIVE, tmp_path / "one")
    share, whole = read_study(file, OperatorFile()), read_study(STUDY_LIVE, OperatorFile())
    assert share.slug == f"{whole.slug}-share"
    assert (share.arms, list(share.test_sets)) == (whole.arms, list(whole.test_sets))
    for name, test_set in share.test_sets.items():
        rows, of = (
            [json.loads(line) for line in (each.parent / named).read_text().splitlines()]
            for each, named in ((file, test_set.file), (STUDY_LIVE, whole.test_sets[name].file))
        )
        assert len(rows) == len(of) // 4
        assert [row for row in of if row in rows] == rows, "in their order"
    again = a_share(STUDY_LIVE, tmp_path / "two")
    assert again.read_text() == file.read_text()
    assert (again.parent / "facts.jsonl").read_text() == (file.parent / "facts.jsonl").read_text()


def test_all_is_said_of_live_answers_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--all"]) == 64
    assert "--all: goes with --live: recorded answers are all there" in capsys.readouterr().err

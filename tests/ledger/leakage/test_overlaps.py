"""A version's training data against a test set in the database."""

import json
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evalhub.declare.declaration import DeclarationError
from evalhub.io.rows import DataError
from evalhub.ledger.leakage.overlaps import check_overlaps, keys_of_leaks
from evalhub.ledger.leakage.training import write_fingerprints
from evalhub.registry.models import ModelVersion, TestSetVersion, TrainingOverlap
from tests.cast import Team, a_team, a_test_set, a_version

pytestmark = pytest.mark.django_db

QUESTIONS = [
    f"Which of the {i} ships in the harbour of town {i} sails first today?" for i in range(9)
]
ANSWERS = [f"The one with {i} sails, as the harbour master of town {i} wrote." for i in range(9)]


class Yard:
    """A tuned version, its base, nine questions, and training data that hold some of them."""

    def __init__(self, team: Team, folder: Path) -> None:
        self.team, self.folder = team, folder
        self.base = a_version(team, "base")
        self.tuned = a_version(team, "tuned", parent=self.base)
        self.questions = a_test_set(
            team,
            items=[
                {"key": f"q{i}", "input": question, "references": [answer]}
                for i, (question, answer) in enumerate(zip(QUESTIONS, ANSWERS, strict=True))
            ],
        )

    def training(self, *texts: str, name: str = "train.jsonl") -> Path:
        path = self.folder / name
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        return path

    def check(self, path: Path, version: ModelVersion | None = None) -> TrainingOverlap:
        (overlap,) = check_overlaps(
            version=version or self.tuned, test_set_versions=[self.questions], path=path
        )
        return overlap

    def leaked(self, on: TestSetVersion | None = None) -> dict[str, str] | None:
        return keys_of_leaks(self.tuned, on or self.questions)


@pytest.fixture
def yard(team: Team, tmp_path: Path) -> Yard:
    return Yard(team, tmp_path)


def test_a_check_keeps_what_it_found_and_how(yard: Yard) -> None:
    overlap = yard.check(yard.training("of something else", QUESTIONS[3], ANSWERS[5]))
    assert overlap.rows == 3
    assert overlap.leaked == {
        "q3": [{"part": "input", "how": "exact", "line": 2, "share": 1.0}],
        "q5": [{"part": "reference", "how": "exact", "line": 3, "share": 1.0}],
    }
    assert overlap.settings["schema"] == "evalhub.leakage/1"
    assert (overlap.settings["items"], overlap.settings["too_short"]) == (9, 0)
    assert yard.leaked() == {"q3": "input: exact, line 2", "q5": "reference: exact, line 3"}


def test_the_same_file_again_is_the_same_row_and_another_is_another(yard: Yard) -> None:
    path = yard.training(QUESTIONS[3])
    first = yard.check(path)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert yard.check(path) == first
    assert not any('"registry_item"' in query["sql"] for query in queries)
    other = yard.check(yard.training(QUESTIONS[3], QUESTIONS[4], name="more.jsonl"))
    assert other != first
    assert set(yard.leaked() or {}) == {"q3", "q4"}


def test_several_test_sets_are_checked_in_one_reading_and_only_once(yard: Yard) -> None:
    sums = a_test_set(yard.team, "sums", items=[{"input": ANSWERS[1], "references": []}])
    path = yard.training(QUESTIONS[3], ANSWERS[1])
    alone = yard.check(path)
    asked = [sums, yard.questions, sums]
    of_sums, of_questions, again = check_overlaps(
        version=yard.tuned, test_set_versions=asked, path=path
    )
    assert (of_questions, again) == (alone, of_sums)
    assert set(of_sums.leaked) == {"q0000"}
    assert TrainingOverlap.objects.count() == 2


def test_hashes_in_place_of_the_data_find_the_same(yard: Yard, tmp_path: Path) -> None:
    data = yard.training(QUESTIONS[3], ANSWERS[5])
    hashes = tmp_path / "hashes.jsonl"
    with hashes.open("w") as stream:
        write_fingerprints(data, stream)
    assert yard.check(hashes).leaked == yard.check(data).leaked
    assert {each.settings["read"] for each in TrainingOverlap.objects.all()} == {"data", "hashes"}


def test_nobody_knows_before_anybody_has_looked(yard: Yard) -> None:
    assert yard.leaked() is None
    yard.check(yard.training("of something else"))
    assert yard.leaked() == {}
    assert yard.leaked(on=a_test_set(yard.team, "sums")) is None


def test_what_its_base_has_seen_the_tuned_version_has_seen(yard: Yard) -> None:
    yard.check(yard.training("of something else"), version=yard.base)
    assert yard.leaked() is None
    yard.check(yard.training(QUESTIONS[2], name="base.jsonl"), version=yard.base)
    assert yard.leaked() == {"q2": f"{yard.base}, input: exact, line 1"}
    yard.check(yard.training(QUESTIONS[2], QUESTIONS[7], name="own.jsonl"))
    assert yard.leaked() == {"q2": "input: exact, line 1", "q7": "input: exact, line 2"}


def test_items_that_are_all_too_short_are_not_clean(yard: Yard) -> None:
    words = a_test_set(yard.team, "words", items=[{"input": "yes", "references": []}])
    path = yard.training("yes", "no", "of something else")
    (overlap,) = check_overlaps(version=yard.tuned, test_set_versions=[words], path=path)
    assert (overlap.leaked, overlap.settings["too_short"]) == ({}, 1)
    assert yard.leaked(on=words) is None


def test_what_cannot_be_read_leaves_nothing_behind(yard: Yard, tmp_path: Path) -> None:
    broken = tmp_path / "train.jsonl"
    broken.write_text('{"text": "fine"}\n{"text": \n')
    with pytest.raises(DataError, match="line 2"):
        yard.check(broken)
    with pytest.raises(DataError, match="no such file"):
        yard.check(tmp_path / "absent.jsonl")
    assert not TrainingOverlap.objects.exists()


def test_a_version_is_checked_against_its_own_project_only(yard: Yard) -> None:
    elsewhere = a_version(a_team("Elsewhere", "elsewhere"), "other")
    with pytest.raises(DeclarationError, match="isn't in the project"):
        yard.check(yard.training(QUESTIONS[0]), version=elsewhere)

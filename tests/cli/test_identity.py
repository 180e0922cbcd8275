"""What was answered is known by its content: in a study or in files, of any order and format."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.ledger.models import Look
from tests.studies.desks import Desk

DIGESTS = ("baseline_answers", "candidate_answers", "baseline_scores", "candidate_scores")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    del desk.study["test_sets"]["sums"]
    return desk


def evidence(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The first test set's evidence in the record that a command prints."""
    run([*arguments, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["evidence"][0]
    return found


def studied(desk: Desk, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return evidence(capsys, "study", "run", str(desk.write()))


def compared(
    desk: Desk, capsys: pytest.CaptureFixture[str], *arms: str, metric: str = "exact_match"
) -> dict[str, Any]:
    files = [str(desk.folder / arm) for arm in arms]
    items = str(desk.folder / "triage.jsonl")
    return evidence(capsys, "compare", *files, "--test-set", items, "--metric", metric)


FILES = ("base.triage.jsonl", "tuned.triage.jsonl")


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_six_files_under_one_arms_name_are_six_contents(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for number in range(6):
        desk.answers("tuned", "triage", ["right"] * 30 + [f"wrong {number}"] * 30)
        found.append(studied(desk, capsys))
    assert len({each["candidate_answers"] for each in found}) == 6
    assert len({each["baseline_answers"] for each in found}) == 1
    assert len({each["candidate_scores"] for each in found}) == 1, "they score alike"
    look = Look.objects.get()  # what scores alike claims the same
    assert look.candidate_answers == found[0]["candidate_answers"]
    assert look.baseline_answers == found[0]["baseline_answers"]
    assert look.items_digest == found[0]["digest"]


@pytest.mark.django_db(transaction=True)
def test_the_same_answers_are_known_again_in_a_study_and_in_files(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    in_study, in_files = studied(desk, capsys), compared(desk, capsys, *FILES)
    assert [in_study[name] for name in DIGESTS] == [in_files[name] for name in DIGESTS]
    assert len({in_study[name] for name in DIGESTS}) == 4
    assert all(len(in_study[name]) == 64 for name in DIGESTS)


def test_neither_order_nor_format_of_a_file_is_its_content(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    before = compared(desk, capsys, *FILES)
    rows = [json.loads(line) for line in (desk.folder / FILES[1]).read_text().splitlines()]
    with (desk.folder / "tuned.triage.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["output", "id"])
        writer.writeheader()
        writer.writerows(reversed(rows))
    after = compared(desk, capsys, FILES[0], "tuned.triage.csv")
    assert [before[name] for name in DIGESTS] == [after[name] for name in DIGESTS]


def test_a_metric_with_other_options_is_said_and_scores_otherwise(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    exact, within = (compared(desk, capsys, *FILES, metric=m) for m in ("exact_match", "contains"))
    assert exact["baseline_answers"] == within["baseline_answers"]
    assert (exact["metric"], exact["metric_options"]["lower"]) == ("exact_match", False)
    desk.answers("base", "triage", ["right or wrong"] * 60)
    exact, within = (compared(desk, capsys, *FILES, metric=m) for m in ("exact_match", "contains"))
    assert exact["baseline_scores"] != within["baseline_scores"]


def test_an_error_is_another_answer_than_an_empty_one(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for row in ({"output": ""}, {"error": "timed out"}, {"error": "refused"}):
        desk.rows(FILES[1], ({"id": f"q{i}"} | row for i in range(60)))
        found.append(compared(desk, capsys, *FILES))
    assert len({each["candidate_answers"] for each in found}) == 3


@pytest.mark.django_db(transaction=True)
def test_items_are_the_same_under_any_id_and_in_any_test_set(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    from evalhub.registry.models import Item

    studied(desk, capsys)
    rows = [json.loads(line) for line in (desk.folder / "triage.jsonl").read_text().splitlines()]
    desk.rows("again.jsonl", (row | {"id": f"again {row['id']}", "month": 5} for row in rows))
    for arm in ("base", "tuned"):
        texts = (desk.folder / f"{arm}.triage.jsonl").read_text().splitlines()
        said = [json.loads(line) for line in texts]
        desk.rows(f"{arm}.again.jsonl", (row | {"id": f"again {row['id']}"} for row in said))
    desk.study["name"] = "Again?"
    desk.study["test_sets"]["again"] = desk.study["test_sets"].pop("triage") | {
        "file": "again.jsonl"
    }
    studied(desk, capsys)
    sets = [
        sorted(Item.objects.filter(version__test_set__slug=slug).values_list("digest", flat=True))
        for slug in ("triage", "again")
    ]
    assert sets[0] == sets[1]
    assert len(set(sets[0])) == 60

"""Items that ask the same text are one cluster, in every door, and it is said."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.cli.app import run
from evalhub.decision.arm_scores import ItemLabel
from evalhub.decision.sections.repeated import with_repeats_joined
from evalhub.registry.models import Study, TestSetVersion
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]

SAID = (
    "The 120 items of triage ask 48 questions: items with the same text count as one cluster, and "
    "the interval rests on 48 clusters."
)


def repeated(folder: Path, *, spelt_alike: bool = True) -> Desk:
    """120 items that ask 48 questions, of which few are asked very often: those are won."""
    desk = Desk(folder)
    asked = [0] * 40 + [1] * 30 + [2] * 4 + list(range(2, 48))
    random.Random(7).shuffle(asked)
    won, lost = {0, 1, *range(3, 6)}, set(range(6, 40))
    desk.rows(
        "triage.jsonl",
        (
            {
                "id": f"q{i}",
                "input": f"Question {one}?" + ("" if spelt_alike else " " * i),
                "reference": "right",
            }
            for i, one in enumerate(asked)
        ),
    )
    desk.answers("base", "triage", ["right" if one in lost else "wrong" for one in asked])
    desk.answers("tuned", "triage", ["right" if one in won else "wrong" for one in asked])
    del desk.study["test_sets"]["sums"]  # type: ignore[attr-defined]
    return desk


def document(capsys: Capture, *command: str) -> dict[str, Any]:
    capsys.readouterr()
    run([*command, "--json"])
    out = capsys.readouterr()
    assert out.out, out.err
    found: dict[str, Any] = json.loads(out.out)
    return found


@pytest.mark.heavy
def test_forty_eight_questions_asked_120_times_are_48(
    tmp_path: Path, capsys: Capture, admin_client: Client
) -> None:
    desk = repeated(tmp_path)
    plan = document(capsys, "study", "run", str(desk.write()), "--dry-run")
    assert plan["looks"][0]["sentence"].endswith(SAID)
    assert plan["looks"][0]["design_effect"] > 3
    record = document(capsys, "study", "run", str(desk.file))
    assert record["verdict"] == "need-more-data"
    assert record["repeated"]["test_sets"] == [
        {"test_set": "triage", "items": 120, "questions": 48, "clusters": 48}
    ]
    assert record["repeated"]["sentences"] == [SAID]
    criterion = record["criteria"][0]
    assert criterion["n"] == 120
    assert criterion["lower"] < 0 < criterion["difference"]
    address = reverse("site:study", args=[Study.objects.get().pk])
    page = admin_client.get(address).content.decode()
    assert SAID in page
    assert "Repeated questions" in page
    capsys.readouterr()
    run(["study", "run", str(desk.file)])
    assert "48 questions" in " ".join(capsys.readouterr().out.split())


def test_near_texts_are_other_questions(tmp_path: Path, capsys: Capture) -> None:
    """A space more is another text to a model, though the ledger knows it for the same question."""
    record = document(capsys, "study", "run", str(repeated(tmp_path, spelt_alike=False).write()))
    assert record["repeated"] is None
    assert record["criteria"][0]["lower"] > 0


def test_compare_joins_them_too(tmp_path: Path, capsys: Capture) -> None:
    repeated(tmp_path)
    files = [f"{tmp_path}/{name}.triage.jsonl" for name in ("base", "tuned")]
    asked = ["--test-set", f"{tmp_path}/triage.jsonl", "--metric", "exact_match"]
    record = document(capsys, "compare", *files, *asked)
    assert record["repeated"]["test_sets"][0]["clusters"] == 48
    assert record["criteria"][0]["lower"] < 0


def test_an_old_version_keeps_its_digest(tmp_path: Path, capsys: Capture) -> None:
    """What is joined is no part of the items: labels stay as they came."""
    document(capsys, "study", "run", str(repeated(tmp_path).write()))
    version = TestSetVersion.objects.get()
    assert set(version.items.values_list("cluster", flat=True)) == {""}


@pytest.mark.parametrize(
    ("items", "clusters"),
    [
        ([("", "x"), ("", "x"), ("", "")], ["same text as q0", "same text as q0", ""]),
        ([("a", "x"), ("", "x"), ("a", ""), ("b", "")], ["a", "a", "a", "b"]),
        ([("a", "x"), ("b", "x"), ("b", "")], ["a", "a", "a"]),
        ([("a", "x"), ("a", "y"), ("b", "z")], ["a", "a", "b"]),
        (
            [("same text as q1", ""), ("", "x"), ("", "x")],
            ["same text as q1", "same text as q1'", "same text as q1'"],
        ),
        ([("a", "x"), ("b", "x"), ("c", "y"), ("b", "y")], ["a", "a", "a", "a"]),
    ],
)
def test_items_with_a_text_or_a_cluster_in_common_are_one_cluster(
    items: list[tuple[str, str]], clusters: list[str]
) -> None:
    labels = [ItemLabel(f"q{i}", cluster, question=text) for i, (cluster, text) in enumerate(items)]
    assert [each.cluster for each in with_repeats_joined(labels)] == clusters

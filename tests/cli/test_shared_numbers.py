"""What a decision reads of the same answers is one look; a dry run says what the run charges."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import User
from evalhub.cli.app import run
from evalhub.ledger.models import GuardLook, Look
from evalhub.ledger.verification import rows_at_home
from evalhub.registry.models import Study
from evalhub.site.ledger_page import ledger_page
from tests.studies.desks import Desk

pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
Capture = pytest.CaptureFixture[str]

TRIAGE = {"file": "triage.jsonl", "role": "primary", "metric": {"name": "exact_match"}}
SAME = TRIAGE | {"role": "guard"}
CONTAINS = SAME | {"metric": {"name": "contains"}}
LENGTH = SAME | {"metric": {"name": "length", "at_most": 40}}
SUMS = {"file": "sums.jsonl", "role": "guard", "metric": {"name": "contains"}}
TWO_FORMS = {"guards": ["refusal", "empty"]}

STUDIES: dict[str, dict[str, dict[str, Any]]] = {
    "a primary alone": {"triage": TRIAGE},
    "a guard on other items": {"triage": TRIAGE, "sums": SUMS},
    "a guard with its metric on its file": {"triage": TRIAGE, "kept": SAME},
    "a guard with another metric on its file": {"triage": TRIAGE, "kept": CONTAINS},
    "the guard first": {"kept": CONTAINS, "triage": TRIAGE},
    "two guards on its file": {"triage": TRIAGE, "kept": SAME, "said": CONTAINS},
    "two guards on form": {"triage": TRIAGE | {"form": TWO_FORMS}},
    "all guards on form": {"triage": TRIAGE | {"form": "guard"}, "sums": SUMS},
    "all guards on form, of a guard too": {
        "triage": TRIAGE | {"form": "guard"},
        "kept": CONTAINS | {"form": "guard"},
        "sums": SUMS | {"form": TWO_FORMS},
    },
    "guards that decide nothing": {
        "triage": TRIAGE,
        "kept": CONTAINS | {"tier": "advisory"},
        "sums": SUMS | {"tier": "supporting"},
    },
    "two primaries on one file": {
        "triage": TRIAGE,
        "said": TRIAGE | CONTAINS | {"role": "primary"},
    },
    "guards alone": {"kept": SAME, "said": CONTAINS},
}
NAMES = {name for test_sets in STUDIES.values() for name in test_sets}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    sums = ({"id": f"q{i}", "input": f"Sum number {i}?", "reference": "right"} for i in range(300))
    desk.rows("sums.jsonl", sums)
    for name in NAMES - {"sums"}:
        desk.answers("base", name, ["wrong"] * 60)
    return desk


def candidate(desk: Desk, right: int) -> None:
    for name in NAMES - {"sums"}:
        desk.answers("tuned", name, ["right"] * right + [f"wrong of {right}"] * (60 - right))
    desk.answers("tuned", "sums", [f"right {right}"] * 300)


def said(desk: Desk, capsys: Capture, *options: str) -> dict[str, Any]:
    capsys.readouterr()
    run(["study", "run", str(desk.write()), "--json", *options])
    out = capsys.readouterr()
    assert out.out, out.err
    document: dict[str, Any] = json.loads(out.out)
    return document


def judged(record: dict[str, Any]) -> dict[str, tuple[int, Any, bool]]:
    """By test set: the look that judged it, its criterion's level, whether it was taken for it."""
    levels = {each["test_set"]: each["alpha"] for each in record["criteria"]}
    return {
        row["test_set"]: (row["number"], pytest.approx(levels[row["test_set"]]), row["counted"])
        for row in record["ledger"]["test_sets"]
        if row["test_set"] in NAMES
    }


def planned(plan: dict[str, Any]) -> dict[str, tuple[int, float, bool]]:
    return {
        look["test_set"]: (look["number"], look["level"], look["charged"]) for look in plan["looks"]
    }


@pytest.mark.parametrize("test_sets", STUDIES.values(), ids=STUDIES)
def test_candidates_are_looks_1_2_3_and_the_dry_run_says_so(
    desk: Desk, capsys: Capture, test_sets: dict[str, dict[str, Any]]
) -> None:
    desk.study["test_sets"] = test_sets
    first = next(iter(sorted(test_sets, key=lambda name: test_sets[name]["role"] != "primary")))
    for look, right in enumerate((30, 35, 40), 1):
        candidate(desk, right)
        desk.study["slug"] = f"candidate-{right}"
        before = said(desk, capsys, "--dry-run")
        assert not any(each["taken"] for each in before["looks"])
        record = said(desk, capsys)
        assert planned(before) == judged(record)
        assert judged(record)[first][0] == look
        for each in before["looks"]:
            assert f"look {each['number']}, at level" in each["sentence"]
        after = said(desk, capsys, "--dry-run")
        assert planned(after) == judged(record)
        assert all(each["taken"] for each in after["looks"])
        assert said(desk, capsys)["sha256"] == record["sha256"] if "sha256" in record else True
        study = Study.objects.get(slug=desk.study["slug"])
        owner = study.test_sets.get(name=first).test_set_version
        page = ledger_page(owner, user=User.objects.create_superuser(f"olga-{right}"))
        assert page.next == look + 1
        decision = study.decisions.get()
        assert not [each for each in rows_at_home(decision.document) if each.found != each.recorded]


def numbers(record: dict[str, Any]) -> dict[str, int]:
    return {
        row["test_set"]: row["number"]
        for row in record["ledger"]["test_sets"]
        if row["test_set"] in NAMES
    }


def tried(desk: Desk, capsys: Capture, slug: str, **test_sets: Any) -> dict[str, int]:
    """By test set, the look that judged it; a dry run had said the same."""
    desk.study |= {"slug": slug, "test_sets": test_sets}
    plan = said(desk, capsys, "--dry-run")
    record = said(desk, capsys)
    assert planned(plan) == judged(record)
    return numbers(record)


def test_a_guard_s_other_answers_take_the_next_number(desk: Desk, capsys: Capture) -> None:
    candidate(desk, 30)
    asked = {"triage": TRIAGE, "kept": CONTAINS}
    assert tried(desk, capsys, "first", **asked) == {"triage": 1, "kept": 1}
    desk.answers("tuned", "kept", ["right"] * 31 + ["wrong"] * 29)
    assert tried(desk, capsys, "again", **asked) == {"triage": 1, "kept": 2}
    candidate(desk, 35)
    assert tried(desk, capsys, "next", **asked) == {"triage": 3, "kept": 3}


def test_a_guard_that_is_made_the_primary_pays_for_all_that_was_read(
    desk: Desk, capsys: Capture
) -> None:
    """Or the luckiest of ten guards would be a primary at the first look's level."""
    candidate(desk, 30)
    tried(desk, capsys, "first", triage=TRIAGE | {"form": "guard"}, kept=CONTAINS)
    read = Look.objects.count()
    assert (read, set(Look.objects.values_list("number", flat=True))) == (12, {1})
    made = CONTAINS | {"role": "primary"}
    assert tried(desk, capsys, "luckiest", kept=made) == {"kept": 3 * read + 1}
    assert tried(desk, capsys, "luckiest-again", kept=made) == {"kept": 3 * read + 1}
    other = TRIAGE | {"metric": {"name": "exact_match", "lower": True}}
    assert tried(desk, capsys, "near-it", triage=other) == {"triage": 3 * (read + 1) + 1}
    assert tried(desk, capsys, "as-it-was", triage=TRIAGE, kept=CONTAINS) == {
        "triage": 1,
        "kept": 1,
    }


def test_one_of_two_primaries_that_were_read_together(desk: Desk, capsys: Capture) -> None:
    """What was first may stand alone; what came with it pays when it is chosen."""
    candidate(desk, 30)
    second = CONTAINS | {"role": "primary"}
    assert tried(desk, capsys, "both", triage=TRIAGE, said=second) == {"triage": 1, "said": 1}
    assert tried(desk, capsys, "one", triage=TRIAGE) == {"triage": 1}
    assert tried(desk, capsys, "other", said=second) == {"said": 7}
    assert tried(desk, capsys, "both-again", triage=TRIAGE, said=second) == {
        "triage": 1,
        "said": 1,
    }
    alone = GuardLook.objects.get()
    assert (alone.primary, alone.number, alone.charged) == (alone.guard, 7, True)
    candidate(desk, 35)
    assert tried(desk, capsys, "next", triage=TRIAGE) == {"triage": 8}


def test_each_of_several_primaries_of_which_one_is_enough_has_its_number(
    desk: Desk, capsys: Capture
) -> None:
    candidate(desk, 30)
    desk.study["policy"] = {"primaries": "any-of"}
    second = CONTAINS | {"role": "primary"}
    assert tried(desk, capsys, "any", triage=TRIAGE, said=second) == {"triage": 1, "said": 2}

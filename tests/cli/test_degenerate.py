"""Data that say little or nothing, through the commands: a named state, or an error that says
what is wrong; never a number that means nothing."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from tests.cli.scorefiles import write

AGREEMENT = {
    "one rater": ([[1, None], [2, None], [1, None]], "no-overlap"),
    "nobody rates what another does": ([[1, None], [None, 2]], "no-overlap"),
    "one unit": ([[1, 2]], "one-unit"),
    "two units": ([[1, 2], [1, 1]], "few-units"),
    "three units": ([[1, 1], [2, 2], [1, 2]], "few-units"),
    "one category": ([[1, 1]] * 9, "one-category"),
    "one category, and it is 0": ([[0, 0]] * 9, "one-category"),
    "agreement on everything": ([[1, 1], [2, 2], [3, 3]] * 5, "uniform"),
    "the same disagreement on everything": ([[1, 2]] * 9, "uniform"),
    "nearly everything has one label": ([[1, 1]] * 60 + [[1, 2]], "skewed"),
}


def fields(table: list[list[int | None]]) -> list[str]:
    """Those that hold a rating; a field that no row has is a spelling error."""
    return ["--unit", "u", "--raters", "a,b" if any(b is not None for _, b in table) else "a"]


class Desk:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def write(self, rows: list[dict[str, Any]], name: str = "rows.jsonl") -> str:
        return write(self.folder / name, rows)

    def printed(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        assert run([*arguments, "--json"]) == code
        found: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return found

    def refused(self, *arguments: str, code: int = 65) -> str:
        assert run([*arguments]) == code
        printed = self.capsys.readouterr()
        assert printed.out == ""
        return printed.err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
@pytest.mark.parametrize("case", AGREEMENT)
def test_agreement_that_means_little_has_a_name_and_no_interval(
    desk: Desk, case: str, level: str
) -> None:
    table, state = AGREEMENT[case]
    file = desk.write([{"u": i, "a": a, "b": b} for i, (a, b) in enumerate(table)])
    found = desk.printed("agreement", file, *fields(table), "--level", level)
    assert found["state"] == state
    alpha, gwet = found["krippendorff_alpha"], found["gwet_ac1"]
    if state != "skewed":
        assert {each[side] for each in (alpha, gwet) for side in ("lower", "upper")} == {None}
    if state in ("no-overlap", "one-category"):
        assert {alpha["value"], gwet["value"], found["fleiss_kappa"]} == {None}
        assert found["brennan_prediger"] is None
    assert (found["raw_agreement"] is None) == (state == "no-overlap")


def test_agreement_that_means_little_is_said_in_words(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {
        "no-overlap": "No unit has two ratings",
        "one-unit": "A single unit has two ratings",
        "few-units": "Only two or three units",
        "one-category": "Every rating is the same",
        "uniform": "Raters agree on every unit, or differ alike",
        "skewed": "One label has nearly all ratings",
    }
    for table, state in AGREEMENT.values():
        file = desk.write([{"u": i, "a": a, "b": b} for i, (a, b) in enumerate(table)])
        assert run(["agreement", file, *fields(table)]) == 0
        assert said[state] in capsys.readouterr().out


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_rating_that_is_no_number_is_refused_with_its_line(desk: Desk, text: str) -> None:
    path = desk.folder / "rows.jsonl"
    path.write_text(f'{{"u": 1, "a": 1, "b": 2}}\n{{"u": 2, "a": {text}, "b": 2}}\n')
    said = desk.refused("agreement", str(path), "--unit", "u", "--raters", "a,b")
    assert "line 2, field 'a'" in said


@pytest.mark.parametrize("text", ["nan", "inf", "1,5"])
def test_a_cell_that_is_no_number_is_refused_above_nominal(desk: Desk, text: str) -> None:
    path = desk.folder / "rows.csv"
    path.write_text(f'u,a,b\n1,1,2\n2,"{text}",2\n')
    said = desk.refused(
        "agreement", str(path), "--unit", "u", "--raters", "a,b", "--level", "ratio"
    )
    assert "line 3, field 'a'" in said


def test_numbers_that_are_close_and_never_equal_agree_above_nominal(desk: Desk) -> None:
    file = desk.write([{"u": i, "a": 7 * i, "b": 7 * i + 1 + i % 3} for i in range(20)])
    options = ["--unit", "u", "--raters", "a,b", "--level"]
    interval, nominal = (
        desk.printed("agreement", file, *options, each) for each in ("interval", "nominal")
    )
    assert (interval["state"], interval["raw_agreement"]) == ("ok", 0)
    assert interval["krippendorff_alpha"]["lower"] > 0.95
    assert nominal["krippendorff_alpha"]["value"] <= 0


def test_a_rating_below_0_is_refused_on_the_ratio_level(desk: Desk) -> None:
    file = desk.write([{"u": i, "a": -1, "b": i} for i in range(5)])
    options = ["--unit", "u", "--raters", "a,b", "--level"]
    assert "ratio level needs ratings of 0 or more" in desk.refused(
        "agreement", file, *options, "ratio"
    )
    assert desk.printed("agreement", file, *options, "interval")["state"] == "ok"


PREFERENCE = {
    "one judgment": ([(1, "a", "candidate")], "one-item"),
    "one item, many raters": ([(1, f"r{i}", "tie") for i in range(9)], "one-item"),
    "two items": ([(1, "a", "candidate"), (2, "b", "candidate")], "all-alike"),
    "three items, one rater": (
        [(1, "a", "candidate"), (2, "a", "baseline"), (3, "a", "tie")],
        "one-rater",
    ),
    "all ties": ([(i, "ab"[i % 2], "tie") for i in range(9)], "all-alike"),
    "all both bad": ([(i, "ab"[i % 2], "both-bad") for i in range(9)], "all-alike"),
    "everything won": ([(i, "ab"[i % 2], "candidate") for i in range(9)], "all-alike"),
    "a rater an item": (
        [(i, f"r{i}", ("candidate", "baseline")[i % 2]) for i in range(9)],
        "ok",
    ),
}


@pytest.mark.parametrize("case", PREFERENCE)
def test_a_preference_that_means_little_has_a_name_and_a_wide_interval(
    desk: Desk, case: str
) -> None:
    rows, state = PREFERENCE[case]
    file = desk.write([{"i": i, "r": r, "c": c} for i, r, c in rows])
    found = desk.printed("preference", file, "--unit", "i", "--rater", "r", "--choice", "c")
    assert found["state"] == state
    assert 0 <= found["lower"] <= found["score"] <= found["upper"] <= 1
    assert found["upper"] - found["lower"] > 0.25
    assert all(math.isfinite(found[key]) for key in ("lower", "score", "upper"))


def judged(n: int, choice: str = "candidate") -> list[dict[str, Any]]:
    return [{"id": i, "choice": choice if i % 3 else "baseline"} for i in range(n)]


@pytest.mark.parametrize(
    ("people", "judge", "state", "code"),
    [
        (judged(1), judged(100), "too-few-human-labels", 3),
        (judged(3), judged(3), "too-few-human-labels", 3),
        (judged(49), judged(100), "too-few-human-labels", 3),
        ([{"id": i, "choice": "tie"} for i in range(60)], judged(100), "constant", 3),
        (judged(60), judged(60), "nothing-only-judged", 0),
        (judged(60), [{"id": i, "choice": "candidate"} for i in range(100)], "ok", 1),
    ],
)
def test_a_judge_that_cannot_be_calibrated_has_a_name(
    desk: Desk,
    people: list[dict[str, Any]],
    judge: list[dict[str, Any]],
    state: str,
    code: int,
) -> None:
    files = [desk.write(people, "people.jsonl"), desk.write(judge, "judge.jsonl")]
    found = desk.printed("judge-check", *files, "--random-sample", code=code)
    assert found["state"] == state
    assert (found["win_score"] is not None) == (state == "ok")
    if found["win_score"]:
        assert found["win_score"]["lower"] < found["win_score"]["upper"]


@pytest.mark.parametrize(
    "command",
    [
        "difference --gap nan --sd .3",
        "difference --gap .1 --sd nan",
        "difference --gap .1 --sd inf",
        "difference --better nan --worse .1",
        "difference --better .8 --worse .4",
        "difference --gap .1 --sd .3 --alpha nan",
        "difference --gap .1 --sd .3 --power nan",
        "difference --gap .1 --sd .3 --within-sd nan",
        "difference --gap .1 --sd .3 --cluster-size nan",
        "difference --gap .1 --sd .3 --cluster-size .5",
        "difference --gap .1 --sd .3 --n 0",
        "guard --margin nan --sd .3",
        "guard --margin 0 --sd .3",
        "guard --margin .02 --sd 0",
        "guard --margin .02 --sd .3 --expected nan",
        "preference --score .55 --threshold nan",
        "preference --score .55 --ties nan",
        "preference --score .55 --judgments-per-item nan",
        "preference --score .55 --seconds nan",
        "preference --score 1",
    ],
)
def test_power_refuses_what_is_no_question(desk: Desk, command: str) -> None:
    assert "evalhub power" in desk.refused("power", *command.split(), code=64)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_power_of_a_few_items_is_small_and_finite(desk: Desk, n: int) -> None:
    for command in (
        "difference --gap .1 --sd .3",
        "guard --margin .1 --sd .3",
        "preference --score .6",
    ):
        found = desk.printed("power", *command.split(), "--n", str(n))
        assert 0 < found["given"]["power"] < 0.2
        assert [row["n"] for row in found["curve"]] == sorted({row["n"] for row in found["curve"]})
        assert found["curve"][0]["n"] >= 1

"""`evalhub agreement`, as it is typed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from tests.cli.scorefiles import write

COLUMNS = {
    "A": "1 2 3 3 2 1 4 1 2 * * *",
    "B": "1 2 3 3 2 2 4 1 2 5 * 3",
    "C": "* 3 3 3 2 3 4 2 2 5 1 *",
    "D": "1 2 3 3 2 4 4 1 2 5 1 *",
}


def krippendorff() -> list[dict[str, Any]]:
    """Krippendorff's example of 2011: four coders, twelve units, some ratings missing."""
    return [
        {"unit": f"u{i}"}
        | {
            rater: None if (mark := marks.split()[i]) == "*" else int(mark)
            for rater, marks in COLUMNS.items()
        }
        for i in range(12)
    ]


def measured(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code = run(["agreement", *arguments, "--json"])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    found: dict[str, Any] = json.loads(printed.out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 65) -> str:
    assert run(["agreement", *arguments]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def test_real_raters_reach_their_published_kappas(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """PandaLM's three annotators, every second item, the file read as it is."""
    file = str(shared_data / "pandalm" / "comparisons.jsonl")
    found = measured(capsys, file, "--unit", "idx", "--raters", "annotator1,annotator2,annotator3")
    kappas = [round(each["value"], 4) for each in found["cohen_kappa"]]
    assert kappas == [0.8391, 0.8657, 0.8640]
    assert (found["schema"], found["state"]) == ("evalhub.agreement/1", "ok")
    assert (found["units"], found["raters"], found["ratings"]) == (500, 3, 1500)
    assert found["prevalence"] == {"0": 150 / 1500, "1": 648 / 1500, "2": 702 / 1500}


@pytest.mark.parametrize(
    ("level", "alpha"),
    [("nominal", 0.743421), ("ordinal", 0.815388), ("interval", 0.849107), ("ratio", 0.797403)],
)
def test_wide_long_and_csv_files_give_the_published_alpha(
    level: str, alpha: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = krippendorff()
    wide = write(tmp_path / "wide.jsonl", rows)
    long = write(
        tmp_path / "long.jsonl",
        [
            {"unit": row["unit"], "rater": rater, "label": row[rater]}
            for row in rows
            for rater in COLUMNS
            if row[rater] is not None
        ],
    )
    table = tmp_path / "wide.csv"
    lines = [
        [row["unit"], *("" if row[r] is None else str(row[r]) for r in COLUMNS)] for row in rows
    ]
    table.write_text("\n".join(",".join(line) for line in [["unit", *COLUMNS], *lines]))
    for file in (wide, str(table)):
        found = measured(capsys, file, "--unit", "unit", "--raters", "A,B,C,D", "--level", level)
        assert round(found["krippendorff_alpha"]["value"], 6) == alpha
    found = measured(
        capsys, long, "--unit", "unit", "--rater", "rater", "--label", "label", "--level", level
    )
    assert round(found["krippendorff_alpha"]["value"], 6) == alpha
    assert found["ratings"] == 41
    counts = {each["rater"]: each["ratings"] for each in found["per_rater"]}
    assert counts == {"A": 9, "B": 11, "C": 10, "D": 11}


def test_true_beside_1_is_refused_and_both_lines_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "r.jsonl", [{"id": 1, "a": 1, "b": 1}, {"id": 2, "a": 1, "b": True}])
    said = refused(capsys, file, "--unit", "id", "--raters", "a,b")
    assert "line 2, field 'b': true is true/false, where 1 on line 1 is a number" in said


def test_labels_may_all_be_true_or_false(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"id": i, "a": i % 2 == 0, "b": i % 3 == 0} for i in range(12)]
    file = write(tmp_path / "r.jsonl", rows)
    found = measured(capsys, file, "--unit", "id", "--raters", "a,b")
    assert set(found["prevalence"]) == {"true", "false"}
    assert found["raw_agreement"] == 0.5
    said = refused(capsys, file, "--unit", "id", "--raters", "a,b", "--level", "ordinal")
    assert "need numbers, and this is true" in said


def test_a_second_rating_of_one_unit_by_one_rater_names_both_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"id": "u", "who": "ann", "label": "x"},
        {"id": "v", "who": "ann", "label": "x"},
        {"id": "u", "who": "ann", "label": "y"},
    ]
    file = write(tmp_path / "r.jsonl", rows)
    said = refused(capsys, file, "--unit", "id", "--rater", "who", "--label", "label")
    assert "line 3, field 'label': 'ann' rated 'u' on line 1 already" in said
    wide = write(tmp_path / "w.jsonl", [{"id": 7, "a": "x", "b": "x"}] * 2)
    said = refused(capsys, wide, "--unit", "id", "--raters", "a,b")
    assert "line 2, field 'a': 'a' rated '7' on line 1 already" in said


@pytest.mark.parametrize("bad", ["good", "nan", "inf"])
def test_numbers_are_asked_for_where_the_level_needs_them(
    bad: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "r.jsonl", [{"id": 1, "a": "1", "b": bad}])
    said = refused(capsys, file, "--unit", "id", "--raters", "a,b", "--level", "ratio")
    assert (
        f"field 'b': the levels ordinal, interval and ratio need numbers, and this is '{bad}'"
        in said
    )


def test_a_misspelt_field_is_an_error_and_not_a_silent_rater(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "r.jsonl", [{"id": 1, "ann": "x", "bob": "x"}])
    said = refused(capsys, file, "--unit", "id", "--raters", "ann,bbo")
    assert "field 'bbo': no row has this field" in said
    said = refused(capsys, file, "--unit", "id", "--rater", "ann", "--label", "lable")
    assert "field 'lable': no row has this field" in said


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ([{"id": 1, "a": "x"}, {"id": 2, "b": "x"}], "no-overlap"),
        ([{"id": 1, "a": "x", "b": "y"}], "one-unit"),
        ([{"id": 1, "a": "x", "b": "x"}, {"id": 2, "a": "x", "b": "x"}], "one-category"),
        ([{"id": 1, "a": None, "b": ""}], "no-overlap"),
        ([{"id": i, "a": "x", "b": "x" if i else "y"} for i in range(20)], "skewed"),
    ],
)
def test_what_cannot_be_measured_has_a_name_and_no_number(
    rows: list[dict[str, Any]],
    state: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = write(tmp_path / "r.jsonl", rows)
    found = measured(capsys, file, "--unit", "id", "--raters", "a,b")
    assert found["state"] == state
    if state in ("no-overlap", "one-category"):
        assert found["krippendorff_alpha"] == {"value": None, "lower": None, "upper": None}
        assert found["fleiss_kappa"] is None


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--raters", "a,b", "--rater", "a"],
        ["--rater", "a"],
        ["--raters", "a,a"],
        ["--raters", "a,"],
        ["--raters", "a,b", "--level", "cardinal"],
    ],
)
def test_wrong_usage_exits_64(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "r.jsonl", [{"id": 1, "a": "x", "b": "x"}])
    said = refused(capsys, file, "--unit", "id", *options, code=64)
    assert "See evalhub agreement --help" in said


def test_people_read_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "r.jsonl", krippendorff())
    assert run(["agreement", file, "--unit", "unit", "--raters", "A,B,C,D"]) == 0
    printed = capsys.readouterr().out
    assert "12 units, 4 raters, 41 ratings, nominal" in printed
    assert "Krippendorff's alpha  0.743" in printed


def test_neither_django_nor_celery_is_loaded(tmp_path: Path) -> None:
    file = write(tmp_path / "r.jsonl", krippendorff())
    script = (
        "import sys; from evalhub.cli.app import run; "
        f"run(['agreement', {file!r}, '--unit', 'unit', '--raters', 'A,B,C,D', '--json']); "
        "sys.exit(any(name in sys.modules for name in ('django', 'celery', 'scipy.stats')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_cohens_kappa_goes_by_the_level(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A near miss counts as less than a far one, but not where labels are names."""
    pairs = [(1, 1), (1, 1), (2, 2), (2, 2), (10, 10), (10, 10), (1, 2), (2, 1)]
    file = write(
        tmp_path / "r.jsonl", [{"unit": i, "a": a, "b": b} for i, (a, b) in enumerate(pairs)]
    )
    kappas = {}
    for level in ("nominal", "ordinal", "interval"):
        found = measured(capsys, file, "--unit", "unit", "--raters", "a,b", "--level", level)
        kappas[level] = found["cohen_kappa"][0]["value"]
    assert kappas["nominal"] == pytest.approx((0.75 - 22 / 64) / (1 - 22 / 64))
    assert kappas["nominal"] < kappas["ordinal"] < kappas["interval"] < 1


def test_the_document_has_what_pipelines_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "r.jsonl", krippendorff())
    found = measured(capsys, file, "--unit", "unit", "--raters", "A,B,C,D")
    assert {"units", "raters", "ratings", "raw_agreement", "fleiss_kappa"} <= found.keys()
    for estimate in ("krippendorff_alpha", "gwet_ac1"):
        assert found[estimate].keys() == {"value", "lower", "upper"}
    pairs = [each["raters"] for each in found["cohen_kappa"]]
    assert pairs == [["A", "B"], ["A", "C"], ["A", "D"], ["B", "C"], ["B", "D"], ["C", "D"]]
    assert all("value" in each for each in found["cohen_kappa"])
    assert found["prevalence"].keys() == {"1", "2", "3", "4", "5"}
    assert [each["rater"] for each in found["per_rater"]] == ["A", "B", "C", "D"]
    alpha = found["krippendorff_alpha"]
    assert [round(alpha[key], 2) for key in ("value", "lower", "upper")] == [0.74, 0.37, 1.0]


def stray(tmp_path: Path, extra: list[dict[str, Any]]) -> str:
    """Sixty pairs of ratings, 36 of them alike, and what is added."""
    rows = [
        {
            "id": i,
            "a": "good" if i % 2 else "poor",
            "b": "good" if (i % 2) == (i % 5 < 3) else "poor",
        }
        for i in range(60)
    ]
    return write(tmp_path / "r.jsonl", rows + extra)


def test_a_stray_label_moves_no_agreement_on_a_declared_scale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """q is the scale's: 60 pairs of two labels half and half, 36 alike, p_e = 2(1/4)/(q - 1).

    With q = 4 that is (.6 - 1/6)/(5/6) = .52, whatever occurs; by the labels that occur it is
    .2 with two, and one unit that has a third moves it to nearly .5.
    """
    fields = ["--unit", "id", "--raters", "a,b"]
    scale = ["--labels", "good,fair,poor,unsure"]
    one = [{"id": "x", "a": "fair", "b": "fair"}]
    seen = [measured(capsys, stray(tmp_path, extra), *fields) for extra in ([], one)]
    declared = [measured(capsys, stray(tmp_path, extra), *fields, *scale) for extra in ([], one)]
    values = [found["gwet_ac1"]["value"] for found in seen + declared]
    assert values[0] == pytest.approx(0.2)
    assert values[1] > 0.4
    assert values[2] == pytest.approx(0.52)
    assert abs(values[3] - values[2]) < 0.02
    assert [(found["labels"], found["scale"]) for found in (seen[1], declared[0])] == [
        (3, "seen"),
        (4, "declared"),
    ]
    assert declared[0]["prevalence"]["unsure"] == 0


def test_which_labels_chance_was_reckoned_with_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = stray(tmp_path, [])
    assert run(["agreement", file, "--unit", "id", "--raters", "a,b"]) == 0
    assert "with 2 labels, those that occur; --labels says all" in capsys.readouterr().out
    assert run(["agreement", file, "--unit", "id", "--raters", "a,b", "--labels", "good,poor"]) == 0
    assert "with 2 labels, as declared" in capsys.readouterr().out


def test_a_label_off_the_declared_scale_names_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = stray(tmp_path, [])
    fields = ["--unit", "id", "--raters", "a,b"]
    said = refused(capsys, file, *fields, "--labels", "good,fair")
    assert "line 1, field 'a': 'poor' isn't one of --labels" in said
    assert "two or more" in refused(capsys, file, *fields, "--labels", "good", code=64)
    numbers = write(tmp_path / "n.jsonl", [{"id": 1, "a": 1, "b": 2}])
    assert "'x' of --labels isn't" in refused(capsys, numbers, *fields, "--labels", "1,x")

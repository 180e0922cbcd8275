"""CSV as spreadsheets of other languages write it: separators found, habits named."""

import csv
import json
import random
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from evalhub.cli.app import run
from evalhub.io.answers import read_answers
from evalhub.io.delimited import SEPARATORS
from evalhub.io.rows import DataError, read_rows


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as error:
        list(read_answers(path))
    return str(error.value).removeprefix(f"{path.parent}/")


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_the_separator_is_counted_in_the_header(
    tmp_path: Path, separator: str, suffix: str
) -> None:
    lines = ["id~output~note", 'a~"one, two; three | four\tfive"~x', "b~Yes. No~", "c~~y"]
    path = written(tmp_path / f"rows{suffix}", "\n".join(lines).replace("~", separator))
    rows = list(read_rows(path))
    assert rows[0].values == {"id": "a", "output": "one, two; three | four\tfive", "note": "x"}
    assert [row.line for row in rows] == [2, 3, 4]


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ('id;"what, when, where";output', ["id", "what, when, where", "output"]),
        ("id,output|text", ["id", "output|text"]),  # as many: the comma, which CSV is named for
        ("name, first;id;output", ["name, first", "id", "output"]),
        ('"id"";"";"";";output', ['id";";";', "output"]),
        ("id", ["id"]),
        ('id;"two\nlines, and, commas";output', ["id", "two\nlines, and, commas", "output"]),
    ],
)  # fmt: skip
def test_quotes_are_respected(tmp_path: Path, header: str, names: list[str]) -> None:
    separator = ";" if ";" in header else ","
    path = written(tmp_path / "rows.csv", f"{header}\n{separator.join('x' * len(names))}\n")
    (row,) = read_rows(path)
    assert list(row.values) == names


def test_whatever_a_writer_of_csv_writes_comes_back(tmp_path: Path) -> None:
    """400 made-up tables, written by Python's own module with each separator."""
    draw = random.Random(24)
    for number in range(400):
        separator = draw.choice(list(SEPARATORS))
        letters = "ab ,;\t|\"'\n=é"
        cells = [
            ["".join(draw.choices(letters, k=draw.randint(1, 9))) for _ in range(4)]
            for _ in range(3)
        ]
        names = [f"column {place}" for place in range(4)]
        text = StringIO(newline="")
        csv.writer(text, delimiter=separator).writerows([names, *cells])
        rows = list(read_rows(written(tmp_path / f"{number}.csv", text.getvalue())))
        assert [list(row.values.values()) for row in rows] == cells
        assert all(list(row.values) == names for row in rows)


def test_excels_line_says_the_separator(tmp_path: Path) -> None:
    for line in ("sep=;", '"sep=;"', "SEP=;"):
        text = f"\ufeff{line}\r\nid;output\r\nq1;Oui, non\r\n"
        (row,) = read_rows(written(tmp_path / "rows.csv", text))
        assert (row.line, row.values) == (3, {"id": "q1", "output": "Oui, non"})
    assert refusal(written(tmp_path / "rows.csv", "sep=#\nid#output\n")) == (
        "rows.csv, line 1: columns are separated by commas, semicolons, tabs, pipes, and this line "
        "says '#'"
    )


def test_a_refusal_names_the_separator(tmp_path: Path) -> None:
    assert refusal(written(tmp_path / "rows.csv", "id;output\nq1;a;b\n")) == (
        "rows.csv, line 2: 3 columns, where the header has 2 (columns are separated by semicolons, "
        "as in the header)"
    )
    assert "malformed CSV" in (said := refusal(written(tmp_path / "r.csv", 'id;output\nq1;"a"b\n')))
    assert "r.csv, line 2" in said
    assert "(columns are separated by semicolons)" in said


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("1,5", "write the decimals with a point, as in 1.5"),
        ("1.234,5", "write the decimals with a point, as in 1.5"),
        ("01.02.2026", "that is a date, which a spreadsheet makes of numbers such as 1.2"),
        ("1-Feb", "that is a date"),
        ("2026-02-01", "that is a date"),
        ("85 %", "write a share, as in 0.85 for 85%"),
        ("good", "not 'good'"),
    ],
)
def test_a_spreadsheets_number_is_refused_by_name(tmp_path: Path, value: str, why: str) -> None:
    said = refusal(written(tmp_path / "a.csv", f"id;output;scores.f1\nq1;x;0.5\nq2;y;{value}\n"))
    assert said.startswith("a.csv, line 3, field 'scores.f1': a finite number was expected")
    assert why in said


def test_true_and_false_are_scores_in_a_csv_too(tmp_path: Path) -> None:
    text = "id;output;scores.ok\nq1;x;True\nq2;y;FALSE\n"
    answers = read_answers(written(tmp_path / "a.csv", text))
    assert [each.scores for each in answers] == [{"ok": 1.0}, {"ok": 0.0}]


def test_a_long_id_that_excel_cut_is_refused(tmp_path: Path) -> None:
    for value in ("1.23E+11", "1,23E+11"):
        said = refusal(written(tmp_path / "a.csv", f"id;output\n{value};x\n"))
        assert said == (
            f"a.csv, line 2, field 'id': '{value}' is how Excel writes a long number, whose other "
            "digits are lost: format the column as text, and export it again"
        )
    path = written(tmp_path / "a.jsonl", '{"id": "1.23E+11", "output": "x"}\n')
    assert [each.item_id for each in read_answers(path)] == ["1.23E+11"]  # a name, outside Excel


def test_another_encoding_is_named(tmp_path: Path) -> None:
    said = refusal(written(tmp_path / "a.csv", "id;output\nq1;déjà\n".encode("cp1252")))
    assert said.startswith("a.csv, line 2: not UTF-8: byte 0xe9 at position 5 of the line, which")
    assert "may be Windows-1252, as Excel writes it under “CSV” (in place of “CSV UTF-8”)" in said
    assert "UTF-16" in refusal(written(tmp_path / "a.csv", "id;output\n".encode("utf-16")))


def test_a_quote_that_is_never_closed_is_refused(tmp_path: Path) -> None:
    text = 'id;"output\n' + "q;x\n" * 5_000
    assert "a.csv, line 1: malformed CSV" in refusal(written(tmp_path / "a.csv", text))


@pytest.mark.parametrize("change", [lambda text: text, lambda text: "sep=;\r\n" + text])
def test_a_comparison_takes_files_as_a_german_excel_writes_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[str], str],
) -> None:
    monkeypatch.chdir(tmp_path)
    bodies = {
        "items": ["id;reference", *(f'q{i};"ja, {i}"' for i in range(60))],
        "base": ["id;output", *(f"q{i};nein" for i in range(60))],
        "tuned": ["id;output", *(f'q{i};"ja, {i}"' for i in range(60))],
    }
    for name, lines in bodies.items():
        written(Path(f"{name}.csv"), "\ufeff" + change("\r\n".join(lines) + "\r\n"))
    options = ["--test-set", "items.csv", "--metric", "exact_match", "--json"]
    assert run(["compare", "base.csv", "tuned.csv", *options]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["criteria"][0]["wins"] == 60

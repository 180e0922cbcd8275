"""`evalhub leakage` and `evalhub fingerprint`, as they are typed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from tests.cli.scorefiles import write

QUESTION = "How many of the seven lamps in the hall of house {} burn at night?"


class Desk:
    """Training data with 30 questions, and a test set with other ones."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        self.train = self.write(
            "train.jsonl",
            [{"prompt": QUESTION.format(f"no{i}"), "completion": "two"} for i in range(30)],
        )
        self.items = [
            {
                "id": i,
                "input": f"What does the baker at street {i} sell to guest {i}?",
                "reference": "bread",
            }
            for i in range(10)
        ]

    def write(self, name: str, rows: list[dict[str, Any]]) -> str:
        return write(self.folder / name, rows)

    @property
    def test_set(self) -> str:
        return self.write("items.jsonl", self.items)

    def check(self, *options: str, train: str | None = None, code: int = 0) -> dict[str, Any]:
        ended = run(["leakage", train or self.train, self.test_set, *options, "--json"])
        printed = self.capsys.readouterr()
        assert ended == code, printed.err
        found: dict[str, Any] = json.loads(printed.out)
        return found

    def refused(self, *arguments: str, code: int = 65) -> str:
        assert run([*arguments]) == code
        printed = self.capsys.readouterr()
        assert printed.out == ""
        return printed.err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_a_clean_test_set_exits_0_and_a_leaked_one_1_with_items_lines_and_how(desk: Desk) -> None:
    found = desk.check()
    assert (found["schema"], found["state"]) == ("evalhub.leakage/1", "clean")
    assert (found["items"], found["training_rows"], found["leaked"]) == (10, 30, [])
    desk.items.append({"id": "x", "input": f"Please: {QUESTION.format('no7')}", "reference": "two"})
    found = desk.check(code=1)
    assert found["state"] == "leaked"
    (leaked,) = found["leaked"]
    assert (leaked["id"], leaked["line"]) == ("x", 11)
    (match,) = leaked["matches"]
    assert (match["part"], match["line"]) == ("input", 8)
    assert match["how"] == "near-duplicate"


def test_fields_are_named_as_everywhere(desk: Desk) -> None:
    desk.items = [{"key": "a", "text": "something of my own here", "right": QUESTION.format("no3")}]
    names = ["--id", "key", "--input", "text"]
    assert desk.check(*names)["leaked"] == []
    (leaked,) = desk.check(*names, "--reference", "right", code=1)["leaked"]
    assert leaked["matches"][0] == {"part": "reference", "how": "exact", "line": 4, "share": 1.0}


def test_fingerprints_stand_in_for_the_data(desk: Desk) -> None:
    desk.items.append({"id": "x", "input": QUESTION.format("no7")})
    wanted = desk.check(code=1)
    for name, options in (("a.jsonl", []), ("b.jsonl.gz", ["--plain"])):
        out = str(desk.folder / name)
        assert run(["fingerprint", desk.train, "--out", out, *options]) == 0
        assert "30 texts of 30 rows" in desk.capsys.readouterr().out
        found = desk.check(train=out, code=1)
        assert found["leaked"] == wanted["leaked"]
        assert (found["read"], found["training_rows"]) == ("hashes", 30)


def test_plain_fingerprints_are_the_same_file_again_and_salted_ones_are_not(desk: Desk) -> None:
    def written(*options: str) -> bytes:
        out = desk.folder / "f.jsonl"
        assert run(["fingerprint", desk.train, "--out", str(out), *options]) == 0
        return out.read_bytes()

    assert written("--plain") == written("--plain")
    assert written() != written()


def test_bad_data_exits_65_and_says_where(desk: Desk) -> None:
    assert "no such file" in desk.refused("leakage", "absent.jsonl", desk.test_set)
    broken = desk.folder / "broken.jsonl"
    broken.write_text('{"a": "b"}\n{')
    assert "broken.jsonl, line 2" in desk.refused("leakage", str(broken), desk.test_set)
    desk.items[4]["id"] = 3
    assert "line 5, field 'id': '3' is the id on line 4 already" in desk.refused(
        "leakage", desk.train, desk.test_set
    )
    numbers = desk.write("numbers.jsonl", [{"a": 1}])
    assert "no field of any row holds a text" in desk.refused(
        "fingerprint", numbers, "--out", str(desk.folder / "f.jsonl")
    )
    assert not (desk.folder / "f.jsonl").exists()
    assert not (desk.folder / "f.jsonl.part").exists()


def test_a_test_set_of_short_items_is_not_called_clean(desk: Desk) -> None:
    desk.items = [{"id": 1, "input": "yes"}, {"id": 2, "input": "no"}]
    said = desk.refused("leakage", desk.train, desk.test_set)
    assert "no item is long enough to be looked for" in said


def test_an_output_of_another_kind_or_place_is_wrong_usage(desk: Desk) -> None:
    assert "must end in .jsonl" in desk.refused(
        "fingerprint", desk.train, "--out", "f.txt", code=64
    )
    assert "is what is read: name another" in desk.refused(
        "fingerprint", desk.train, "--out", desk.train, code=64
    )
    nowhere = str(desk.folder / "none" / "f.jsonl")
    assert "can't be written" in desk.refused("fingerprint", desk.train, "--out", nowhere)


def test_people_read_a_table(desk: Desk) -> None:
    assert run(["leakage", desk.train, desk.test_set]) == 0
    assert "Clean: none of them is there." in desk.capsys.readouterr().out
    desk.items += [{"id": "yes", "input": "yes"}, {"id": "x", "input": QUESTION.format("no7")}]
    assert run(["leakage", desk.train, desk.test_set]) == 1
    printed = desk.capsys.readouterr().out
    assert "12 items looked for in 30 training rows" in printed
    assert "1 item too short to be found." in printed
    assert "Leaked: 1 item, 8.3%." in printed
    assert "1 input (exact)" in printed


def test_neither_command_loads_the_database(desk: Desk) -> None:
    code = (
        "import sys; from evalhub.cli.app import run; "
        f"run(['leakage', {desk.train!r}, {desk.test_set!r}]); print('django' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")


def test_real_questions_in_their_own_training_data(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every GSM8K question is found in the file of questions itself."""
    file = str(shared_data / "gsm8k" / "testset.jsonl")
    names = ["--input", "question", "--reference", "worked_answer", "--json"]
    assert run(["leakage", file, file, *names]) == 1
    found = json.loads(capsys.readouterr().out)
    assert len(found["leaked"]) == found["items"] == 1319
    assert all(each["matches"][0]["how"] == "exact" for each in found["leaked"])

"""A YAML file whose errors name their line."""

from pathlib import Path

import pytest

from evalhub.io.document import Document
from evalhub.io.rows import DataError


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "study.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        Document(path)
    return caught.value


def test_fields_know_their_lines(tmp_path: Path) -> None:
    document = Document(written(tmp_path, "a: 1\nb:\n  - x\n  - y: {z: 2}\n\nc: null\n"))
    assert document.data == {"a": 1, "b": ["x", {"y": {"z": 2}}], "c": None}
    assert document.line(["b", 0]) == 3
    assert document.line(["b", 1, "y", "z"]) == 4
    assert document.line(["c"]) == 6


def test_a_field_that_is_not_there_has_the_line_of_what_should_hold_it(tmp_path: Path) -> None:
    document = Document(written(tmp_path, "a: 1\nb:\n  c: 2\n"))
    error = document.error(["b", "missing"], "is missing")
    assert str(error).endswith("study.yaml, line 2, field 'b.missing': is missing")


def test_a_key_given_twice_names_both_lines(tmp_path: Path) -> None:
    error = refusal(written(tmp_path, "a: 1\nb: 2\na: 3\n"))
    assert (error.line, error.field) == (3, "a")
    assert error.message == "is given twice, first on line 1"


def test_a_key_given_twice_deep_inside_is_found_too(tmp_path: Path) -> None:
    error = refusal(written(tmp_path, "arms:\n  x:\n    kind: base\n    kind: lora\n"))
    assert (error.line, error.field) == (4, "arms.x.kind")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1, 2\nb: 3\n", 2),
        ("a: 1\n  b: 2\n", 2),
        ("a: 1\nb: 'open\n", 3),
        ("a: 1\n\tb: 2\n", 2),
    ],
)
def test_what_is_no_yaml_names_the_line(tmp_path: Path, text: str, line: int) -> None:
    error = refusal(written(tmp_path, text))
    assert error.line == line
    assert error.message.startswith("isn't YAML")


def test_what_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    error = refusal(written(tmp_path, b"a: 1\nb: caf\xe9\n"))
    assert (error.line, error.message) == (2, "isn't UTF-8; save it as UTF-8")


def test_an_alias_without_its_anchor_is_an_error_with_its_line(tmp_path: Path) -> None:
    assert refusal(written(tmp_path, "a: 1\nb: *nothing\n")).line == 2


def test_anchors_and_merge_keys_are_either_read_or_refused_never_garbled(tmp_path: Path) -> None:
    document = Document(written(tmp_path, "a: &shared {x: 1}\nb: *shared\n"))
    assert document.data == {"a": {"x": 1}, "b": {"x": 1}}
    error = refusal(written(tmp_path, "a: &shared {x: 1}\nb:\n  <<: *shared\n  y: 2\n"))
    assert (error.line, error.field) == (3, "b.<<")


def test_a_file_that_holds_itself_is_refused(tmp_path: Path) -> None:
    assert "holds itself" in str(refusal(written(tmp_path, "a: &a\n  b: *a\n")))


def test_a_control_character_is_refused(tmp_path: Path) -> None:
    error = refusal(written(tmp_path, b"a: 1\nb: \x07\n"))
    assert error.line == 2
    assert error.message.startswith("isn't YAML")


@pytest.mark.parametrize("text", ["a: !!python/name:os.system x\n", "a: !secret x\n"])
def test_tags_that_make_objects_are_refused(tmp_path: Path, text: str) -> None:
    assert refusal(written(tmp_path, text)).line == 1


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf"])
def test_numbers_that_are_none_are_refused(tmp_path: Path, value: str) -> None:
    error = refusal(written(tmp_path, f"a: 1\nmargin: {value}\n"))
    assert (error.line, error.field) == (2, "margin")


def test_a_day_that_is_in_no_calendar_is_refused(tmp_path: Path) -> None:
    assert refusal(written(tmp_path, "a: 1\nday: 2026-02-31\n")).line == 2


def test_two_documents_in_one_file_are_refused(tmp_path: Path) -> None:
    assert "isn't YAML" in refusal(written(tmp_path, "a: 1\n---\nb: 2\n")).message


def test_an_empty_file_is_nothing(tmp_path: Path) -> None:
    assert Document(written(tmp_path, "")).data is None


def test_no_file_and_a_folder_are_named(tmp_path: Path) -> None:
    assert "No such file" in str(refusal(tmp_path / "study.yaml"))
    assert "can't be read" in str(refusal(tmp_path))


def test_json_has_its_own_numbers(tmp_path: Path) -> None:
    """YAML 1.1 takes 1e-08 for a text: whoever writes YAML means a text, and JSON a number."""
    path = tmp_path / "record.json"
    path.write_text('{"epsilon": 1e-08, "flos": 2E+3, "small": -1.5e-3, "name": "1e-08"}')
    assert Document(path).data == {"epsilon": 1e-8, "flos": 2e3, "small": -1.5e-3, "name": "1e-08"}
    assert Document(written(tmp_path, "epsilon: 1e-08\n")).data == {"epsilon": "1e-08"}
    path.write_text('{"a": 1e999}')
    assert "isn't a number to compare with" in str(refusal(path))

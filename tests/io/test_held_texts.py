"""Documents cut into held texts: nothing is lost, no character is cut, and ends are sensible."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.cli.app import run
from evalhub.io.held_texts import pieces
from evalhub.io.items import FieldMapping, read_items
from evalhub.io.rows import DataError

PARAGRAPHS = "First line here.\n\nA second one, longer.\nIts next line. And a sentence."


@settings(max_examples=40, deadline=None)
@given(
    text=st.text(st.characters(exclude_categories=("Cs",)), max_size=400), most=st.integers(4, 60)
)
def test_joined_the_pieces_are_the_text_and_none_is_too_long(text: str, most: int) -> None:
    parts = list(pieces(text, most))
    assert all(0 < len(part.encode()) <= most and part.strip() for part in parts)
    start, left_out = 0, ""
    for part in parts:
        at = text.index(part, start)
        left_out += text[start:at]
        start = at + len(part)
    assert not (left_out + text[start:]).strip()


@pytest.mark.parametrize(
    ("most", "wanted"),
    [
        (1000, [PARAGRAPHS]),
        # after the blank line; then after a line's end, in the second half of 30 bytes
        (30, ["First line here.\n\n", "A second one, longer.\n", "Its next line. And a sentence."]),
        (
            25,
            [
                "First line here.\n\n",
                "A second one, longer.\n",
                "Its next line.",
                " And a sentence.",
            ],
        ),
        # no sentence ends in the second half: before the last white space
        (
            14,
            [
                "First line",
                " here.\n\n",
                "A second one,",
                " longer.\n",
                "Its next",
                " line. And a",
                " sentence.",
            ],
        ),
    ],
)
def test_a_piece_ends_at_the_best_place_of_its_second_half(most: int, wanted: list[str]) -> None:
    assert list(pieces(PARAGRAPHS, most)) == wanted


def test_a_word_without_end_is_cut_between_characters() -> None:
    assert list(pieces("é" * 10, 7)) == ["ééé", "ééé", "ééé", "é"]
    assert list(pieces("🙂" * 3, 5)) == ["🙂"] * 3
    assert list(pieces(" \n " * 9, 6)) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text(PARAGRAPHS * 4)
    rows = [{"id": "news/1", "text": "A row of text."}, {"text": "A row without a name."}]
    (tmp_path / "b.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return tmp_path


def made(folder: Path, *words: str) -> int:
    return run(["test-set", "texts", *words, "--out", str(folder / "out.jsonl")])


def test_documents_become_items_clustered_by_document(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(folder / "a.txt"), str(folder / "b.jsonl")]
    assert made(folder, *files, "--bytes", "150", "--items", "2") == 0
    assert capsys.readouterr().out.endswith("out.jsonl: 4 items of 3 documents, 263 bytes\n")
    items = [item for _, item in read_items(folder / "out.jsonl", FieldMapping(text="text"))]
    assert [(item.key, item.cluster) for item in items] == [
        ("a.txt#1", "a.txt"),
        ("a.txt#2", "a.txt"),
        ("news/1#1", "news/1"),
        ("b.jsonl:2#1", "b.jsonl:2"),
    ]
    assert [item.choices for item in items] == [[]] * 4
    assert items[2].input == "A row of text."
    assert made(folder, *files, "--json") == 0
    assert json.loads(capsys.readouterr().out)["documents"] == 3


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a2.txt", PARAGRAPHS * 4, "holds the same text as"),
        ("c.jsonl", '{"id": "a.txt", "text": "x"}\n', "has a document 'a.txt' already"),
        ("c.jsonl", '{"id": "x", "body": "x"}\n', "line 1, field 'text': missing"),
        (
            "c.jsonl",
            '{"id": "x", "text": "  "}\n',
            "a text to be scored is a text that isn't blank",
        ),
        (
            "c.jsonl",
            json.dumps({"id": "x" * 181, "text": "x"}),
            "the document's name has 181 characters",
        ),
        ("c.txt", " \n", "is blank"),
        ("c.txt", "a\0b", "holds a NUL character"),
        ("c.txt", b"caf\xe9", "is not UTF-8 at byte 3"),
    ],
)
def test_what_is_wrong_with_a_document_is_said_by_file_and_line(
    folder: Path, name: str, content: str | bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(raw)
    assert made(folder, str(folder / "a.txt"), str(folder / name)) == 65
    error = " ".join(capsys.readouterr().err.split())
    assert message in error
    assert name in error
    assert not (folder / "out.jsonl").exists()


def test_an_item_with_no_choices_is_another_than_a_question_of_its_words(folder: Path) -> None:
    (folder / "q.jsonl").write_text('{"id": 1, "input": "x", "text": "x", "none": []}\n')
    [(_, text)] = read_items(folder / "q.jsonl", FieldMapping(text="text"))
    [(_, question)] = read_items(folder / "q.jsonl", FieldMapping())
    assert text.input_bytes() != question.input_bytes()
    assert text.fingerprint() == question.fingerprint()
    with pytest.raises(DataError, match="a text to be scored"):
        list(read_items(folder / "q.jsonl", FieldMapping(text="none")))


def test_a_name_of_0_is_a_name_and_a_byte_order_mark_no_text(folder: Path) -> None:
    rows = folder / "numbered.jsonl"
    rows.write_text('{"id": 0, "text": "first"}\n{"id": 1, "text": "second"}\n{"text": "third"}\n')
    (folder / "marked.txt").write_bytes(b"\xef\xbb\xbfA text of an editor that marks its files.")
    assert made(folder, str(rows), str(folder / "marked.txt")) == 0
    items = [item for _, item in read_items(folder / "out.jsonl", FieldMapping(text="text"))]
    assert [item.cluster for item in items] == ["0", "1", "numbered.jsonl:3", "marked.txt"]
    assert items[-1].input == "A text of an editor that marks its files."

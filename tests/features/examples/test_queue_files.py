"""Files of examples: what a row may say, and what is wrong with one."""

import hashlib
import json
from pathlib import Path

import pytest

from evalhub.features.examples.queues.files import drafts_of_file
from evalhub.io.rows import DataError

USER = {"role": "user", "content": "Why?"}


def a_file(folder: Path, *rows: object, name: str = "more.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def test_each_example_knows_its_file_digest_and_line(tmp_path: Path) -> None:
    path = a_file(tmp_path, {"input": "Why?"}, {"input": "How?", "proposal": "So."})
    drafts = list(drafts_of_file(path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert [draft.reference for draft in drafts] == [
        {"name": "more.jsonl", "sha256": digest, "line": line} for line in (1, 2)
    ]
    assert [draft.proposal for draft in drafts] == ["", "So."]


@pytest.mark.parametrize(
    ("row", "input_", "proposal"),
    [
        ({"prompt": "Why?", "completion": "So."}, "Why?", "So."),
        ({"question": "Why?", "answer": "So."}, "Why?", "So."),
        (
            {
                "messages": [
                    {"role": "user", "content": "Why?"},
                    {"role": "assistant", "content": "So."},
                ]
            },
            [{"role": "user", "content": "Why?"}],
            "So.",
        ),
        (
            {"messages": [USER], "answer": "So."},
            [USER],
            "So.",
        ),
    ],
)
def test_the_names_that_people_use_are_read(
    tmp_path: Path, row: dict, input_: object, proposal: str
) -> None:
    [draft] = drafts_of_file(a_file(tmp_path, row))
    assert (draft.plain_input, draft.proposal) == (input_, proposal)


def test_what_is_known_of_its_origin_and_all_else_is_kept(tmp_path: Path) -> None:
    row = {
        "input": "Why?",
        "proposal": "So.",
        "context": "Because.",
        "tags": ["a", "b"],
        "licence": "MIT",
        "model": "gpt-9",
        "model_prompt": "Answer.",
        "gold": True,
        "expected": "No.",
        "ticket": 7,
    }
    [draft] = drafts_of_file(a_file(tmp_path, row))
    assert (draft.licence, draft.model, draft.prompt) == ("MIT", "gpt-9", "Answer.")
    assert (draft.context, list(draft.tags)) == ("Because.", ["a", "b"])
    assert (draft.gold, draft.expected, draft.metadata) == (True, "No.", {"ticket": 7})


@pytest.mark.parametrize(
    ("row", "where", "what"),
    [
        ({"output": "So."}, "field 'input'", "needs one of input, messages, prompt, question"),
        ({"input": "Why?", "prompt": "Why?"}, "field 'prompt'", "stands beside 'input'"),
        ({"input": " "}, "field 'input'", "empty"),
        ({"messages": [{"role": "boss", "content": "x"}]}, "field 'messages'", "its role one of"),
        ({"input": "Why?", "answer": 3}, "field 'answer'", "a text"),
        ({"input": "Why?", "tags": [1]}, "field 'tags'", "a list of texts"),
        ({"input": "Why?", "gold": "yes"}, "field 'gold'", "true or false"),
        ({"input": "Why?", "answer": "maybe"}, "field 'answer'", "none of the queue's labels"),
    ],
)
def test_a_wrong_row_is_named_by_file_line_and_field(
    tmp_path: Path, row: dict, where: str, what: str
) -> None:
    path = a_file(tmp_path, {"input": "Fine?", "answer": "yes"}, row)
    with pytest.raises(DataError, match=what) as caught:
        list(drafts_of_file(path, labels=("yes", "no")))
    assert f"more.jsonl, line 2, {where}" in str(caught.value)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        list(drafts_of_file(tmp_path / "none.jsonl"))

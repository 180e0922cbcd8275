"""Items of one word or two, looked for in training data."""

from evalhub.ledger.leakage.matching import item_texts
from evalhub.ledger.leakage.training import write_fingerprints
from tests.ledger.leakage.test_matching import found, jsonl, searched


def test_an_item_of_two_words_is_found_beside_its_answer(tmp_path):
    """In a chat, in fields, or alone where it has no answer; the words apart prove nothing."""
    asked = ["book flight", "pay rent", "call home", "ring", "feed cat", "walk dog"]
    items = [
        *(item_texts(text, text, [label]) for text, label in zip(asked, "abcdef", strict=True)),
        item_texts("alone", "sing song", []),
        item_texts("a word", "sing", []),
    ]
    rows = [
        {"messages": [{"role": "user", "content": "Book flight!"}, {"role": "x", "content": "a"}]},
        {"prompt": "pay rent", "completion": "b", "id": 7},
        {"prompt": "call home", "completion": "another answer"},
        {"prompt": "ring", "completion": "d"},
        {"text": "feed cat e"},
        {"text": ["walk", "dog", "f"]},
        {"text": "sing song"},
        {"text": "sing"},
    ]
    path = jsonl(tmp_path / "train.jsonl", rows)
    result = searched(path, items)
    assert found(result) == {
        "book flight": [("input", "exact", 1)],
        "pay rent": [("input", "exact", 2)],
        "ring": [("input", "exact", 4)],
        "alone": [("input", "exact", 7)],
    }
    assert result.too_short == 1
    hashes = tmp_path / "hashes.jsonl"
    with hashes.open("w") as stream:
        write_fingerprints(path, stream)
    assert (searched(hashes, items).leaked, searched(hashes, items).too_short) == ({}, 8)

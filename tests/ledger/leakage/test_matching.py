"""What is found of a test set in training data, and what isn't there to be found."""

import gzip
import json
import random
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.io.rows import DataError
from evalhub.ledger.leakage.fingerprints import texts_of, words_of
from evalhub.ledger.leakage.matching import ItemTexts, find_leakage, item_texts
from evalhub.ledger.leakage.result import Leakage
from evalhub.ledger.leakage.training import read_training, write_fingerprints

WORDS = [
    "".join(random.Random(i).choices("abcdefghijklmnoprstuvw", k=3 + i % 6)) for i in range(3000)
]


class Writer:
    """Made-up text: words as frequent as words are, a seed a writer."""

    def __init__(self, seed: int) -> None:
        self.deal = random.Random(seed)
        self.weights = [1 / (rank + 5) for rank in range(len(WORDS))]

    def words(self, count: int) -> list[str]:
        return self.deal.choices(WORDS, self.weights, k=count)

    def text(self, count: int) -> str:
        return " ".join(self.words(count))


def jsonl(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def searched(path: Path, items: Sequence[ItemTexts]) -> Leakage:
    (leakage,) = find_leakage(read_training(path), items)
    return leakage


@pytest.fixture
def leakage(tmp_path: Path):
    """Looks for items {key: input, or (input, *references)} in rows of training data."""

    def look(rows: Sequence[Any], items: dict[str, Any]) -> Leakage:
        texts = [
            item_texts(key, value, [])
            if isinstance(value, str | list)
            else item_texts(key, value[0], value[1:])
            for key, value in items.items()
        ]
        return searched(jsonl(tmp_path / "train.jsonl", rows), texts)

    return look


def found(leakage: Leakage) -> dict[str, list[tuple[str, str, int]]]:
    return {
        key: [(match.part, match.how, match.line) for match in matches]
        for key, matches in leakage.leaked.items()
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What’s  2 + 2?\n", ["what", "s", "2", "2"]),
        ("Straße — ＦＵＬＬ width ﬁn", ["strasse", "full", "width", "fin"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("日本語 text", ["日", "本", "語", "text"]),
        ("f(x) = [x + 1] × 2", ["f", "x", "x", "1", "2"]),
        ("...", []),
        ("", []),
    ],
)
def test_case_width_punctuation_and_white_space_are_no_difference(text, words):
    assert words_of(text) == words


def test_a_formula_is_another_with_other_brackets_or_signs(leakage):
    items = {"a": "not ( True or False ) is", "b": "What is 3 + 4?", "c": "Is x ≤ 5 (say yes)?"}
    others = ["not True or ( False ) is", "What is 3 = 4?", "Is x ≥ 5 (say yes)?"]
    assert found(leakage([{"text": text} for text in others], items)) == {}
    same = ["NOT (True or False) is.", "what is 3+4", "“Is x ≤ 5 — (say yes)?”"]
    assert set(found(leakage([{"text": text} for text in same], items))) == set(items)


def test_every_text_of_a_row_is_read_also_where_json_stands_in_a_text():
    row = {
        "messages": [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}],
        "prompt": "three",
        "n": 4,
        "cell": '[{"role": "user", "content": "five"}]',
        "maths": "[1, 2, 3]",
    }
    assert [*texts_of(row)] == ["user", "one", "assistant", "two", "three", "user", "five",
                                "[1, 2, 3]"]  # fmt: skip


def test_an_exact_copy_is_found_in_a_chat_in_a_prompt_and_in_any_field(leakage):
    questions = [Writer(seed).text(20) for seed in range(3)]
    rows = [
        {"messages": [{"role": "user", "content": questions[0].upper()}]},
        {"prompt": f"{questions[1].replace(' ', ', ')}?", "completion": "yes"},
        {"meta": {"source": [questions[2]]}},
    ]
    result = leakage(rows, {f"q{i}": text for i, text in enumerate(questions)})
    assert found(result) == {f"q{i}": [("input", "exact", i + 1)] for i in range(3)}
    assert (result.rows, result.items) == (3, 3)


def test_the_input_and_the_references_are_told_apart(leakage):
    question, answer, other = (Writer(seed).text(20) for seed in range(3))
    rows = [{"text": "nothing of it here"}, {"text": answer}]
    result = leakage(rows, {"q": (question, other, answer)})
    assert found(result) == {"q": [("reference", "exact", 2)]}
    result = leakage([*rows, {"text": question}], {"q": (question, answer)})
    assert found(result) == {"q": [("input", "exact", 3), ("reference", "exact", 2)]}


def test_the_messages_of_a_chat_are_looked_for_and_its_system_message_is_not(leakage):
    system, asked = Writer(1).text(30), Writer(2).text(15)
    chat = [{"role": "system", "content": system}, {"role": "user", "content": asked}]
    assert found(leakage([{"text": system}], {"q": chat})) == {}
    assert found(leakage([{"text": asked}], {"q": chat})) == {"q": [("input", "exact", 1)]}


@pytest.mark.parametrize(("shared", "leaked"), [(12, False), (13, True)])
def test_thirteen_words_in_a_row_are_a_leak_and_twelve_are_not(leakage, shared, leaked):
    question = Writer(1).words(60)
    train = " ".join([*Writer(2).words(40), *question[20 : 20 + shared], *Writer(3).words(40)])
    result = leakage([{"text": train}], {"q": " ".join(question)})
    assert found(result) == ({"q": [("input", "13-gram", 1)]} if leaked else {})


def test_a_shorter_text_is_found_whole_within_another_from_eight_words_on(leakage):
    for length in range(5, 13):
        question = Writer(length).words(length)
        within = " ".join([*Writer(50).words(9), *question, *Writer(51).words(9)])
        part = " ".join([*Writer(50).words(9), *question[:-1], *Writer(51).words(9)])
        whole = found(leakage([{"text": within}], {"q": " ".join(question)}))
        assert whole == ({"q": [("input", f"{length}-gram", 1)]} if length >= 8 else {})
        assert found(leakage([{"text": part}], {"q": " ".join(question)})) == {}


def test_a_text_with_a_few_words_changed_is_a_near_duplicate(leakage):
    """Every 13th word of 60 is another, so that no 13 words in a row are the same. Of 58
    shingles the four changes touch 12: the similarity is 46/70."""
    question = Writer(1).words(60)
    changed = [f"other{i}" if i % 13 == 12 else word for i, word in enumerate(question)]
    result = leakage([{"text": " ".join(changed)}], {"q": " ".join(question)})
    ((match,),) = result.leaked.values()
    assert match.how == "near-duplicate"
    assert match.share == pytest.approx(46 / 70, abs=0.1)


def test_the_strongest_way_and_its_first_line_are_told(leakage):
    question = Writer(1).text(40)
    rows = [{"text": f"{question} {Writer(2).text(60)}"}, {"text": question}, {"text": question}]
    assert found(leakage(rows, {"q": question})) == {"q": [("input", "exact", 2)]}


def test_what_many_items_share_is_held_against_none_of_them(leakage):
    """An instruction of 40 words before every question, and it alone in the training data."""
    instruction = Writer(1).text(40)
    items = {f"q{i}": f"{instruction} {Writer(100 + i).text(12)}" for i in range(30)}
    own = Writer(999).text(30)
    rows = [{"text": instruction}, {"text": f"{instruction} {own}"}]
    assert found(leakage(rows, items)) == {}
    assert found(leakage([*rows, {"text": items["q7"]}], items)) == {"q7": [("input", "exact", 3)]}
    questions = {key: text.removeprefix(instruction) for key, text in items.items()}
    within = [{"text": f"{instruction} please {questions['q7']} {own}"}]
    assert found(leakage(within, items | {"alone": questions["q7"]})) == {
        "alone": [("input", "12-gram", 1)]
    }


def test_two_items_may_share_a_passage_in_a_small_test_set(leakage):
    passage = Writer(1).text(30)
    items = {f"q{i}": f"{passage} {Writer(10 + i).text(10)}" for i in range(2)}
    assert set(found(leakage([{"text": passage}], items))) == {"q0", "q1"}


def test_items_too_short_to_be_found_are_counted(leakage):
    result = leakage([{"text": "yes no maybe"}], {"a": "yes", "b": "no way", "c": "yes no maybe"})
    assert (result.too_short, result.items) == (1, 3)
    assert found(result) == {"c": [("input", "exact", 1)]}


def test_a_short_reference_is_in_every_text_and_means_nothing(leakage):
    result = leakage(
        [{"text": "the answer is five"}], {"q": (Writer(1).text(20), "the answer is five")}
    )
    assert found(result) == {}


def planted(seed: int, count: int) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Items, a third of them in the training data each way; the way is the key's first letter."""
    deal = Writer(seed)
    rows, items = [], {}
    for i in range(count):
        question = deal.words(50)
        way = "eng"[i % 3]
        items[f"{way}{i}"] = " ".join(question)
        if way == "e":
            text = question
        elif way == "n":
            text = deal.words(30) + question[i % 37 : i % 37 + 13] + deal.words(30)
        else:
            # Two changes of 50 words: 42 of 48 shingles are left, a similarity of 42/54 = .78
            text = [w if j not in (12, 37) else f"new{i}" for j, w in enumerate(question)]
        rows.append({"text": " ".join(text)})
    return rows, items


def test_everything_that_was_planted_is_found_and_in_independent_text_nothing(leakage):
    """Exact copies and runs of 13 words are found with certainty; near-duplicates of
    similarity .78 here every time, also because they keep runs of 24 words."""
    rows, items = planted(1, 600)
    independent = {f"x{i}": Writer(5000 + i).text(50) for i in range(600)}
    result = leakage(rows, items | independent)
    assert set(result.leaked) == set(items)
    hows = {key[0]: set() for key in items}
    for key, matches in result.leaked.items():
        hows[key[0]].add(matches[0].how)
    assert hows["e"] == {"exact"}
    assert hows["n"] == {"13-gram"}
    assert hows["g"] <= {"near-duplicate", "13-gram"}


@pytest.mark.parametrize(("changes", "least", "most"), [(11, 0.99, 1), (42, 0, 0.01)])
def test_near_duplicates_are_told_by_their_similarity(leakage, changes, least, most):
    """Each of k changes of 300 words touches three of 298 shingles, so that the similarity is
    (298 - 3k)/(298 + 3k): .80 for 11 and .41 for 42 of them. 300 pairs of each."""
    deal = Writer(7)
    rows, items = [], {}
    for i in range(300):
        words = [f"{word}{i}" for word in deal.words(300)]
        items[f"q{i}"] = " ".join(words)
        for k in range(changes):
            words[3 + 7 * k] = f"new{k}of{i}"
        rows.append({"text": " ".join(words)})
    result = leakage(rows, items)
    near = sum(m.how == "near-duplicate" for found in result.leaked.values() for m in found)
    assert least <= near / 300 <= most


@pytest.mark.heavy
def test_real_questions_are_independent_of_each_other(shared_data, leakage):
    """GSM8K: of 659 questions looked for in 660 others one is found, and rightly: both are of
    Jana's puppies, of which two thirds are Pomeranians, and a run of 13 words is the same."""
    lines = (shared_data / "gsm8k" / "testset.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    items = {row["id"]: (row["question"], row["worked_answer"]) for row in rows[1::2]}
    assert found(leakage(rows[::2], items)) == {"gsm8k-0761": [("input", "13-gram", 245)]}
    everything = leakage(rows, items)
    assert set(everything.leaked) == set(items)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(WORDS[:40]), min_size=1, max_size=30), min_size=1, max_size=8
    ),
    st.lists(
        st.lists(st.sampled_from(WORDS[:40]), min_size=1, max_size=30), min_size=1, max_size=8
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_rows_and_items_and_the_way_of_writing_change_nothing(
    tmp_path_factory, rows, items, deal
):
    folder = tmp_path_factory.mktemp("leak")

    def look(rows, keys, name):
        path = jsonl(folder / f"{name}.jsonl", [{"text": row} for row in rows])
        texts = [item_texts(str(key), " ".join(items[key]), []) for key in keys]
        result = searched(path, texts)
        return {key: [(m.how, m.share) for m in ms] for key, ms in result.leaked.items()}

    keys = list(range(len(items)))
    plain = look([" ".join(row) for row in rows], keys, "plain")
    written = [", ".join(row).title() for row in rows]
    deal.shuffle(written)
    deal.shuffle(keys)
    assert look(written, keys, "other") == plain


def test_fingerprints_find_what_the_data_themselves_would(tmp_path, monkeypatch):
    """By one salt: which near-copies just reach the threshold depends on it, for MinHash draws."""
    monkeypatch.setattr("secrets.token_bytes", lambda size: bytes(range(size)))
    rows, items = planted(2, 90)
    rows += [{"text": "too short"}, {"n": 5}]
    path = jsonl(tmp_path / "train.jsonl", rows)
    looked_for = [item_texts(key, text, []) for key, text in items.items()]
    with_data = searched(path, looked_for)
    for salted in (True, False):
        hashes = tmp_path / "hashes.jsonl"
        with hashes.open("w") as stream:
            assert write_fingerprints(path, stream, salted=salted) == (92, 90)
        with_hashes = searched(hashes, looked_for)
        assert found(with_hashes) == found(with_data)
        assert (with_hashes.rows, with_hashes.texts) == (with_data.rows, with_data.texts)
        assert (with_data.read, with_hashes.read) == ("data", "hashes")
    assert with_hashes.leaked == with_data.leaked


def test_fingerprints_hold_no_word_of_the_data_and_differ_by_their_salt(tmp_path):
    rows, _ = planted(3, 30)
    path = jsonl(tmp_path / "train.jsonl", rows)

    def written(name: str, salted: bool) -> str:
        with (tmp_path / name).open("w") as stream:
            write_fingerprints(path, stream, salted=salted)
        return (tmp_path / name).read_text()

    assert written("a", False) == written("b", False)
    first, second = written("c", True), written("d", True)
    hashes = {
        value
        for line in first.splitlines()[1:-1]
        for value in json.loads(line)["texts"][0].values()
    }
    assert hashes
    assert not any(value in second for value in hashes)
    assert not any(word in first for row in rows for word in row["text"].split() if len(word) > 6)


def fingerprints(tmp_path: Path) -> list[dict[str, Any]]:
    path = jsonl(tmp_path / "train.jsonl", planted(4, 3)[0])
    with (tmp_path / "hashes.jsonl").open("w") as stream:
        write_fingerprints(path, stream)
    return [json.loads(line) for line in (tmp_path / "hashes.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda rows: rows.pop(), "cut short: the line that ends the file is missing"),
        (lambda rows: rows.pop(1), "3 texts|2 texts were read"),
        (lambda rows: rows.append(rows[1]), "line 6.*follows the line that ends the file"),
        (lambda rows: rows[0].update(schema="evalhub.fingerprint/9"), "make the finger"),
        (lambda rows: rows[0].update(minhash="rensa 9"), "field 'minhash'.*make the fing"),
        (lambda rows: rows[0].update(salt="salty"), "field 'salt': a salt is up to 32 hex"),
        (lambda rows: rows[0].update(salt="00" * 20), "field 'salt': a salt is up to 32 hex"),
        (lambda rows: rows[2].update(texts=5), "line 3.*a line is {line, texts}"),
        (lambda rows: rows[2]["texts"][0].update(exact="?"), r"line 3.*texts\[0\].exact'.*base64"),
        (lambda rows: rows[2]["texts"][0].pop("exact"), r"line 3.*texts\[0\].exact'"),
        (lambda rows: rows[2]["texts"][0].update(minhash="AAAA"), "3 bytes are not what stands"),
        (lambda rows: rows[2]["texts"][0].update(grams13="AAAA"), "3 bytes are not what stands"),
        (lambda rows: rows[-1].update(rows=1), "3 rows were read, and this is fewer"),
        (lambda rows: rows[-1].update(texts="all"), "3 texts were read"),
    ],
)  # fmt: skip
def test_damaged_fingerprints_are_refused_with_their_line(tmp_path, spoil, says):
    rows = fingerprints(tmp_path)
    spoil(rows)
    with pytest.raises(DataError, match=says):
        searched(jsonl(tmp_path / "hashes.jsonl", rows), [])


def test_several_test_sets_are_looked_for_in_one_reading(tmp_path):
    """What many items of one test set share is still looked for from another."""
    instruction = Writer(1).text(20)
    first = [item_texts(f"a{i}", f"{instruction} {Writer(10 + i).text(9)}", []) for i in range(20)]
    second = [item_texts("b", instruction, []), item_texts("c", Writer(99).text(20), [])]
    path = jsonl(tmp_path / "train.jsonl", [{"text": instruction}])
    together = find_leakage(read_training(path), first, second)
    assert together == [searched(path, first), searched(path, second)]
    assert [set(each.leaked) for each in together] == [set(), {"b"}]


def test_training_data_without_a_text_is_no_clean_bill(tmp_path):
    path = jsonl(tmp_path / "train.jsonl", [{"a": 1}, {"a": None}])
    with pytest.raises(DataError, match="no field of any row holds a text"):
        searched(path, [])


def test_csv_and_gzip_are_read_as_any_file(tmp_path, leakage):
    question = Writer(1).text(20)
    item = item_texts("q", question, [])
    table = tmp_path / "train.csv"
    chat = json.dumps([{"role": "user", "content": question}]).replace('"', '""')
    table.write_text(f'n,chat\n1,"{chat}"\n')
    result = searched(table, [item])
    assert found(result) == {"q": [("input", "exact", 2)]}
    zipped = tmp_path / "train.jsonl.gz"
    zipped.write_bytes(gzip.compress(json.dumps({"text": question}).encode()))
    assert set(searched(zipped, [item]).leaked) == {"q"}


@pytest.mark.heavy
def test_memory_does_not_grow_with_the_training_data(tmp_path):
    """Four times the rows hold no more at once."""
    author = Writer(1)
    items = [item_texts("q", Writer(2).text(20), [])]

    def peak(rows: list[str]) -> int:
        path = jsonl(tmp_path / "train.jsonl", [{"text": row} for row in rows])
        tracemalloc.start()
        searched(path, items)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    rows = [author.text(100) for _ in range(1600)]
    peak(rows[:400])  # what is loaded once isn't counted
    assert peak(rows) < 1.1 * peak(rows[:400])

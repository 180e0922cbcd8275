"""What a word is, by each rule, beside the packages and scripts that have it."""

import random
import re
import tracemalloc
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runners.metrics import Answer, scorer
from runners.metrics.porter import stem
from runners.metrics.rouge_l import common
from tests.runners.metrics.pairs import CHINESE, JAPANESE, NASTY, random_pairs
from tests.runners.metrics.rouge_score_reference import KINDS, rouge_score, values

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAIRS = (*random_pairs(200, seed=1), *NASTY)
# The greatest difference from a reference implementation that the document states.
GREATEST = 1e-15

UNSPACED = ("CJK ", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "BOPOMOFO")
UNSPACED += ("THAI ", "LAO ", "KHMER ", "MYANMAR ")
LETTERS = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl")


def f1(name: str, answer: str, reference: str, **options: Any) -> float | None:
    return scorer(name, **options)(Answer(answer), [reference]).value


# Lin 2004, section 3: S1 "police killed the gunman"; S2 shares 3 of 4 words, S3 all but one.
@pytest.mark.parametrize(
    ("name", "answer", "options", "expected"),
    [
        ("rouge_1", "police kill the gunman", {}, 3 / 4),
        ("rouge_1", "the gunman kill police", {}, 3 / 4),
        ("rouge_1", "police kill the gunman", {"stem": True}, 1),
        ("rouge_2", "police kill the gunman", {}, 1 / 3),
        ("rouge_2", "the gunman kill police", {}, 1 / 3),
        ("rouge_2", "police kills the gunmen", {"stem": True}, 2 / 3),
        ("rouge_2", "police", {}, 0),
        ("rouge_1", "police police", {}, 2 * 1 / (2 + 4)),
        ("rouge_l", "police kills the gunman", {"stem": True}, 1),
    ],
)
def test_rouge_counts_words_and_pairs_of_words(
    name: str, answer: str, options: dict[str, Any], expected: float
) -> None:
    assert f1(name, answer, "police killed the gunman", **options) == pytest.approx(expected)


def test_a_reference_with_nothing_to_compare_leaves_an_answer_unscored() -> None:
    for name, reference, reason in (
        ("rouge_1", "...", "the reference has no words"),
        ("rouge_2", "police", "the reference has no pairs of words"),
    ):
        score = scorer(name)(Answer("police"), [reference])
        assert (score.value, score.reason) == (None, reason)


def test_a_long_answer_takes_no_memory_that_its_reference_does_not() -> None:
    """By the bits of a long answer each of its distinct words would keep as many as it has."""
    answer = [f"w{i}" for i in range(20_000)]
    tracemalloc.start()
    try:
        shared = common(answer, ["w7", "w5", "w19999"])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert shared == 2
    assert most < 5_000_000


@pytest.mark.parametrize(
    ("word", "expected"),
    [  # Porter 1980, of each step some examples; then what nltk has changed
        *(("caresses", "caress"), ("ponies", "poni"), ("cats", "cat"), ("agreed", "agre")),
        *(("plastered", "plaster"), ("motoring", "motor"), ("conflated", "conflat")),
        *(("hopping", "hop"), ("falling", "fall"), ("filing", "file"), ("happy", "happi")),
        *(("relational", "relat"), ("conditional", "condit"), ("vietnamization", "vietnam")),
        *(("electrical", "electr"), ("hopefulness", "hope"), ("adoption", "adopt")),
        *(("probate", "probat"), ("controll", "control"), ("roll", "roll")),
        *(("enjoy", "enjoy"), ("died", "die"), ("dies", "die"), ("skies", "sky")),
        *(("geology", "geolog"), ("theology", "theolog"), ("radically", "radic"), ("was", "was")),
    ],
)
def test_words_are_stemmed_as_porter_and_nltk_have_it(word: str, expected: str) -> None:
    assert stem(word) == expected


@pytest.mark.parametrize(("answer", "reference", "expected"), CHINESE)
def test_token_f1_of_chinese_is_that_of_mlqa(answer: str, reference: str, expected: float) -> None:
    assert f1("token_f1", answer, reference, tokenize="unicode") == pytest.approx(expected)


@pytest.mark.parametrize(("answer", "reference", "expected"), JAPANESE)
def test_token_f1_of_japanese_counts_characters(
    answer: str, reference: str, expected: float
) -> None:
    assert f1("token_f1", answer, reference, tokenize="unicode") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("今天天气很好。", "今天天气好", 2 * 5 / (6 + 5)),
        ("コーヒー、お願い", "お願い", 2 * 3 / (7 + 3)),
        ("ABC １２", "abc 12", 1),  # full width
        ("cafe\u0301", "café", 1),
        ("हिन्दी भाषा", "हिन्दी", 2 * 1 / (2 + 1)),  # vowel signs are part of a word
        ("ไทย", "ไทย!", 1),
        ("ที่ไป", "ที่", 2 * 1 / (3 + 1)),  # a letter with its marks is a word
        ("한국어 좋아", "한국어", 2 * 1 / (2 + 1)),  # Korean has spaces
        ("co\u00adoperate", "cooperate", 1),  # a soft hyphen is no character of a word
        ("3.5", "35", 0),
        ("❤️ yes", "yes", 1),
    ],
)
def test_rouge_takes_words_of_any_script(answer: str, reference: str, expected: float) -> None:
    for name in ("rouge_1", "rouge_l"):
        assert f1(name, answer, reference, tokenize="unicode") == pytest.approx(expected)


def mean(name: str, pairs: Any, tokenize: str) -> float:
    scores = [f1(name, answer, reference, tokenize=tokenize) for answer, reference, _ in pairs]
    return sum(score or 0 for score in scores) / len(scores)


def test_without_the_rule_chinese_and_japanese_come_out_far_too_low() -> None:
    """The means of the document: before and after, over the pairs made up for it."""
    page = (DOCS / "reference" / "text-metrics.md").read_text(encoding="utf-8")
    for language, pairs in (("Chinese", CHINESE), ("Japanese", JAPANESE)):
        for name, usual in (("token_f1", "squad"), ("rouge_l", "letters")):
            means = (mean(name, pairs, rule) for rule in (usual, "unicode"))
            figures = " | ".join(f"{value:.2f}" for value in means)
            assert f"| {language} | `{name}` | {figures} |" in page


def test_options_that_are_the_default_are_no_part_of_a_metrics_identity() -> None:
    assert scorer("rouge_l", stem=False, tokenize="letters").metric.options == {}
    assert scorer("token_f1", tokenize="squad").metric.options == {}
    assert scorer("rouge_1", stem=True).metric.options == {"stem": True}


def unicode_by_names(text: str) -> list[str]:
    """The rule `unicode` of ROUGE by the names and categories of characters, one by one."""
    words: list[str] = []
    state = "between"  # or in a "run", or after a "character" that is a word
    for char in unicodedata.normalize("NFKC", text).lower():
        category = unicodedata.category(char)
        if category == "Cf":
            continue
        if unicodedata.name(char, "").startswith(UNSPACED) and category in LETTERS:
            words.append(char)
            state = "character"
        elif category[0] in {"between": "", "run": "LNM", "character": "M"}[state]:
            words[-1] += char
        elif category[0] in "LN":
            words.append(char)
            state = "run"
        else:
            state = "between"
    return words


def mlqa_words(text: str) -> list[str]:
    """MLQA's rule of Chinese (mlqa_evaluation_v1.py, normalize_answer and mixed_segmentation)."""
    plain = "".join(
        char
        for char in text.lower()
        if not unicodedata.category(char).startswith("P") and not re.match(r"[!-/:-@[-`{-~]", char)
    )
    return re.sub(r"([\u4e00-\u9fa5])", r" \1 ", plain).split()


def chinese_pairs(count: int, *, seed: int) -> list[tuple[str, str]]:
    rng = random.Random(seed)
    pieces = [
        *"今天天气很好我们去公园北京上海，。！？、：；“”《》（）",
        "GPT-4",
        "20",
        "3.5%",
        " ",
        "U.S.",
    ]
    texts = ["".join(rng.choices(pieces, k=rng.randint(1, 25))) for _ in range(count)]
    return [("".join(rng.sample(text, len(text)))[: rng.randint(0, 30)], text) for text in texts]


def by_words(words: Callable[[str], list[str]], answer: str, reference: str) -> float:
    given, wanted = words(answer), words(reference)
    if not given or not wanted:
        return float(given == wanted)
    shared = sum(min(given.count(word), wanted.count(word)) for word in set(given))
    return 2 * shared / (len(given) + len(wanted))


def test_token_f1_of_random_chinese_is_that_of_mlqas_rule() -> None:
    pairs = [*chinese_pairs(200, seed=3), *(pair[:2] for pair in CHINESE), *NASTY[:12]]
    for answer, reference in pairs:
        value = f1("token_f1", answer, reference, tokenize="unicode")
        assert value == pytest.approx(by_words(mlqa_words, answer, reference), abs=GREATEST)


@pytest.mark.heavy
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("stemmed", [False, True])
def test_rouge_is_that_of_rouge_score(name: str, stemmed: bool) -> None:
    """On 200 random and 20 nasty inputs; where the reference has nothing to compare the package has
    0, and here the answer is unscored."""
    theirs = values(name, stem=stemmed)
    unscored = 0
    for answer, reference in PAIRS:
        ours = f1(name, answer, reference, tokenize="rouge_score", stem=stemmed)
        unscored += ours is None
        assert (ours or 0) == pytest.approx(theirs(answer, reference), abs=GREATEST)
    assert 0 < unscored < 40


@pytest.mark.heavy
@pytest.mark.parametrize("name", KINDS)
def test_rouge_of_any_script_is_that_of_rouge_score_with_these_words(name: str) -> None:
    """With a tokenizer of its own, written another way."""
    theirs = values(name, stem=False, words=unicode_by_names)
    for answer, reference in [*PAIRS, *(pair[:2] for pair in (*CHINESE, *JAPANESE))]:
        ours = f1(name, answer, reference, tokenize="unicode")
        assert (ours or 0) == pytest.approx(theirs(answer, reference), abs=GREATEST)


@pytest.mark.heavy
def test_stems_are_those_of_nltk() -> None:
    """Each word of the documents, and 60,000 made of random letters and the endings that count."""
    rouge_score()
    from nltk.stem.porter import PorterStemmer

    texts = " ".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md")))
    words = set(re.findall(r"[a-z0-9]{4,}", texts.lower()))
    rng = random.Random(1)
    endings = (
        "s es ies sses ed ing eed ied y e ll logi alli bli ational tional enci anci izer entli"
    )
    endings += (
        " eli ousli ization ation ator alism iveness fulness ousness aliti iviti biliti fulli"
    )
    endings += (
        " icate ative alize iciti ical ful ness al ance ence er ic able ible ant ement ment ent"
    )
    endings += " ion ou ism ate iti ous ive ize"
    for _ in range(60_000):
        letters = "".join(rng.choices("aeiouybcdlstzwx1", k=rng.randint(1, 6)))
        words.add(letters + "".join(rng.choices(endings.split(), k=rng.randint(1, 3))))
    words = {word for word in words if len(word) > 3}
    stemmer = PorterStemmer()
    assert [word for word in sorted(words) if stem(word) != stemmer.stem(word)] == []

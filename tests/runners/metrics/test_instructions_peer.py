"""Instructions beside lm-evaluation-harness's `ifeval`: each check, strict and loose."""

import importlib.util
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from runners.metrics import Answer
from runners.metrics.instruction_checks.languages import SEED
from runners.metrics.instruction_checks.table import FOLLOWED
from runners.metrics.instructions import Instructions

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.lm_eval,
    pytest.mark.skipif(
        importlib.util.find_spec("lm_eval") is None, reason="needs the extra `lm-eval`"
    ),
]
RANDOM = 200
LEVELS = ("prompt", "instruction")
NASTY = [
    "",
    " \n\t\n",
    "*",
    "***",
    "******",
    "\n\n\n\n",
    '"',
    '""',
    "[[]",
    "<<>>\n<<\n>>",
    "```json\n```json\n{}\n```\n```",
    '{"a": NaN}',
    "[" * 300 + "]" * 300,
    "- \n-- \n --- a\n*-\n* \n\\* b",
    "P.S. p.p.s P. S. P.P.S.",
    "ΟΔΟΣ İstanbul ﬁn STRASSE straße",
    "日本語のテキスト、読点。",
    "\u00a0\u2028\x0b red\x0cRED\x85rEd\u200b",
    "section1 Section  2 SECTION\n3 Section１",
    '"*"My answer is yes.\n\nred**\n"',
]
_PARTS = [
    *("red", "Red", "RED,", "bored", "the parcel was sent", "THE END", "'Tis", '"so"', "it's", "e"),
    *("Any other questions?", "My answer is maybe.", "Say it twice.", "P.S.", "p. p. s", "#", "!"),
    *("*a*", "**b**", "** **", "* item", "- item", "***", "******", "<<title>>", "[name]", "[]"),
    *("Section 1", "Section 2", "SECTION 3", "{}", "[1, 2]", "```json", "```", '"', "、", "Straße"),
    *(
        "der Bericht kam am Montag an",
        "el paquete llegó el lunes",
        "пакет пришёл",
        "小包は月曜日に",
    ),
]
_GAPS = [" ", " ", " ", "\n", "\n\n", "", ", ", ". ", "\n***\n", "\n******\n"]
_WRAPS = ["{}", "{}", "{}", '"{}"', "Sure:\n{}", "{}\nBye!", "**{}**", "```json\n{}\n```", " {} "]
_LANGUAGES = ("en", "de", "es", "ru", "ja")
_RELATIONS = ("less than", "at least")


def draw_text(draw: random.Random) -> str:
    text = draw.choice(_PARTS)
    for _ in range(draw.randrange(12)):
        text += draw.choice(_GAPS) + draw.choice(_PARTS)
    text = draw.choice([str.upper, str.lower, str, str, str])(text)
    return draw.choice(_WRAPS).replace("{}", text)


def draw_arguments(name: str, draw: random.Random, text: str) -> dict[str, Any]:
    """Arguments that are about as often followed as not."""
    words = ["red", "parcel", "e", "so|it", "b.red", "title", "bericht", "straße"]
    relation, count = draw.choice(_RELATIONS), draw.randint(1, 4)
    first = (text.split() or ["x"])[0].strip("\"',.?!")
    return {
        "keywords:existence": {"keywords": draw.sample(words, 2)},
        "keywords:frequency": {
            "keyword": draw.choice(words),
            "frequency": count,
            "relation": relation,
        },
        "keywords:forbidden_words": {"forbidden_words": draw.sample(words, 2)},
        "keywords:letter_frequency": {
            "letter": draw.choice("etASz"),
            "let_frequency": count * 2,
            "let_relation": relation,
        },
        "language:response_language": {"language": draw.choice(_LANGUAGES)},
        "length_constraints:number_paragraphs": {"num_paragraphs": draw.randint(1, 3)},
        "length_constraints:number_words": {"num_words": draw.randint(1, 30), "relation": relation},
        "length_constraints:nth_paragraph_first_word": {
            "num_paragraphs": (parts := draw.randint(1, 3)),
            "nth_paragraph": draw.randint(1, parts),
            "first_word": draw.choice([first or "x", "red", "the", "Any"]),
        },
        "detectable_content:number_placeholders": {"num_placeholders": draw.randint(1, 2)},
        "detectable_content:postscript": {
            "postscript_marker": draw.choice(["P.S.", "P.P.S", "P.P.S.", "Bye"])
        },
        "detectable_format:number_bullet_lists": {"num_bullets": draw.randint(1, 2)},
        "detectable_format:number_highlighted_sections": {"num_highlights": draw.randint(1, 3)},
        "detectable_format:multiple_sections": {
            "section_spliter": draw.choice(["Section", "SECTION", " Section "]),
            "num_sections": draw.randint(1, 2),
        },
        "combination:repeat_prompt": {
            "prompt_to_repeat": draw.choice([text[:8].strip() or "x", "Say it twice."])
        },
        "startend:end_checker": {"end_phrase": draw.choice([text[-6:].strip() or "x", "Bye!"])},
    }.get(name, {})


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """lm-eval's module. It fetches data of nltk as it is imported, unless a folder of that name is
    there; the checks compared here need none of it."""
    import langdetect
    import nltk

    folder = tmp_path_factory.mktemp("nltk")
    (folder / "tokenizers" / "punkt_tab").mkdir(parents=True)
    nltk.data.path.append(str(folder))
    seed, langdetect.DetectorFactory.seed = langdetect.DetectorFactory.seed, SEED
    from lm_eval.tasks.ifeval import utils

    yield utils
    langdetect.DetectorFactory.seed = seed
    nltk.data.path.remove(str(folder))


def theirs(peer: Any, ids: list[str], arguments: list[dict[str, Any]], text: str) -> list[float]:
    """Prompt strict, prompt loose, and the shares of instructions, strict and loose."""
    doc = {"key": 1, "prompt": "", "instruction_id_list": ids, "kwargs": arguments}
    found = peer.process_results(doc, [text])
    return [
        float(found["prompt_level_strict_acc"]),
        float(found["prompt_level_loose_acc"]),
        sum(found["inst_level_strict_acc"]) / len(ids),
        sum(found["inst_level_loose_acc"]) / len(ids),
    ]


def ours(
    ids: list[str], arguments: list[dict[str, Any]], text: str, levels: Sequence[str]
) -> list[float | None]:
    reference = {"instruction_id_list": ids, "kwargs": arguments}
    return [
        Instructions(level=level, reading=reading).score(Answer(text), reference).value
        for level in levels
        for reading in ("strict", "loose")
    ]


@pytest.mark.parametrize("name", FOLLOWED)
def test_each_check_is_lm_eval_s_on_random_and_nasty_texts(peer: Any, name: str) -> None:
    draw = random.Random(f"instructions {name}")
    texts = [draw_text(draw) for _ in range(RANDOM)] + NASTY
    followed = [0, 0]
    for text in texts:
        arguments = [draw_arguments(name, draw, text)]
        expected = theirs(peer, [name], arguments, text)
        assert ours([name], arguments, text, LEVELS[:1]) == expected[:2], (text, arguments)
        followed = [followed[0] + expected[0], followed[1] + expected[1]]
    assert 5 <= followed[0] <= followed[1], "the draws follow it now and then"
    assert followed[0] <= len(texts) - 5, "and break it now and then"


def test_items_of_several_checks_are_lm_eval_s(peer: Any) -> None:
    draw = random.Random("instructions together")
    greatest = 0.0
    for text in [draw_text(draw) for _ in range(RANDOM)] + NASTY:
        ids = draw.sample(list(FOLLOWED), draw.randint(2, 5))
        arguments = [draw_arguments(name, draw, text) for name in ids]
        pairs = zip(
            ours(ids, arguments, text, LEVELS), theirs(peer, ids, arguments, text), strict=True
        )
        greatest = max(greatest, *(abs((mine or 0.0) - other) for mine, other in pairs))
    assert greatest == 0, "as docs/reference/instructions.md says"

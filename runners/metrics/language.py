"""Detects a text's language by its letters and frequent words."""

import re
from collections.abc import Iterator

from runners.metrics.language_words import WORDS

READ = 2000
"""Characters of a text that are looked at."""
LETTERS = 12
"""Fewer of them tell no script."""
SCORE = 2.5
"""What the words of a language must weigh; one that two languages share weighs half."""
PART_SCORE = 4.0
"""The same of a paragraph, which may hold a name or a formula and little else."""
LEAD = 1.5
"""How many times as much as those of the next one."""
SHARE = 0.12
"""Of a text's words, those that must be among the language's frequent ones."""
PARAGRAPH = 80
"""Characters below which a paragraph isn't looked at by itself."""

_SCRIPTS = {
    "Latin": "a-zA-Z\u00c0-\u024f\u1e00-\u1eff",
    "Cyrillic": "\u0400-\u052f",
    "el": "\u0370-\u03ff\u1f00-\u1fff",
    "he": "\u0590-\u05ff",
    "Arabic": "\u0600-\u06ff\u0750-\u077f",
    "hi": "\u0900-\u097f",
    "bn": "\u0980-\u09ff",
    "ta": "\u0b80-\u0bff",
    "th": "\u0e00-\u0e7f",
    "ka": "\u10a0-\u10ff",
    "hy": "\u0530-\u058f",
    "ko": "\uac00-\ud7af\u1100-\u11ff",
    "kana": "\u3040-\u30ff",
    "han": "\u3400-\u4dbf\u4e00-\u9fff",
}
"""Letters by script; one that a single language of those looked at is written in has its name."""
_LETTERS = {name: re.compile(f"[{letters}]") for name, letters in _SCRIPTS.items()}
_BEYOND_LATIN = re.compile("[^\x00-\u024f\u1e00-\u1eff\u2000-\u206f]")
_PERSIAN = re.compile("[\u067e\u0686\u0698\u06af\u06cc\u06a9]")
_URDU = re.compile("[\u0679\u0688\u0691\u06ba\u06be\u06d2]")
_WORD = re.compile(r"[^\W\d_]+")
_NO_PROSE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]{1,500}`|https?://\S+|<[^<>\n]{1,200}>|[\w.+-]{1,64}@[\w.-]{1,200}",
    re.DOTALL,
)
_PARAGRAPHS = re.compile(r"\n\s*\n")


def language_of(text: str, least: float = SCORE) -> str | None:
    """The ISO 639-1 code of a text's language, or the name of its script; None: it isn't told.

    Code, addresses and tags don't count. Short texts and close relatives are told rarely, and
    wrongly more rarely still.
    """
    prose = _NO_PROSE.sub(" ", text[:READ])
    script = _script(prose)
    return _by_words(script, prose, least) if script in WORDS else script


def languages_of(text: str) -> Iterator[tuple[str, str]]:
    """The languages that are told of a whole text, and of each of its longer paragraphs, with how
    each begins."""
    parts = _PARAGRAPHS.split(text[:READ])
    for part in (text, *(parts if len(parts) > 1 else ())):
        language = language_of(part, SCORE if part is text else PART_SCORE)
        if language is not None and (part is text or len(part) >= PARAGRAPH):
            yield language, part.strip()[:40]


def _script(text: str) -> str | None:
    few = text.isascii() or len(_BEYOND_LATIN.findall(text)) * 20 < len(text)
    looked = ("Latin",) if few else _LETTERS
    counts = {name: len(_LETTERS[name].findall(text)) for name in looked}
    # Kana are Japanese, and so are the Chinese signs among them.
    if counts.get("kana", 0) * 10 > counts.get("han", 0):
        counts["ja"] = counts.pop("kana") + counts.pop("han")
    elif "han" in counts:
        counts["zh"] = counts.pop("han")
        del counts["kana"]
    # One of these signs holds about as much as three letters.
    weights = {name: count * (3 if name in ("ja", "zh") else 1) for name, count in counts.items()}
    script = max(weights, key=lambda name: weights[name])
    if weights[script] < LETTERS or weights[script] < 0.6 * sum(weights.values()):
        return None
    if script == "Arabic":
        if _URDU.search(text):
            return "ur"
        return "fa" if len(_PERSIAN.findall(text)) * 25 > counts["Arabic"] else "ar"
    return script


def _by_words(script: str, text: str, least: float) -> str | None:
    words = _WORD.findall(text.lower())
    words_by_language = WORDS[script]
    scores = dict.fromkeys(words_by_language, 0.0)
    hits: dict[str, list[str]] = {code: [] for code in words_by_language}
    for word in words:
        having = _HAVING[script].get(word, ())
        for code in having:
            scores[code] += 1 / len(having)
            hits[code].append(word)
    first, second = sorted(scores, key=lambda code: scores[code], reverse=True)[:2]
    clear = scores[first] >= least and scores[first] >= LEAD * scores[second]
    clear = clear and len(hits[first]) >= SHARE * len(words)
    return first if clear and len(set(hits[first])) > least else None


def _having(words_by_language: dict[str, frozenset[str]]) -> dict[str, tuple[str, ...]]:
    """By word, the languages that have it."""
    languages_by_word: dict[str, tuple[str, ...]] = {}
    for code, frequent in words_by_language.items():
        for word in frequent:
            languages_by_word[word] = (*languages_by_word.get(word, ()), code)
    return languages_by_word


_HAVING = {script: _having(words) for script, words in WORDS.items()}

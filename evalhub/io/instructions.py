"""Instructions that an answer can be checked for, as IFEval names them. Pure.

The names and their arguments are those of Zhou et al. 2023 (arXiv:2311.07911). IFEval's rows are
read in `evalhub.io.published_rows`; the checks themselves are in
`runners.metrics.instruction_checks`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from evalhub.io.rows import Row, wrong

IDS, ARGUMENTS, OWN = "instruction_id_list", "kwargs", "instructions"
"""Fields of IFEval's shape, and the one field of the shorter shape."""
LESS, AT_LEAST = "less than", "at least"
LONGEST_PATTERN = 1000
"""Characters of a keyword or a marker, which are regular expressions."""
# fmt: off
LANGUAGES = (
    "af", "ar", "bg", "bn", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr",
    "gu", "he", "hi", "hr", "hu", "id", "it", "ja", "kn", "ko", "lt", "lv", "mk", "ml", "mr", "ne",
    "nl", "no", "pa", "pl", "pt", "ro", "ru", "sk", "sl", "so", "sq", "sv", "sw", "ta", "te", "th",
    "tl", "tr", "uk", "ur", "vi", "zh-cn", "zh-tw",
)
# fmt: on
"""The codes that langdetect gives."""


class InstructionError(ValueError):
    """An instruction that can't be read. `path` is where, such as `kwargs[1].num_words`."""

    def __init__(self, message: str, path: str) -> None:
        self.message, self.path = message, path
        super().__init__(f"{path}: {message}")


@dataclass(frozen=True, slots=True)
class Instruction:
    """A check by its id, with its arguments."""

    id: str
    arguments: Mapping[str, Any]


def _count(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("a whole number, 0 or more")
    return value


def _position(value: Any) -> int:
    if not _is_count(value) or _count(value) < 1:
        raise ValueError("a whole number from 1 on")
    return _count(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text that isn't empty")
    return value


def _letter(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 1 or value.isspace():
        raise ValueError("one character")
    return value


def _relation(value: Any) -> str:
    if value not in (LESS, AT_LEAST):
        raise ValueError(f"'{LESS}' or '{AT_LEAST}'")
    return str(value)


def _language(value: Any) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"one of langdetect's codes: {', '.join(LANGUAGES)}")
    return str(value)


def _pattern_within(around: str, *, stripped: bool = True) -> Callable[[Any], str]:
    """What reads a regular expression that its check compiles within `around`, where {} stands."""

    def read(value: Any) -> str:
        try:
            if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_PATTERN:
                raise ValueError
            used = value.strip() if stripped else value
            for pattern in (used, used.lower()):  # a marker is compared in small letters
                re.compile(around.format(pattern))
        except (ValueError, re.error, RecursionError, OverflowError):
            raise ValueError(
                "a word or another regular expression of at most "
                rf"{LONGEST_PATTERN:,} characters (put \ before signs such as + and ?)"
            ) from None
        return value

    return read


_pattern, _section = _pattern_within("{}"), _pattern_within(r"\s?{}\s?\d+\s?")


def _patterns_within(around: str) -> Callable[[Any], list[str]]:
    """What reads a list of them."""
    read = _pattern_within(around, stripped=False)

    def read_all(value: Any) -> list[str]:
        if not isinstance(value, list) or not value:
            raise ValueError("a list of words")
        return [read(word) for word in value]

    return read_all


type _Reader = Callable[[Any], Any]
CHECKS: dict[str, dict[str, _Reader]] = {
    "keywords:existence": {"keywords": _patterns_within("{}")},
    "keywords:frequency": {"keyword": _pattern, "frequency": _count, "relation": _relation},
    "keywords:forbidden_words": {"forbidden_words": _patterns_within(r"\b{}\b")},
    "keywords:letter_frequency": {
        "letter": _letter,
        "let_frequency": _count,
        "let_relation": _relation,
    },
    "language:response_language": {"language": _language},
    "length_constraints:number_sentences": {"num_sentences": _count, "relation": _relation},
    "length_constraints:number_paragraphs": {"num_paragraphs": _count},
    "length_constraints:number_words": {"num_words": _count, "relation": _relation},
    "length_constraints:nth_paragraph_first_word": {
        "num_paragraphs": _count,
        "nth_paragraph": _position,
        "first_word": _text,
    },
    "detectable_content:number_placeholders": {"num_placeholders": _count},
    "detectable_content:postscript": {"postscript_marker": _pattern},
    "detectable_format:number_bullet_lists": {"num_bullets": _count},
    "detectable_format:constrained_response": {},
    "detectable_format:number_highlighted_sections": {"num_highlights": _count},
    "detectable_format:multiple_sections": {"section_spliter": _section, "num_sections": _count},
    "detectable_format:json_format": {},
    "detectable_format:title": {},
    "combination:two_responses": {},
    "combination:repeat_prompt": {"prompt_to_repeat": _text},
    "startend:end_checker": {"end_phrase": _text},
    "startend:quotation": {},
    "change_case:capital_word_frequency": {
        "capital_frequency": _count,
        "capital_relation": _relation,
    },
    "change_case:english_capital": {},
    "change_case:english_lowercase": {},
    "punctuation:no_comma": {},
}
"""By check its arguments, each with what reads it; all are needed."""


def is_instructions(value: Any) -> bool:
    """Whether a reference has the shape of instructions, right or wrong."""
    if not isinstance(value, dict):
        return False
    listed = value.get(OWN)
    return IDS in value or (
        isinstance(listed, list)
        and any(isinstance(one, dict) and ":" in str(one.get("id", "")) for one in listed)
    )


def parse_instructions(value: Any) -> list[Instruction]:
    """The instructions of a reference; an argument that is null counts as not there.

    Args:
        value: `{"instruction_id_list": [id, …], "kwargs": [{…}, …]}` as IFEval has it, or
            `{"instructions": [{"id": …, argument: …}, …]}`.

    Raises InstructionError, which names the field, and what would be right there.
    """
    if not isinstance(value, dict) or not ({IDS, OWN} & value.keys()):
        raise InstructionError(
            f"instructions are {{{IDS}, {ARGUMENTS}}} or {{{OWN}: [{{id, …}}]}}", OWN
        )
    if IDS in value:
        return _parse_ifeval(value[IDS], value.get(ARGUMENTS))
    listed = value[OWN]
    if not isinstance(listed, list) or not listed:
        raise InstructionError("a list of {id, …} with at least one was expected", OWN)
    instructions = []
    for index, one in enumerate(listed):
        at = f"{OWN}[{index}]"
        if not isinstance(one, dict):
            raise InstructionError("an instruction is {id, …}", at)
        arguments = {name: each for name, each in one.items() if name != "id"}
        instructions.append(_parse_one(one.get("id"), arguments, f"{at}.id", at))
    return instructions


def _parse_ifeval(ids: Any, arguments: Any) -> list[Instruction]:
    if not isinstance(ids, list) or not ids:
        raise InstructionError("a list of checks with at least one was expected", IDS)
    if not isinstance(arguments, list) or len(arguments) != len(ids):
        raise InstructionError(f"a list of {len(ids)} objects was expected, one a check", ARGUMENTS)
    return [
        _parse_one(name, each, f"{IDS}[{index}]", f"{ARGUMENTS}[{index}]")
        for index, (name, each) in enumerate(zip(ids, arguments, strict=True))
    ]


def _parse_one(name: Any, arguments: Any, name_at: str, at: str) -> Instruction:
    if not isinstance(name, str) or name not in CHECKS:
        close = get_close_matches(str(name), CHECKS, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise InstructionError(
            f"there is no check {name!r}{hint} (known: {', '.join(CHECKS)})", name_at
        )
    if not isinstance(arguments, dict):
        raise InstructionError(f"the arguments of {name} are an object", at)
    stated = {key: each for key, each in arguments.items() if each is not None}
    readers = CHECKS[name]
    known = ", ".join(readers) or "none"
    for key in stated:
        if key not in readers:
            raise InstructionError(f"{name} has no such argument (known: {known})", f"{at}.{key}")
    values = {}
    for key, read in readers.items():
        if key not in stated:
            raise InstructionError(f"missing; {name} needs {known}", f"{at}.{key}")
        try:
            values[key] = read(stated[key])
        except ValueError as flaw:
            raise InstructionError(
                f"{flaw} was expected, not {str(stated[key])[:60]!r}", f"{at}.{key}"
            ) from None
    return Instruction(name, values)


def check_instructions(row: Row, name: str, references: list[Any]) -> list[Any]:
    """The references of a field. Raises DataError for instructions that can't be read."""
    for index, reference in enumerate(references):
        if is_instructions(reference):
            check_instruction(
                row, reference, f"{name}[{index}]." if len(references) > 1 else f"{name}."
            )
    return references


def check_instruction(row: Row, reference: Any, before: str = "") -> None:
    """Raises DataError for a reference of instructions that can't be read.

    Args:
        before: what stands before the field's name in the error, such as `reference.`.
    """
    try:
        parse_instructions(reference)
    except InstructionError as flaw:
        raise wrong(row, before + flaw.path, flaw.message) from None

"""Checks of what an answer looks like: marks, lists, sections, JSON."""

import json
import re

_OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_POSTSCRIPTS = {"P.S.": r"p\.\s?s\.", "P.P.S": r"p\.\s?p\.\s?s"}
_FENCES = ("```json", "```Json", "```JSON", "```")


def has_placeholders(text: str, *, num_placeholders: int) -> bool:
    """Whether at least so many texts stand in square brackets, each on one line."""
    return len(re.findall(r"\[.*?\]", text)) >= num_placeholders


def has_postscript(text: str, *, postscript_marker: str) -> bool:
    """Whether the marker of a postscript occurs, in capitals or not."""
    marker = postscript_marker.strip()
    return re.search(_POSTSCRIPTS.get(marker, marker.lower()), text.lower()) is not None


def has_bullets(text: str, *, num_bullets: int) -> bool:
    """Whether exactly so many lines begin with * (and not **) or with -."""
    stars = re.findall(r"^\s*\*[^*].*$", text, re.MULTILINE)
    return len(stars) + len(re.findall(r"^\s*-.*$", text, re.MULTILINE)) == num_bullets


def has_option(text: str) -> bool:
    """Whether one of the three answers yes, no and maybe occurs."""
    return any(option in text for option in _OPTIONS)


def has_highlights(text: str, *, num_highlights: int) -> bool:
    """Whether at least so many texts stand between * and *, or ** and **, each on one line."""
    single = re.findall(r"\*[^\n*]*\*", text)
    double = re.findall(r"\*\*[^\n*]*\*\*", text)
    count = sum(bool(each.strip("*").strip()) for each in single)
    return count + sum(bool(each[2:-2].strip()) for each in double) >= num_highlights


def has_sections(text: str, *, section_spliter: str, num_sections: int) -> bool:
    """Whether at least so many numbers stand after the word for a section."""
    parts = re.split(rf"\s?{section_spliter.strip()}\s?\d+\s?", text)
    return len(parts) > num_sections


def is_json(text: str) -> bool:
    """Whether the text is JSON, in a fence or not. What Python's reader takes is taken, NaN too."""
    value = text.strip()
    for fence in _FENCES:
        value = value.removeprefix(fence)
    try:
        json.loads(value.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def has_title(text: str) -> bool:
    """Whether a text stands in << and >>, on one line."""
    titles = re.findall(r"<<[^\n]+>>", text)
    return any(title.lstrip("<").rstrip(">").strip() for title in titles)


def has_no_comma(text: str) -> bool:
    return "," not in text

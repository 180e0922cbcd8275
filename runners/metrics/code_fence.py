"""The code in an answer: its last fenced block of a language, or all of it."""

from collections.abc import Collection

_FENCES = ("```", "~~~")


def code_of(text: str, languages: Collection[str]) -> str:
    """The last fenced block that names one of the languages; without one, the last that names none;
    without any such block, the whole text as it stands.

    A block that isn't closed, as in an answer cut short, ends with the text. Words between
    backticks on one line open no block (CommonMark 0.31.2, section 4.5).
    """
    blocks: list[tuple[str, list[str]]] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        if fence:
            if bare.startswith(fence) and not bare.strip(fence[0]):
                fence = ""
            else:
                blocks[-1][1].append(line)
        elif bare.startswith(_FENCES) and not (bare[0] == "`" and "`" in bare.lstrip("`")):
            length = len(bare) - len(bare.lstrip(bare[0]))
            fence = bare[:length]
            blocks.append((bare[length:].strip().split(" ")[0].lower(), []))
    named = [lines for language, lines in blocks if language in languages]
    unnamed = [lines for language, lines in blocks if not language]
    chosen = named or unnamed
    return "".join(chosen[-1]) if chosen else text

"""The words as docs/reference/words.md has them. Pure."""

from collections.abc import Iterator

from evalhub.report.words import Word, WordChapter, chapters

HEAD = """\
# Words

What the words mean that Evalhub uses in a sense of its own. On a page of the site each is
underlined with dots: point at it, or come to it with the keyboard, and its sentence shows; follow
it, and you are here. Written by `python -m evalhub.report.words > docs/reference/words.md`.
"""


def as_markdown() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(line for each in chapters() for line in _chapter(each))])


def _chapter(chapter: WordChapter) -> Iterator[str]:
    yield f"## {chapter.chapter}\n"
    for word in chapter.words:
        yield from _word(word)


def _word(word: Word) -> Iterator[str]:
    yield f"### {word.name}\n"
    yield f"{word.says} [More]({word.more})\n"

"""Every word of ours in a sentence, from words.yaml beside this file: one source for what a page
shows where the word stands and for docs/reference/words.md."""

import re
from functools import cache
from importlib.resources import files

import yaml

from evalhub.declare.declaration import Declaration, validate


class Word(Declaration):
    """One word of ours.

    Attributes:
        says: one sentence.
        more: the document that says more, with the heading, as a link in docs/reference/words.md.
    """

    name: str
    says: str
    more: str

    @property
    def key(self) -> str:
        """Its heading in docs/reference/words.md: "noise-floor"."""
        return re.sub(r"\W+", "-", self.name.lower())


class WordChapter(Declaration):
    """Words that belong together."""

    chapter: str
    words: tuple[Word, ...]


@cache
def chapters() -> tuple[WordChapter, ...]:
    """The words in reading order, read once a process."""
    text = files("evalhub.report.words").joinpath("words.yaml").read_text(encoding="utf-8")
    return validate(tuple[WordChapter, ...], yaml.safe_load(text))


@cache
def terms() -> dict[str, Word]:
    """The words by their keys."""
    return {each.key: each for chapter in chapters() for each in chapter.words}

"""Every method in plain words, from methods.yaml beside this file: one source for a criterion's
page, the methods page, the report and docs/reference/methods.md."""

import re
from functools import cache
from importlib import resources

import yaml
from django.utils.safestring import mark_safe

from evalhub import documents
from evalhub.declare.declaration import Declaration, validate


class Method(Declaration):
    """What a page says of a method.

    Attributes:
        key: its address, /methods/KEY/.
        gloss: what it is for, beside its name in the index; "" where the name says it.
        pattern: a regular expression that finds this method in the name that a result gives;
            "" for what no result names.
        words: paragraphs of plain text.
        formula: lines of text; "" where there is nothing to compute.
        symbols: what the formula's letters stand for.
        source: who published it; "" for a convention of Evalhub's own.
    """

    key: str
    name: str
    gloss: str = ""
    pattern: str = ""
    words: tuple[str, ...]
    formula: str = ""
    symbols: str = ""
    source: str = ""

    @property
    def figure(self) -> str:
        """The method's figure as HTML, one of the documents' files; "" for rules in words, which
        compute nothing. `python -m tests.pictures.figures` draws it."""
        path = documents.files().get(f"reference/figures/{self.key}.html")
        return mark_safe(path.read_text(encoding="utf-8")) if path else ""

    def explains(self, name: str) -> bool:
        return bool(self.pattern and re.search(self.pattern, name))


class Chapter(Declaration):
    """Methods that belong together."""

    key: str
    title: str
    lead: str
    methods: tuple[Method, ...]


class VerdictRate(Declaration):
    """A row of docs/reference/verdict-rates.md: of 10,000 simulated studies the shares by verdict.

    `false` is the share of false ships, "" where the gain is true.
    """

    scores: str
    truth: str
    items: int
    guards: int
    ship: str
    hold: str
    more: str
    false: str


class CoverageRate(Declaration):
    """A row of docs/explanation/statistics.md: coverage of a nominal 95% interval, of 2,000
    draws."""

    items: str
    changes: str
    clusters: str
    correlation: str
    evalhub: str
    normal: str
    bootstrap: str


class Methods(Declaration):
    """All of them. `rates` and `coverages` stand in documents that benchmarks print."""

    chapters: tuple[Chapter, ...]
    rates: tuple[VerdictRate, ...]
    coverages: tuple[CoverageRate, ...]

    @property
    def all(self) -> list[Method]:
        return [each for chapter in self.chapters for each in chapter.methods]

    def chapter_of(self, key: str) -> Chapter | None:
        """The chapter of this key, or that holds the method of this key."""
        return next(
            (
                chapter
                for chapter in self.chapters
                if key in (chapter.key, *(each.key for each in chapter.methods))
            ),
            None,
        )

    def explaining(self, name: str) -> list[Method]:
        """Methods whose pattern matches the name of a method or test in a result, in reading
        order."""
        return [each for each in self.all if each.explains(name)]


@cache
def methods() -> Methods:
    """The methods, loaded once a process."""
    text = (
        resources.files("evalhub.report.methods")
        .joinpath("methods.yaml")
        .read_text(encoding="utf-8")
    )
    return validate(Methods, yaml.safe_load(text))

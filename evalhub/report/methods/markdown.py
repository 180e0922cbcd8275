"""The methods as Markdown, for docs/reference/methods.md. Pure."""

from collections.abc import Iterator
from textwrap import fill

from evalhub.report.methods import Chapter, Method, methods

WIDTH = 105

HEAD = """\
# Methods

The text of the site's methods page, chapter by chapter, written from the same file by
`python -m evalhub.report.methods > docs/reference/methods.md`.
[Statistics](../explanation/statistics.md) says which function computes what and how fast;
[how often the verdict is right](verdict-rates.md) is simulated.
"""


def as_markdown() -> str:
    """The whole page."""
    return "\n".join(
        [HEAD, *(line for chapter in methods().chapters for line in _chapter(chapter))]
    )


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"## {chapter.title}\n"
    yield _fill(chapter.lead)
    for method in chapter.methods:
        yield from _method(method)


def _method(method: Method) -> Iterator[str]:
    yield f"### {method.name}\n"
    for paragraph in method.words:
        yield _fill(paragraph)
    if method.formula:
        yield f"```text\n{method.formula}\n```\n"
    if method.symbols:
        yield _fill(method.symbols)
    if method.source:
        yield _fill(f"*{method.source}*")


def _fill(text: str) -> str:
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False) + "\n"

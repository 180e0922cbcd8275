"""Every method in plain words: one source for a criterion's page, the methods page, the report
and docs/methods.md."""

from evalhub.report.methods import deciding, paired, people, planning
from evalhub.report.methods.method import Chapter as Chapter
from evalhub.report.methods.method import Method as Method

CHAPTERS: tuple[Chapter, ...] = (
    deciding.VERDICT,
    paired.CHAPTER,
    *people.CHAPTERS,
    planning.PLANNING,
    planning.WATCHING,
    deciding.EVIDENCE,
)
METHODS: tuple[Method, ...] = tuple(each for chapter in CHAPTERS for each in chapter.methods)


def explained(named: str) -> list[Method]:
    """What explains the name of a method or test that a result gives, in reading order."""
    return [each for each in METHODS if each.explains(named)]


def method(key: str) -> Method:
    """The method of this key. Raises KeyError."""
    return {each.key: each for each in METHODS}[key]

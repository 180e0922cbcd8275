"""The counting of vague names counts right. What it counts of the product is a report, no limit."""

import ast

import pytest

from tests.architecture.vague_names import (
    Counts,
    begins_with_participle,
    by_package,
    count,
    report,
    vague_names,
)

SOURCE = """\
import json as words


class Shelf:
    books = 3

    def found_books(self, asked, *, limit):
        for each in asked:
            print(each)
        with open("shelf") as held:
            pass
        try:
            given = [each for each in held if (kept := each)]
        except OSError as said:
            pass
        titles = {
            each.title
            for each in held
        }
        match asked:
            case [first, *told]:
                return lambda there: there
        return titles


def send(_, rows):
    known, (made, total) = rows
"""


def test_each_binding_counts_once_and_each_on_one_line_is_allowed() -> None:
    names = sorted(name for name, _ in vague_names(ast.parse(SOURCE)))
    expected = "asked each each given held kept known made said there told words"
    assert names == expected.split()


def test_the_counts_of_a_source() -> None:
    # besides the twelve: books, limit, one `each`, titles, first, rows and total
    assert count(SOURCE) == Counts(names=19, vague=12, functions=2, participles=1)


@pytest.mark.parametrize("name", ["sent_rows", "_kept", "listed", "__unseen_items"])
def test_begins_with_a_participle(name: str) -> None:
    assert begins_with_participle(name)


@pytest.mark.parametrize("name", ["send_rows", "need", "_seed_of", "rows_sent", "red", "read"])
def test_begins_with_a_verb_or_a_noun(name: str) -> None:
    assert not begins_with_participle(name)


@pytest.mark.heavy
def test_the_report_has_every_package() -> None:
    counts = by_package()
    assert len(report().splitlines()) == len(counts) + 2
    assert {"evalhub", "evalhub/stats", "evalhub/io", "reviews", "runners"} <= set(counts)
    assert all(package.names >= package.vague for package in counts.values())

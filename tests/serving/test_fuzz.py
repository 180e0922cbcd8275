"""A few of the odd requests and files that `python -m tests.benchmarks.fuzz` makes by thousands."""

from pathlib import Path

from hypothesis import given, settings

from tests.benchmarks.fuzz import EXACT, OddFile, OddRequest, OddSite, odd_files, read_odd_file
from tests.cast import Team


def test_no_odd_request_is_an_error_of_the_site(team: Team) -> None:
    site, statuses = OddSite(team), set()

    @settings(EXACT, max_examples=40, derandomize=True)
    @given(asked=site.requests())
    def ask(asked: OddRequest) -> None:
        statuses.add(site.status(asked))
        assert statuses.isdisjoint({500, 502})

    ask()
    assert {200, 302, 400, 404} <= statuses, "all kinds of answers are among them"


def test_no_odd_file_is_an_error_of_its_reader(tmp_path: Path) -> None:
    found = set()

    @settings(EXACT, max_examples=100, derandomize=True)
    @given(file=odd_files())
    def read(file: OddFile) -> None:
        found.add(read_odd_file(file, tmp_path))

    read()
    assert found == {"read", "refused"}

"""What `tests.mutations.reaching` noted: the tests that reach a line, the nearest first."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from coverage import CoverageData

from tests.mutations import SECONDS
from tests.mutations.faults import Fault

MOST_TESTS, MOST_SECONDS = 60, 40.0
CASES = 3
"""A fourth case of the same test comes after all others."""


class Reached:
    def __init__(self, folder: Path) -> None:
        self.files: dict[str, list[tuple[CoverageData, str]]] = defaultdict(list)
        for path in sorted(folder.glob(".coverage.*")):
            data = CoverageData(str(path))
            data.read()
            for file in data.measured_files():
                self.files[str(Path(file).relative_to(_root(data)))].append((data, file))
        rows = map(json.loads, (folder / SECONDS).read_text().splitlines())
        self.seconds: dict[str, float] = dict(rows)
        self.of_module: dict[str, list[str]] = defaultdict(list)
        for test in self.seconds:
            self.of_module[test.partition("::")[0]].append(test)

    def lines(self, path: str) -> dict[int, set[str]]:
        """The tests, or modules of tests, that reach each line of a file."""
        tests: dict[int, set[str]] = defaultdict(set)
        for data, file in self.files[path]:
            for line, contexts in data.contexts_by_lineno(file).items():
                tests[line].update(filter(None, contexts))
        return {line: names for line, names in tests.items() if names}

    def tests(self, fault: Fault, lines: dict[int, set[str]]) -> list[str]:
        """Those to run: what a file does when it is imported concerns all that reach the file."""
        last = fault.line + fault.before.count("\n")
        near = range(fault.line, last + 1) if fault.in_function else [*lines]
        names = set().union(*(lines.get(line, set()) for line in near))
        return self.nearest(fault.path, {each for name in names for each in self._each(name)})

    def _each(self, name: str) -> list[str]:
        return [name] if name in self.seconds else self.of_module[name]

    def nearest(self, path: str, tests: Iterable[str]) -> list[str]:
        """Of modules whose names share most words with the file's, the quickest first."""
        words = _words(path)
        in_order = sorted(
            tests,
            key=lambda test: (
                -len(words & _words(test.partition("::")[0])),
                self.seconds[test],
                test,
            ),
        )
        cases: Counter[str] = Counter()
        first: list[str] = []
        rest: list[str] = []
        for test in in_order:
            function = test.partition("[")[0]
            cases[function] += 1
            (first if cases[function] <= CASES else rest).append(test)
        chosen: list[str] = []
        took = 0.0
        for test in (first + rest)[:MOST_TESTS]:
            if not chosen or took + self.seconds[test] <= MOST_SECONDS:
                chosen.append(test)
                took += self.seconds[test]
        return chosen


def _root(data: CoverageData) -> Path:
    """The checkout that was measured: the folder of `evalhub`."""
    one = next(file for file in data.measured_files() if "/evalhub/decision/" in file)
    return Path(one.partition("/evalhub/decision/")[0])


def _words(path: str) -> set[str]:
    return set(re.split(r"[/_.]", path)) - {"tests", "test", "py", "evalhub"}

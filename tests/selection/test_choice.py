"""The heavy tests that `.ci/run` chooses for a change."""

from dataclasses import replace

import pytest

from tests.selection.choice import CORE, choose
from tests.selection.record import Module, Record

SIMULATION = "tests/stats/test_coverage.py"
PAGES = "tests/e2e/test_pages.py"
HEAVY = [*CORE, SIMULATION, PAGES]
FILES = {
    "evalhub/stats/bounds.py": "1",
    "evalhub/site/templates/page.html": "2",
    "docs/index.md": "3",
    "pyproject.toml": "4",
    SIMULATION: "5",
    PAGES: "6",
}
RECORD = Record(
    FILES,
    {
        **{module: Module({"beside": 60.0}, frozenset({module})) for module in CORE},
        SIMULATION: Module({"beside": 240.0}, frozenset({SIMULATION, "evalhub/stats/bounds.py"})),
        PAGES: Module({"alone": 60.0}, frozenset({PAGES, "evalhub/site/templates/page.html"})),
    },
)


@pytest.mark.parametrize(
    ("changed", "chosen"),
    [
        ("evalhub/stats/bounds.py", [SIMULATION]),
        ("evalhub/site/templates/page.html", [PAGES]),
        (SIMULATION, [SIMULATION]),
        ("docs/index.md", []),
    ],
)
def test_a_changed_file_brings_the_modules_that_used_it(changed: str, chosen: list[str]) -> None:
    for files in (FILES | {changed: "other"}, {**FILES, changed: ""}):
        assert choose(RECORD, files, HEAVY, 24).chosen == [*CORE, *chosen]


def test_a_file_that_is_gone_counts_as_changed() -> None:
    files = {name: digest for name, digest in FILES.items() if not name.endswith(".html")}
    choice = choose(RECORD, files, HEAVY, 24)
    assert choice.chosen == [*CORE, PAGES]
    assert choice.why[PAGES] == "evalhub/site/templates/page.html"


@pytest.mark.parametrize(
    ("new", "everything"),
    [
        ("evalhub/site/templates/new.html", True),
        ("tests/e2e/helping.py", True),
        ("evalhub/schema.json", True),
        ("docs/new.md", False),
        ("tests/stats/test_new.py", False),
        ("tests/selection/choice.py", False),
    ],
)
def test_a_file_that_no_record_knows_brings_everything(new: str, everything: bool) -> None:
    choice = choose(RECORD, FILES | {new: "1"}, HEAVY, 24)
    assert (set(choice.chosen) == {*HEAVY}) is everything
    assert choice.why.get(PAGES) == (f"{new} isn't in the record" if everything else None)


@pytest.mark.parametrize("known", [{}, {SIMULATION: Module({"beside": 240.0}, frozenset())}])
def test_a_module_that_has_not_passed_is_chosen(known: dict[str, Module]) -> None:
    others = {module: RECORD.modules[module] for module in (*CORE, PAGES)}
    choice = choose(replace(RECORD, modules=others | known), FILES, HEAVY, 24)
    assert choice.chosen == [*CORE, SIMULATION]
    assert choice.why[SIMULATION] == "the record has no pass of it"


def test_what_there_is_no_time_for_is_listed_and_the_core_runs_all_the_same() -> None:
    everything = FILES | {"evalhub/new.py": "1"}
    choice = choose(RECORD, everything, HEAVY, 3.5)
    assert choice.chosen == [*CORE, PAGES]  # two at a time but for PAGES, which is alone
    assert choice.left_out == [SIMULATION]
    assert choice.minutes == len(CORE) * 0.5 + 1
    assert choose(RECORD, everything, HEAVY, 0).chosen == [*CORE]

"""The six nouns of navigation, the lists in each, and to which of them a page belongs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list of a section: a link of its sub-navigation."""

    label: str
    view: str


@dataclass(frozen=True, slots=True)
class Section:
    """A noun of navigation.

    Attributes:
        lists: its lists, the first of which the noun leads to.
        prefixes: with which the names of its pages' views begin.
    """

    label: str
    lists: Sequence[ListPage]
    prefixes: Sequence[str]

    @property
    def view(self) -> str:
        return self.lists[0].view


HOME = Section(
    "Home",
    [ListPage("Home", "home")],
    ["home"],
)
STUDIES = Section(
    "Studies",
    [ListPage("Studies", "site:studies"), ListPage("Runs", "site:runs")],
    [
        "site:stud",
        "site:new_comparison",
        "site:copy_study",
        "site:send_study",
        "site:strategy",
        "site:flips",
        "site:record",
        "site:criterion",
        "site:job",
        "site:run",
        "site:new_run",
        "site:metric_cases",
        "site:dispute_score",
        "site:score_audit",
    ],
)
REVIEWS = Section(
    "Reviews",
    [ListPage("Reviews", "site:campaigns")],
    [
        "site:campaign",
        "site:choose_study",
        "site:new_campaign",
        "site:upload_pairs",
    ],
)
PRODUCTION = Section(
    "Production",
    [ListPage("Production", "site:production")],
    [
        "site:production",
        "site:experiment",
        "site:new_experiment",
        "site:monitor",
        "site:new_monitor",
        "site:alarm",
    ],
)
DATA = Section(
    "Data",
    [
        ListPage("Test sets", "site:test_sets"),
        ListPage("Working sets", "site:working_sets"),
        ListPage("Examples", "site:example_queues"),
        ListPage("Training files", "site:training_files"),
        ListPage("Data reports", "site:data_reports"),
    ],
    [
        "site:test_set",
        "site:edit_test_set",
        "site:working_set",
        "site:new_working_set",
        "site:add_item",
        "site:add_rows",
        "site:change_item",
        "site:publish_set",
        "site:example",
        "site:new_example_queue",
        "site:add_example_file",
        "site:training_file",
        "site:data_report",
        "site:check_data",
    ],
)
MODELS = Section(
    "Models",
    [
        ListPage("Versions", "site:versions"),
        ListPage("Side by side", "site:versions_beside"),
        ListPage("Endpoints", "site:endpoints"),
    ],
    ["site:version", "site:new_version", "site:endpoint", "site:study_cost"],
)
HELP = Section(
    "Help",
    [ListPage("Documents", "site:help"), ListPage("Methods", "site:methods")],
    ["site:help", "site:document", "site:method"],
)
SECTIONS = (HOME, STUDIES, REVIEWS, PRODUCTION, DATA, MODELS)
"""What stands at the top, in this order; Help stands beside the person's menu."""


def section_of(view_name: str) -> Section | None:
    """The section of a page by its view's name, by the longest prefix; None outside of them all:
    the pages of one's account and of a project."""
    matches = [
        (len(prefix), section)
        for section in (*SECTIONS, HELP)
        for prefix in section.prefixes
        if view_name.startswith(prefix)
    ]
    return max(matches, key=lambda match: match[0])[1] if matches else None

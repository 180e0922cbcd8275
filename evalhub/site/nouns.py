"""The six nouns of navigation, the lists in each, and to which of them a page belongs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NounPage:
    """A list of a noun: a link of its sub-navigation."""

    label: str
    view: str


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun of navigation.

    Attributes:
        lists: its lists, the first of which the noun leads to.
        prefixes: with which the names of its pages' views begin.
    """

    label: str
    lists: Sequence[NounPage]
    prefixes: Sequence[str]

    @property
    def view(self) -> str:
        return self.lists[0].view


HOME = Noun(
    "Home",
    [NounPage("Home", "home")],
    ["home"],
)
STUDIES = Noun(
    "Studies",
    [NounPage("Studies", "site:studies"), NounPage("Runs", "site:runs")],
    [
        "site:stud",
        "site:new_comparison",
        "site:copy_study",
        "site:strategy",
        "site:record",
        "site:share_decision",
        "site:criterion",
        "site:job",
        "site:run",
        "site:new_run",
        "site:metric_cases",
        "site:dispute_score",
        "site:score_audit",
    ],
)
REVIEWS = Noun(
    "Reviews",
    [NounPage("Reviews", "site:campaigns")],
    [
        "site:campaign",
        "site:choose_study",
        "site:new_campaign",
        "site:upload_pairs",
    ],
)
PRODUCTION = Noun(
    "Production",
    [NounPage("Production", "site:production")],
    [
        "site:production",
        "site:experiment",
        "site:new_experiment",
        "site:monitor",
        "site:new_monitor",
        "site:alarm",
    ],
)
DATA = Noun(
    "Data",
    [
        NounPage("Test sets", "site:test_sets"),
        NounPage("Working sets", "site:working_sets"),
        NounPage("Examples", "site:example_queues"),
        NounPage("Training files", "site:training_files"),
        NounPage("Data reports", "site:data_reports"),
    ],
    [
        "site:test_set",
        "site:edit_test_set",
        "site:working_set",
        "site:new_working_set",
        "site:add_item",
        "site:add_rows",
        "site:add_to_test_set",
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
MODELS = Noun(
    "Models",
    [
        NounPage("Versions", "site:versions"),
        NounPage("Side by side", "site:versions_beside"),
        NounPage("Endpoints", "site:endpoints"),
        NounPage("Costs", "site:costs"),
        NounPage("Hand-over", "site:hand_over"),
    ],
    [
        "site:version",
        "site:new_version",
        "site:prompts_beside",
        "site:endpoint",
        "site:costs",
        "site:study_cost",
        "site:hand_over",
    ],
)
HELP = Noun(
    "Help",
    [NounPage("Documents", "site:help"), NounPage("Methods", "site:methods")],
    ["site:help", "site:document", "site:method"],
)
NOUNS = (HOME, STUDIES, REVIEWS, PRODUCTION, DATA, MODELS)
"""What stands at the top, in this order; Help stands beside the person's menu."""


def noun_of(view_name: str) -> Noun | None:
    """The noun of a page by its view's name, by the longest prefix; None outside of them all:
    the pages of one's account and of a project."""
    matches = [
        (len(prefix), noun)
        for noun in (*NOUNS, HELP)
        for prefix in noun.prefixes
        if view_name.startswith(prefix)
    ]
    return max(matches, key=lambda match: match[0])[1] if matches else None

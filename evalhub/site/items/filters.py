"""The item browser's query in an address. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from urllib.parse import urlencode

from evalhub.decision.outcomes import Outcome

LONGEST = 200
SORTS = {"worst": "Worst first", "best": "Best first", "id": "As in the test set"}
ERRORS = {"error": "An error in place of an answer", "unscored": "An answer without a score"}
JUDGE = {
    "metric": "With the metric",
    "people": "With people",
    "itself": "With itself, sides swapped",
}
VOTES = {
    "candidate": "People prefer the candidate’s",
    "baseline": "People prefer the baseline’s",
    "tie": "People prefer neither",
    "split": "People disagree",
}
OUTCOMES = {each.value: each.label.capitalize() for each in Outcome}


@dataclass(frozen=True, slots=True)
class ItemFilters:
    """Fields are empty where the address doesn't say. `against` is the arm beside which the chosen
    one is shown, where that isn't the baseline; it filters nothing, and neither does `arm`."""

    test_set: str = ""
    arm: str = ""
    against: str = ""
    outcome: str = ""
    tag: str = ""
    text: str = ""
    judge: str = ""
    votes: str = ""
    errors: str = ""
    sort: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "ItemFilters":
        values = {
            field.name: query.get(field.name, "").replace("\0", "").strip()[:LONGEST]
            for field in fields(cls)
        }
        return cls(**values)

    def but(self, **changes: str) -> "ItemFilters":
        return replace(self, **changes)

    def query(self, **more: object) -> str:
        """The address's query, from its "?" on; "" if it is empty."""
        query = {name: value for name, value in (asdict(self) | more).items() if value}
        return f"?{urlencode(query)}" if query else ""

    @property
    def filters(self) -> bool:
        """Whether it selects less than all items."""
        return any([self.outcome, self.tag, self.text, self.judge, self.votes, self.errors])

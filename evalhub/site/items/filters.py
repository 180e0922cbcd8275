"""The item browser's query in an address."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from evalhub.decision.outcomes import Outcome

LONGEST = 200
MOST_COLUMNS = 40
OF_PAIR = {"worst": "Worst first", "best": "Best first"}
OF_SCORES = {"low": "lowest scores first", "high": "highest scores first"}
OF_ANSWERS = {"slow": "slowest answers first", "long": "longest answers first"}
ORDERS = OF_PAIR | OF_SCORES | OF_ANSWERS | {"id": "As in the test set"}
VIEWS = {"": "Rendered", "raw": "Raw", "diff": "Differences"}
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
    """Fields are empty where the address doesn't say.

    `against` is the arm beside which the chosen one is shown, where that isn't the baseline. It
    filters nothing, and neither do `arm`, `metric` (the id of the one that tells outcomes and
    order), `view` and `columns`.
    """

    test_set: str = ""
    arm: str = ""
    against: str = ""
    outcome: str = ""
    tag: str = ""
    text: str = ""
    judge: str = ""
    votes: str = ""
    errors: str = ""
    metric: str = ""
    sort: str = ""
    view: str = ""
    columns: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: QueryDict) -> "ItemFilters":
        values = {
            field.name: _clean(query.get(field.name) or "")
            for field in fields(cls)
            if field.name != "columns"
        }
        values["view"] = values["view"] if values["view"] in VIEWS else ""
        columns = map(_clean, query.getlist("columns")[:MOST_COLUMNS])
        return cls(**values, columns=tuple(dict.fromkeys(filter(None, columns))))

    def but(self, **changes: Any) -> "ItemFilters":
        return replace(self, **changes)

    def query(self, **more: object) -> str:
        """The address's query, from its "?" on; "" if it is empty."""
        query = {name: value for name, value in (asdict(self) | more).items() if value}
        return f"?{urlencode(query, doseq=True)}" if query else ""

    @property
    def filters(self) -> bool:
        """Whether it selects less than all items."""
        return any([self.outcome, self.tag, self.text, self.judge, self.votes, self.errors])


def _clean(value: str) -> str:
    return value.replace("\0", "").strip()[:LONGEST]

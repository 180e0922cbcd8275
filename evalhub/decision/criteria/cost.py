"""What answers cost: money, or tokens where nobody has a price. Pure."""

from collections.abc import Mapping
from typing import Any, ClassVar

from evalhub.decision.criteria.budget import RatioBudget
from evalhub.declare.prices import Price


class Cost(RatioBudget):
    """The mean of what answers' tokens cost at their arm's price."""

    key: ClassVar = "cost"
    metric: ClassVar = "cost"
    field: ClassVar = "cost"
    resource: ClassVar = "cost"
    columns: ClassVar = ("prompt_tokens", "completion_tokens")
    priced: ClassVar = True

    def amount(self, answer: Mapping[str, Any], price: Price) -> float | None:
        prompt, completion = answer["prompt_tokens"], answer["completion_tokens"]
        if prompt is None or completion is None:
            return None
        return price.rates(prompt).cost(prompt=prompt, completion=completion)

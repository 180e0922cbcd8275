"""What plans and starts an experiment: the form that a browser sends, and REST's bodies."""

from evalhub.registry.models import ModelVersion
from tests.features.experiments.experiments_of import CHALLENGER, CHAMPION

PLAN_FORM = {
    "flag": "model",
    "primary": "errors",
    "planned_gain": "0.02",
    "min_gain": "0",
    "planned_users": "1000",
    "ramp": "1, 50",
    "ramp_hours": "24",
    "feedback_hours": "24",
    "alpha": "0.025",
    "harm_alpha": "0.025",
}
PLAN = {"primary": {"metric": "errors", "planned_gain": 0.01}, "planned_users": 1_000}
EXPERIMENT = {
    "name": "e-{n}",
    "challenger": "recorded@1",
    "challenger_name": CHALLENGER,
    "champion_name": CHAMPION,
    "plan": PLAN | {"planned_users": None},
    "reason": "It is shorter.",
}
"""Of a plan that leaves its users open: the project's traffic is read."""


def form_of(challenger: ModelVersion, **fields: str) -> dict[str, str]:
    """Filled in; fields that are stated replace these."""
    names = {"name": "Shorter answers", "champion_name": CHAMPION, "challenger_name": CHALLENGER}
    stated = names | {"challenger": str(challenger.pk), "reason": "It is shorter."}
    return PLAN_FORM | stated | fields

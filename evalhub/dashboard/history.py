"""How a model's versions came to their stages, as a version's page says it."""

from typing import Any

from evalhub.gate.models import StageMove
from evalhub.registry.models import ModelVersion

SHOWN = 30


def history_of(version: ModelVersion) -> dict[str, Any]:
    """The newest moves of the versions of its model, and whether there are `more`. One query."""
    found = list(StageMove.objects.of_model(version.model).newest_first()[: SHOWN + 1])
    return {"moves": found[:SHOWN], "more": len(found) > SHOWN}

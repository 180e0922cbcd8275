"""What the challenger of a live experiment must gain. Pure."""

from typing import ClassVar

from evalhub.decision.criteria.primary import PrimaryKind


class LivePrimaryKind(PrimaryKind):
    """A ratio of users' sums that must gain more than `min_gain`
    (`evalhub.declare.experiment.LivePrimary`), measured by `evalhub.decision.live_criteria`."""

    role: ClassVar = "live_primary"
    demanded: ClassVar[tuple[str, ...]] = ()
    by_metric: ClassVar = False
    by_item: ClassVar = False
    counts_users: ClassVar = True

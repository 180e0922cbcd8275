"""What the challenger of a live experiment must not lose. Pure."""

from typing import ClassVar

from evalhub.decision.criteria.guard import GuardKind


class LiveGuardKind(GuardKind):
    """A ratio of users' sums that must not lose `margin` or more
    (`evalhub.declare.experiment.LiveGuard`), measured by `evalhub.decision.live_criteria`."""

    role: ClassVar = "live_guard"
    demanded: ClassVar[tuple[str, ...]] = ()
    by_metric: ClassVar = False
    by_item: ClassVar = False
    counts_users: ClassVar = True
    spared_without_power: ClassVar = False

"""A flag: what is answered to whoever asks which model a user gets. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from evalhub.features.experiments.rule import RoutingRule, Variant
from evalhub.features.traffic.keeping import pseudonym


class FlagReason(StrEnum):
    """Why a flag has its value: OpenFeature's words, of which the protocol names these.

    Not DISABLED for what has ended: the provider for Go then takes the caller's own default, which
    after a promotion names the model that was champion before.
    """

    SPLIT = "SPLIT"
    """The user was drawn: into an arm, or, without a variant, into neither."""
    STATIC = "STATIC"
    """Nobody is drawn: the experiment has ended."""


@dataclass(frozen=True, slots=True)
class FlagResult:
    """What one user gets.

    Attributes:
        value: the name under which the model is served.
        variant: the user's arm; None: they aren't in the experiment.
    """

    value: str
    reason: FlagReason
    variant: Variant | None


@dataclass(frozen=True, slots=True)
class Flag:
    """The flag of an experiment, as its newest step says.

    Attributes:
        user_key: the key of the project's user hashes, which is traffic's salt.
        names: of each arm the name under which it is served.
        default: the served name of who is champion now: the challenger's after its promotion.
    """

    key: str
    project: int
    experiment: int
    epoch: int
    rule: RoutingRule
    user_key: str
    names: Mapping[Variant, str]
    default: str

    @property
    def is_on(self) -> bool:
        """Whether there is a user who is in an arm."""
        return self.rule.coverage > 0

    def result(self, user: str) -> FlagResult:
        """What the user gets whose id is sent as `user` of requests."""
        if not self.is_on:
            return FlagResult(self.default, FlagReason.STATIC, None)
        variant = self.rule.variant(pseudonym(user, self.user_key))
        value = self.default if variant is None else self.names[variant]
        return FlagResult(value, FlagReason.SPLIT, variant)
